"""The trust list changes by two persons alone, in editions that never reach back (R-700)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from storage.crypto.demo_pki import Identity
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.clock import process_now
from storage.kernel.errors import NotAllowed, Refused, RulesUnmet
from tests.bids_world import Founder, Person
from tests.pki.authorities import TestAuthority, found_authority
from tests.pki.program import crl
from trading.trust.commands import approve_change, propose_change, refuse_change, seed_list, take_back_change
from trading.trust.folder import TrustFolder
from trading.trust.queries import listed_at, sources
from trading.trust.reading import authorities_of
from trading.trust.requests import AuthorityInput, Decide, ProposeChange
from trading.trust.tasks import tasks_of

SOON = timedelta(hours=1)


@dataclass
class Keepers:
    """Two administrators, a bidder, and the list as the operator's folder began it."""

    one: Person
    other: Person
    bidder: Person
    work: Callable[[], Work]
    sessions: Sessions
    now: datetime

    async def codes(self, at: datetime | None = None) -> set[str]:
        """Which CAs stand on the list then."""
        async with self.sessions() as session:
            return {each.code for each in await listed_at(session, at or process_now())}

    async def scopes(self) -> set[str]:
        """Where words on revocation that count come from."""
        async with self.sessions() as session:
            return {each.scope for each in await sources(session)}

    async def tasks(self, who: Person) -> list[str]:
        """What the list waits for from this person."""
        async with self.sessions() as session:
            return [task.kind for task in await tasks_of(session, who.actor, self.now)]


@pytest.fixture
async def keepers(sessions: Sessions, work: Callable[[], Work], settings: Settings, tmp_path: Path) -> Keepers:
    founder = Founder(sessions, tmp_path / "ca", settings.trust_directory)
    people = [await founder.person(name, staff=("security_administrator",)) for name in ("管理员甲", "管理员乙")]
    bidder = await founder.person("江苏第一建设有限公司", "bidder")
    await seed_list(authorities_of(settings.trust_directory), work())
    assert not await seed_list(authorities_of(settings.trust_directory), work()), "a list begins once"
    return Keepers(*people, bidder, work, sessions, process_now())


@pytest.fixture
def authority(tmp_path: Path) -> TestAuthority:
    """A CA of SM2: listed as any other (R-005)."""
    return found_authority(tmp_path / "cas" / "suzhou-ca", "sm2", process_now())


def change(authority: TestAuthority, effective_at: datetime | None = None, certificates: str = "",
           code: str = "suzhou-ca", days: int = 800) -> ProposeChange:
    """To enter that CA."""
    now = process_now()
    entry = AuthorityInput(code=code, name="苏州 CA", region="320500", valid_from=now - timedelta(days=1),
                           valid_to=now + timedelta(days=days), certificates=certificates or authority.chain_pem)
    return ProposeChange((entry,), "长三角互认", effective_at)


def numbers(refused: pytest.ExceptionInfo[RulesUnmet]) -> set[str]:
    return {each.number for each in refused.value.rules}


async def test_who_proposes_does_not_approve_and_another_makes_the_edition(keepers: Keepers,
                                                                           authority: TestAuthority) -> None:
    with pytest.raises(NotAllowed):
        await propose_change(change(authority), keepers.bidder.actor, keepers.work())
    made = await propose_change(change(authority), keepers.one.actor, keepers.work())
    assert "suzhou-ca" not in await keepers.codes(), "a proposal recognises nobody"
    assert await keepers.tasks(keepers.other) == ["decide_trust"], "it waits for another person"
    assert await keepers.tasks(keepers.one) == await keepers.tasks(keepers.bidder) == []
    with pytest.raises(RulesUnmet) as refused:
        await approve_change(made, Decide(), keepers.one.actor, keepers.work())
    assert numbers(refused) == {"R-700"}
    with pytest.raises(NotAllowed):
        await approve_change(made, Decide(), keepers.bidder.actor, keepers.work())
    assert await approve_change(made, Decide("已核对"), keepers.other.actor, keepers.work()) == 2
    assert "suzhou-ca" in await keepers.codes()
    with pytest.raises(Refused):
        await refuse_change(made, Decide("太晚了"), keepers.other.actor, keepers.work())


async def test_a_crl_that_lay_in_the_folder_before_its_ca_was_recognised_counts_from_then_on(
        keepers: Keepers, authority: TestAuthority, settings: Settings) -> None:
    folder = TrustFolder(settings.trust_directory)
    (settings.trust_directory / "suzhou.crl").write_bytes(crl(authority, "issuing", process_now()))
    await folder.absorb(keepers.work)
    assert "file:suzhou.crl" not in await keepers.scopes(), "nobody's word yet"
    made = await propose_change(change(authority), keepers.one.actor, keepers.work())
    await approve_change(made, Decide("已核对"), keepers.other.actor, keepers.work())
    await folder.absorb(keepers.work)
    assert "file:suzhou.crl" in await keepers.scopes()


async def test_an_edition_begins_on_its_day_and_never_reaches_back(keepers: Keepers, authority: TestAuthority) -> None:
    with pytest.raises(RulesUnmet) as refused:
        await propose_change(change(authority, keepers.now - SOON), keepers.one.actor, keepers.work())
    assert numbers(refused) == {"R-700/3"}
    begins = process_now() + SOON
    made = await propose_change(change(authority, begins), keepers.one.actor, keepers.work())
    await approve_change(made, Decide(), keepers.other.actor, keepers.work())
    assert "suzhou-ca" not in await keepers.codes()
    assert "suzhou-ca" not in await keepers.codes(begins - timedelta(microseconds=1))
    assert "suzhou-ca" in await keepers.codes(begins)


async def test_what_is_no_authority_or_stands_twice_is_not_listed(keepers: Keepers, authority: TestAuthority) -> None:
    enterprise: Identity = authority.issue("苏州某公司", begins=keepers.now - SOON)
    alone = authority.chain_pem.split("-----END CERTIFICATE-----")[1].strip() + "\n-----END CERTIFICATE-----\n"
    for certificates in (authority.chain_pem + enterprise.certificate.pem, alone):
        with pytest.raises(RulesUnmet) as refused:
            await propose_change(change(authority, certificates=certificates), keepers.one.actor, keepers.work())
        assert numbers(refused) == {"R-700/2"}
    with pytest.raises(RulesUnmet) as backwards:
        await propose_change(change(authority, days=-2), keepers.one.actor, keepers.work())
    assert numbers(backwards) == {"R-700/4"}
    made = await propose_change(change(authority), keepers.one.actor, keepers.work())
    await approve_change(made, Decide(), keepers.other.actor, keepers.work())
    with pytest.raises(RulesUnmet) as twice:
        await propose_change(change(authority, code="another-ca"), keepers.one.actor, keepers.work())
    assert numbers(twice) == {"R-700/5"}


async def test_a_proposal_is_refused_with_a_reason_or_taken_back_by_its_own(keepers: Keepers,
                                                                            authority: TestAuthority) -> None:
    made = await propose_change(change(authority), keepers.one.actor, keepers.work())
    with pytest.raises(NotAllowed):
        await take_back_change(made, Decide(), keepers.other.actor, keepers.work())
    await refuse_change(made, Decide("许可证已到期"), keepers.other.actor, keepers.work())
    again = await propose_change(change(authority), keepers.one.actor, keepers.work())
    await take_back_change(again, Decide(), keepers.one.actor, keepers.work())
    assert "suzhou-ca" not in await keepers.codes(process_now() + SOON)

"""An enterprise's states, names, terms and sessions, and the rules that judge a declaration."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage.kernel.actor import PUBLIC, Actor
from storage.kernel.errors import Invalid, NotAllowed, NotSignedIn, Refused
from trading.parties.model import (
    AGREEMENT_VERSION,
    VERSION_STEPS,
    Act,
    CertificateTerm,
    PartyData,
    PartyStatus,
    SessionPolicy,
    SessionTimes,
    VersionStatus,
    name_key,
    party_after,
    version_after,
    with_key_alone,
)
from trading.parties.permissions import may, permit
from trading.parties.rules import (
    Enrolment,
    certificate_bears_the_name,
    certificate_names_the_enterprise,
    data_is_complete,
    name_is_free,
    uscc_is_well_formed,
)

T = datetime(2026, 12, 1, 1, tzinfo=UTC)
DATA = PartyData(name="江苏苍梧建设有限公司", uscc="91320700MA1NY3XK72", region="320700", legal_representative="王",
                 address="连云港", contact="李", phone="0518", bank_name="工行", bank_account="1107")


def enrolment(uscc: str = DATA.uscc, certificate_usccs: tuple[str, ...] = (DATA.uscc,),
              certificate_names: tuple[str, ...] = (DATA.name,), roles: tuple[str, ...] = ("bidder",),
              taken: frozenset[str] = frozenset()) -> Enrolment:
    data = PartyData(**{field: getattr(DATA, field) for field in DATA.__dataclass_fields__} | {
        "uscc": uscc, "roles": roles})
    return Enrolment(data, AGREEMENT_VERSION, taken, certificate_names, certificate_usccs)


@pytest.mark.parametrize(("code", "holds"), [
    ("91320700MA1NY3XK72", True), ("91320700MA1NY3XK73", False), ("91320700ma1ny3xk72", False),
    ("91320700 MA1NY3XK72", False), ("91320700MA1NY3XI72", False), ("9132070MA1NY3XK72", False), ("", False)])
def test_r_804_a_credit_code_has_its_check_character(code: str, holds: bool) -> None:
    assert uscc_is_well_formed(enrolment(uscc=code)) is holds


@given(st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_r_804_one_wrong_character_is_always_noticed(place: int, other: str) -> None:
    code = DATA.uscc[:place] + other + DATA.uscc[place + 1:]
    assert uscc_is_well_formed(enrolment(uscc=code)) is (code == DATA.uscc)


def test_r_701_1_every_bound_certificate_carries_the_code() -> None:
    assert certificate_names_the_enterprise(enrolment())
    assert not certificate_names_the_enterprise(enrolment(certificate_usccs=()))
    assert not certificate_names_the_enterprise(enrolment(certificate_usccs=(DATA.uscc, "91320700MA1NY3XK73")))


def test_r_701_2_and_r_224_2_compare_names_in_one_form() -> None:
    assert certificate_bears_the_name(enrolment(certificate_names=("江苏 苍梧建设有限公司",)))
    assert not certificate_bears_the_name(enrolment(certificate_names=("苍梧建设有限公司",)))
    assert not name_is_free(enrolment(taken=frozenset({name_key("江苏苍梧建设有限公司 ")})))


@pytest.mark.parametrize("role", ["centre", "supervisor", "security_administrator", "auditor", "expert"])
def test_r_224_3_nobody_gives_itself_a_staff_role(role: str) -> None:
    assert data_is_complete(enrolment())
    assert not data_is_complete(enrolment(roles=(role,)))
    assert not data_is_complete(enrolment(roles=()))


@example("A\u00b4")
@given(st.text())
def test_the_form_of_a_name_does_not_change_when_taken_twice(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


def test_every_pair_of_state_and_act_that_is_no_row_is_refused() -> None:
    for status in VersionStatus:
        for act in (Act.EDIT, Act.DELETE, Act.DECLARE, Act.VERIFY, Act.REFUSE):
            if (status, act) not in VERSION_STEPS:
                with pytest.raises(Refused):
                    version_after(status, act)
    assert {act for status, act in VERSION_STEPS if status is VersionStatus.DECLARED} == {Act.VERIFY, Act.REFUSE}


@pytest.mark.parametrize(("status", "act"), [
    (PartyStatus.DRAFT, Act.STOP), (PartyStatus.STOPPED, Act.STOP), (PartyStatus.VERIFIED, Act.ALLOW)])
def test_only_the_verified_are_stopped_and_only_the_stopped_allowed(status: PartyStatus, act: Act) -> None:
    with pytest.raises(Refused):
        party_after(status, act)


def test_nobody_verifies_itself_and_what_is_not_granted_is_denied() -> None:
    own = uuid4()
    clerk = Actor(id=f"party:{own}", name="科室", roles=frozenset({"centre"}), party_id=own)
    bidder = Actor(id="party:x", name="投标人", roles=frozenset({"bidder"}), party_id=uuid4())
    assert may(clerk, Act.VERIFY, uuid4())
    assert not may(clerk, Act.VERIFY, own)
    for act in Act:
        assert not may(PUBLIC, act, own)
        assert not may(bidder, act, own)
    with pytest.raises(NotSignedIn):
        permit(PUBLIC, Act.READ, own)
    with pytest.raises(NotAllowed):
        permit(bidder, Act.READ, own)


@given(st.timedeltas(timedelta(0), timedelta(hours=13)), st.timedeltas(timedelta(0), timedelta(hours=13)))
def test_r_1013_a_session_lives_neither_idle_for_a_quarter_nor_beyond_twelve_hours(
        used: timedelta, asked: timedelta) -> None:
    alive = SessionTimes(T, T + used).is_alive(T + asked, SessionPolicy())
    assert alive is (asked < used + timedelta(minutes=15) and asked < timedelta(hours=12))


def test_r_704_a_certificate_warns_in_its_last_thirty_days_and_ends_with_its_last_instant() -> None:
    term = CertificateTerm(T, T + timedelta(days=100))
    assert not term.ends_soon(T + timedelta(days=70))
    assert term.ends_soon(T + timedelta(days=70, microseconds=1))
    assert term.admits(T + timedelta(days=100))
    assert not term.admits(T + timedelta(days=100, microseconds=1))
    assert not term.admits(T - timedelta(microseconds=1))


def test_hosts_custodians_and_administrators_need_a_key_unless_the_operator_says_otherwise() -> None:
    offices = {"centre", "custodian", "system_administrator", "security_administrator", "auditor"}
    assert with_key_alone("", is_demo=False) == offices
    assert with_key_alone("", is_demo=True) == frozenset()
    assert with_key_alone("none", is_demo=False) == frozenset()
    assert with_key_alone("bidder, custodian", is_demo=True) == {"bidder", "custodian"}
    for unknown in ("center", "centre,none"):
        with pytest.raises(Invalid) as error:
            with_key_alone(unknown, is_demo=False)
        assert error.value.facts["field"] == "second_factor_roles"

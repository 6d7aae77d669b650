"""How often one may ask: by operation, for an address and for an account, over all nodes (fault 37, R-1013).

Submitting, opening and whatever else a deadline hangs on has no limit here. Numbers are for an office of bidders behind
one address, times ``limit_factor`` of the settings. Who is over a limit is turned away from memory until its slot ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from frontend.server.dependencies import known_actor, parts_of
from frontend.server.typing import AnyConnection
from storage.database.engine import Sessions
from storage.kernel.actor import PUBLIC
from storage.limits.counting import Counted, Limit, count, too_many
from storage.limits.gate import Gate
from storage.limits.networks import network_of
from trading.parties.session_routes import address_of, token_of

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many a minute from one address, and for one account."""

    name: str
    per_address: int
    per_account: int

    def limits(self, address: str, account: str, factor: float) -> list[tuple[Limit, str]]:
        """What is to be counted for a request; an account counts once somebody is signed in."""
        found = [(Limit(f"{self.name}:address", int(self.per_address * factor), _MINUTE), address)]
        if account:
            found.append((Limit(f"{self.name}:account", int(self.per_account * factor), _MINUTE), account))
        return found


_SIGN_IN = Rate("sign-in", 600, 120)
_UPLOAD = Rate("upload", 1200, 240)
_RELAY = Rate("relay", 1200, 240)
_SEARCH = Rate("search", 600, 240)
_VERIFICATION = Rate("verification", 1200, 600)


def _rates(rate: Rate, operations: str) -> dict[str, Rate]:
    return dict.fromkeys(operations.split(), rate)


RATES: Mapping[str, Rate] = {
    **_rates(_SIGN_IN, "takeChallenge signIn signInRenewed signInAgain signInWithKey beginKey enrol bindCertificate "
                       "openKeyRelay claimKeyRelay askConfirmation findProgram confirmProgram refuseProgram"),
    **_rates(_UPLOAD, "startVersion openEnvelope attachFile applyForGuarantee proposeForfeiture "
                      "proposeGuaranteeClaim"),
    **_rates(_RELAY, "askKeyRelay answerKeyQuestion takeConfirmation"),
    **_rates(_SEARCH, "findNotices noticesFeed listOpenings openingsCalendar listParties listExperts"),
    **_rates(_VERIFICATION, "proveEntry proveGrowth listEntries listCheckpoints readReceipt readReceiptPdf "
                            "readLotBundle readTrustEvidence askRevocation readPublishedClient"),
}


async def within_limits(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Guard of every operation: counts those that are limited; raises ``TooMany``."""
    if not isinstance(handler, HTTPRouteHandler):
        return
    rate = RATES.get(str(handler.operation_id))
    parts = parts_of(connection.app.state)
    factor = parts.settings.limit_factor
    if rate is None or not factor:
        return
    actor = await known_actor(connection) if token_of(connection, parts.settings) else PUBLIC
    account = str(actor.party_id or "")
    for limit, subject in rate.limits(network_of(address_of(connection)), account, factor):
        await _pass(parts.gate, parts.sessions, limit, subject)


async def _pass(gate: Gate, sessions: Sessions, limit: Limit, subject: str) -> None:
    key = limit.key(subject)
    if left := gate.seconds_left(key):
        raise too_many(Counted(limit.most, left))
    async with sessions() as session:
        found = await count(session, limit, subject)
        await session.commit()
    if found.count > limit.most:
        gate.close(key, found.seconds_left)
        raise too_many(found)

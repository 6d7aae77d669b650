"""The table of permissions, role × act × relation × stage, from every room; and the door that asks it first.

An operation without a row is open to nobody. ``docs/permissions.md`` shows the table; a test tries every route with
every role at every stage against it (fault 33).
"""

from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from bidding.bids.permissions import PERMISSIONS as BIDS
from bidding.deposits.permissions import PERMISSIONS as DEPOSITS
from bidding.guarantees.permissions import PERMISSIONS as GUARANTEES
from bidding.opening.permissions import PERMISSIONS as OPENING
from evaluation.archives.permissions import PERMISSIONS as ARCHIVES
from evaluation.committees.permissions import PERMISSIONS as COMMITTEES
from evaluation.experts.permissions import PERMISSIONS as EXPERTS
from evaluation.reports.permissions import PERMISSIONS as REPORTS
from evaluation.scoring.permissions import PERMISSIONS as SCORING
from frontend.server.audit import AUDIT
from frontend.server.dependencies import known_actor
from frontend.server.typing import AnyConnection
from storage.kernel.errors import NotAllowed, NotSignedIn, ProofNeeded
from storage.kernel.permission import PUBLIC, asks_fresh_proof, door_opens, lacks_a_key, rows, table, takes_key
from trading.awards.permissions import PERMISSIONS as AWARDS
from trading.papers.permissions import PERMISSIONS as PAPERS
from trading.parties.permissions import PERMISSIONS as PARTIES
from trading.relays.permissions import PERMISSIONS as RELAYS
from trading.tenders.permissions import PERMISSIONS as TENDERS
from trading.trust.permissions import PERMISSIONS as TRUST
from trading.witnesses.permissions import PERMISSIONS as WITNESSES

_SERVER = (
    *rows("public", "isAlive isReady readClock describePlatform askRevocation latestCheckpoint listCheckpoints "
                    "readCheckpoint proveGrowth listEntries proveEntry readPublishedClient"),
    *rows("party", "readTasks"),
)
PERMISSIONS = table(_SERVER, AUDIT, TRUST, PARTIES, RELAYS, PAPERS, TENDERS, BIDS, OPENING, AWARDS, DEPOSITS,
                    GUARANTEES, EXPERTS, COMMITTEES, SCORING, REPORTS, ARCHIVES, WITNESSES)


_PROOFS = {"key": "此项操作须再次证明身份", "certificate": "此项操作须再次用证书证明身份",
           "confirmation": "此项操作须再次证明身份：用证书签名，并在浏览器中用安全钥匙确认"}


async def at_the_door(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Guard of every operation of the interface: turns away by role, before the request is read.

    Pages and the feed are no operations; the feed judges for itself what it shows to whom.
    Raises ``NotSignedIn`` and ``NotAllowed``, both alike whatever stands behind the address, and ``ProofNeeded``.
    """
    if not isinstance(handler, HTTPRouteHandler) or not handler.resolve_include_in_schema():
        return
    operation = str(handler.operation_id)
    if any(PUBLIC in permission.roles for permission in PERMISSIONS.get(operation, ())):
        return
    actor = await known_actor(connection)
    opens, lacks_key = door_opens(PERMISSIONS, operation, actor), lacks_a_key(PERMISSIONS, operation, actor)
    by_key = takes_key(PERMISSIONS, operation)
    is_proven = actor.is_fresh if by_key else actor.has_signed
    if opens and not lacks_key and (is_proven or not asks_fresh_proof(PERMISSIONS, operation)):
        return
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if actor.lacks_key or lacks_key:  # no proof by the certificate alone would help
        raise NotAllowed("此项操作须使用安全钥匙：没有的请先在“我的主页”登记，登记过的请用它重新登录", act=operation,
                         reason="security-key")
    if opens:
        by = "confirmation" if actor.awaits_touch else "key" if by_key else "certificate"
        raise ProofNeeded(_PROOFS[by], act=operation, by=by)
    raise NotAllowed("您没有权限进行此操作", act=operation)

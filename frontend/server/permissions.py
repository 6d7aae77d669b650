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
from frontend.server.dependencies import known_actor
from frontend.server.typing import AnyConnection
from storage.kernel.errors import NotAllowed, NotSignedIn
from storage.kernel.permission import PUBLIC, door_opens, rows, table
from trading.awards.permissions import PERMISSIONS as AWARDS
from trading.papers.permissions import PERMISSIONS as PAPERS
from trading.parties.permissions import PERMISSIONS as PARTIES
from trading.tenders.permissions import PERMISSIONS as TENDERS
from trading.trust.permissions import PERMISSIONS as TRUST

_SERVER = (
    *rows("public", "isAlive isReady readClock describePlatform latestCheckpoint listCheckpoints proveGrowth "
                    "listEntries proveEntry"),
    *rows("party", "readTasks"),
)
PERMISSIONS = table(_SERVER, TRUST, PARTIES, PAPERS, TENDERS, BIDS, OPENING, AWARDS, DEPOSITS, GUARANTEES, EXPERTS,
                    COMMITTEES, SCORING, REPORTS, ARCHIVES)


async def at_the_door(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Guard of every operation of the interface: turns away by role, before the request is read.

    Pages and the feed are no operations; the feed judges for itself what it shows to whom.
    Raises ``NotSignedIn`` and ``NotAllowed``, both alike whatever stands behind the address.
    """
    if not isinstance(handler, HTTPRouteHandler) or not handler.resolve_include_in_schema():
        return
    operation = str(handler.operation_id)
    if any(PUBLIC in permission.roles for permission in PERMISSIONS.get(operation, ())):
        return
    actor = await known_actor(connection)
    if door_opens(PERMISSIONS, operation, actor):
        return
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    raise NotAllowed("您没有权限进行此操作", act=operation)

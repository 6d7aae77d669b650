"""The composition root: which rooms, timers, reactions and housekeeping a node runs. Read this to know it all."""

from litestar.types import ControllerRouterHandler

from bidding.bids.routes import ROUTES as BIDS
from bidding.deposits.routes import ROUTES as DEPOSITS
from bidding.guarantees.routes import ROUTES as GUARANTEES
from bidding.opening.routes import ROUTES as OPENING
from evaluation.archives.routes import ROUTES as ARCHIVES
from evaluation.committees.routes import ROUTES as COMMITTEES
from evaluation.experts.routes import ROUTES as EXPERTS
from evaluation.reports.routes import ROUTES as REPORTS
from evaluation.scoring.routes import ROUTES as SCORING
from frontend.server.audit import ROUTES as AUDIT
from frontend.server.feed import follow_lot
from frontend.server.health import describe_platform, is_alive, is_ready, read_clock
from frontend.server.ledger_routes import ROUTES as LEDGER
from frontend.server.publishing import read_published
from frontend.server.responder import ask_revocation
from frontend.server.tasks import read_tasks
from trading.awards.routes import ROUTES as AWARDS
from trading.papers.routes import ROUTES as PAPERS
from trading.parties.routes import ROUTES as PARTIES
from trading.relays.routes import ROUTES as RELAYS
from trading.tenders.routes import ROUTES as TENDERS
from trading.trust.routes import ROUTES as TRUST
from trading.witnesses.routes import ROUTES as WITNESSES

ROUTES: list[ControllerRouterHandler] = [
    is_alive, is_ready, read_clock, describe_platform, ask_revocation, follow_lot, read_tasks,
    read_published,
    *LEDGER, *AUDIT, *TRUST, *PARTIES, *RELAYS, *PAPERS, *TENDERS, *BIDS, *OPENING, *AWARDS, *DEPOSITS, *GUARANTEES,
    *EXPERTS, *COMMITTEES, *SCORING, *REPORTS, *ARCHIVES, *WITNESSES,
]

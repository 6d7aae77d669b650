"""All tables of the platform in one place, so that migrations can be compared with them."""

from bidding.bids import tables as bids
from bidding.deposits import tables as deposits
from bidding.guarantees import tables as guarantees
from bidding.opening import tables as opening
from evaluation.committees import tables as committees
from evaluation.experts import tables as experts
from evaluation.reports import tables as reports
from evaluation.scoring import tables as scoring
from storage.database.tables import Base
from storage.idempotency import tables as idempotency
from storage.ledger import tables as ledger
from storage.limits import tables as limits
from storage.reactions import tables as reactions
from storage.timers import tables as timers
from trading.awards import tables as awards
from trading.exchange import tables as exchange
from trading.papers import tables as papers
from trading.parties import tables as parties
from trading.relays import tables as relays
from trading.tenders import tables as tenders
from trading.trust import tables as trust
from trading.witnesses import tables as witnesses

ROOMS = (ledger, limits, idempotency, timers, reactions, trust, parties, papers, exchange, tenders, awards, bids,
         opening, deposits, guarantees, experts, committees, scoring, reports, relays, witnesses)
METADATA = Base.metadata

"""All tables of the platform in one place, so that migrations can be compared with them."""

from bidding.bids import tables as bids
from bidding.opening import tables as opening
from storage.database.tables import Base
from storage.idempotency import tables as idempotency
from storage.ledger import tables as ledger
from storage.timers import tables as timers
from trading.exchange import tables as exchange
from trading.parties import tables as parties
from trading.tenders import tables as tenders

ROOMS = (ledger, idempotency, timers, parties, exchange, tenders, bids, opening)
METADATA = Base.metadata

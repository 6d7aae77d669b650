"""Who may do what with deposits; what is not granted here is denied."""

from storage.kernel.permission import FRESH, rows
from trading.tenders.model import AFTER_OPENING, BEFORE_DEADLINE, BEFORE_PUBLICATION, RESULT_IS_KNOWN, Stage

_INSIDE = "tenderee:own agency:own centre supervisor"
_AFTER_THE_HOUR = frozenset({*AFTER_OPENING, *RESULT_IS_KNOWN, Stage.FAILED, Stage.TERMINATED})

# Who may do what with deposits, and at which stages (fault 33).
PERMISSIONS = (
    *rows("public", "hearBank"),
    *rows("bidder", "readOwnDeposit", frozenset(Stage) - BEFORE_PUBLICATION),
    *rows("bidder", "requestDepositAccount", BEFORE_DEADLINE),
    *rows("bidder:own", "askDepositRefund", frozenset(Stage) - BEFORE_PUBLICATION, FRESH),
    *rows(_INSIDE, "readLotDeposits"),
    *rows("tenderee:own", "proposeForfeiture", _AFTER_THE_HOUR, FRESH),
    *rows("centre", "decideForfeiture", _AFTER_THE_HOUR, FRESH),
    *rows(f"{_INSIDE} bidder:own", "readForfeitureEvidence", _AFTER_THE_HOUR),
    *rows("centre", "retryDepositRefund setDepositRate", proof=FRESH),
    *rows("centre supervisor", "readFinance"),
)

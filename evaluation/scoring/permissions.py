"""Who may do what at the desk of an evaluation; what is not granted here is denied."""

from storage.kernel.permission import FRESH, rows
from trading.tenders.model import RESULT_IS_KNOWN, Stage

_MEMBER, _LEADER = "expert:member representative:member", "expert:leader"
_AT_WORK = frozenset({Stage.EVALUATING})
_SEEN = _AT_WORK | {Stage.EVALUATED, Stage.PUBLICISED} | RESULT_IS_KNOWN

# Who may do what at the desk, and at which stages (fault 33).
PERMISSIONS = (
    *rows(f"{_MEMBER} supervisor tenderee:own agency:own centre", "readEvaluation", _SEEN),
    *rows(f"{_MEMBER} supervisor tenderee:own agency:own centre", "readRanking", _SEEN),
    *rows(f"{_MEMBER} supervisor", "readBidAtDesk readBidFileAtDesk readDocumentAtDesk", _AT_WORK),
    *rows("supervisor", "readDocumentAtDesk", _SEEN),
    *rows(_MEMBER, "saveReview explainAlert", _AT_WORK),
    *rows(_MEMBER, "submitReview voteCompetition commitScores revealScores", _AT_WORK, FRESH),
    *rows(_LEADER, "restartRound takePrices", _AT_WORK, FRESH),
)

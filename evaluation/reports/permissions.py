"""Who may do what with an evaluation report; what is not granted here is denied."""

from storage.kernel.permission import rows
from trading.tenders.model import RESULT_IS_KNOWN, Stage

_MEMBER, _LEADER = "expert:member representative:member", "expert:leader"
_AT_WORK = frozenset({Stage.EVALUATING})

# Who may do what with the evaluation's report, and at which stages (fault 33).
PERMISSIONS = (
    *rows(f"{_MEMBER} supervisor", "readEvaluationReport", frozenset({Stage.EVALUATED, *_AT_WORK})),
    *rows(_LEADER, "editEvaluationReport layOutReport", _AT_WORK),
    *rows(_MEMBER, "writeDissent", _AT_WORK),
    *rows("centre", "recordRefusal", _AT_WORK),
    *rows("tenderee:own agency:own centre supervisor", "readReleasedReport", RESULT_IS_KNOWN),
)

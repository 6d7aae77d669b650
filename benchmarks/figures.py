"""One figure of the table: what was measured, against what, with which goal; kept as JSON between runs."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE = Path(__file__).parent / "figures.json"


@dataclass(frozen=True)
class Figure:
    """``values`` holds one ratio (or figure in ``unit``) per run; ``context`` the absolute values beside it.

    ``sense`` is ">=", "<=" or "" where the job sets no goal; ``limit`` says what holds the figure back.
    """

    what: str
    reference: str
    values: list[float]
    sense: str = ""
    bound: float = 0.0
    unit: str = ""
    context: str = ""
    limit: str = ""
    load: str = ""
    date: str = field(default="")

    @property
    def median(self) -> float:
        """The middle run."""
        return statistics.median(self.values)

    @property
    def is_met(self) -> bool:
        """Whether the median reaches the goal; a figure without a goal does."""
        if not self.sense:
            return True
        return self.median >= self.bound if self.sense == ">=" else self.median <= self.bound


def keep(bench: str, figures: Sequence[Figure]) -> None:
    """Replaces what the file holds of one bench."""
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    known[bench] = [asdict(figure) for figure in figures]
    FILE.write_text(json.dumps(known, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def kept() -> dict[str, list[Figure]]:
    """The figures by bench."""
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return {bench: [Figure(**each) for each in figures] for bench, figures in known.items()}


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

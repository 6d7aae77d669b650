"""docs/benchmarks.md from the figures that are kept."""

from pathlib import Path

from benchmarks.figures import Figure, kept

PAGE = Path(__file__).parents[1] / "docs/benchmarks.md"
_HEAD = """# Benchmarks

Written by `make bench` (`python -m benchmarks`), which may be given names of benches to renew a part of the table.
Every figure is a ratio against a reference of the same run on the same machine: the median of the runs, with the
least and the greatest. All parts are real: PostgreSQL with fsync, SeaweedFS, nodes as processes, Chromium.
"""


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"


def _verdict(figure: Figure) -> str:
    if not figure.sense:
        return ""
    if figure.is_met:
        return "met"
    return f"missed by {_number(abs(figure.median - figure.bound))}{figure.unit}"


def _row(figure: Figure) -> str:
    goal = f"{'≥' if figure.sense == '>=' else '≤'} {figure.bound:g}{figure.unit}" if figure.sense else "–"
    spread = f"{_number(min(figure.values))}–{_number(max(figure.values))}"
    value = f"**{_number(figure.median)}{figure.unit}** ({spread}; {len(figure.values)})"
    cells = (figure.what, figure.reference, goal, value, _verdict(figure), figure.context, figure.load)
    return f"| {' | '.join(cells)} |"


def write() -> None:
    """Writes the page anew."""
    figures = [figure for group in kept().values() for figure in group]
    dates = sorted({figure.date for figure in figures})
    span = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    lines = [_HEAD, f"""Measured {span} on a virtual machine with two cores that other work shared; the last column is
its load average when the bench began. Ratios bear that better than absolute values do, which a quiet machine betters.
"""]
    lines += ["| what | reference | goal | figure (least–greatest; runs) | goal met | absolute | load |",
              "|---|---|---|---|---|---|---|"]
    lines += [_row(figure) for figure in figures]
    limits = dict.fromkeys(figure.limit for figure in figures if figure.limit)
    if limits:
        lines += ["", "## Limits", "", *(f"- {limit}" for limit in limits)]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")

"""``python -m benchmarks [NAME …] [--small]``: runs the benches and writes docs/benchmarks.md."""

import argparse
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    hall,
    opening,
    reading,
    rush,
    sealing,
    sealing_browser,
    secrecy,
    suites,
    transactions,
    verification,
)
from benchmarks.figures import keep
from benchmarks.platform import platform
from benchmarks.table import write

BENCHES = {
    "sealing": sealing.run, "browser": sealing_browser.run, "suites": suites.run, "transactions": transactions.run,
    "rush": rush.run, "opening": opening.run, "reading": reading.run, "hall": hall.run,
    "verification": verification.run, "secrecy": secrecy.run}


def main() -> None:
    """Runs what was asked for, or everything; a small run prints only."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("names", nargs="*", choices=[[], *BENCHES], metavar="NAME", help=", ".join(BENCHES))
    arguments.add_argument("--small", action="store_true", help="small sizes, and nothing is written")
    asked = arguments.parse_args()
    for name in asked.names or BENCHES:
        began, load = time.monotonic(), Path("/proc/loadavg").read_text().split()[0]
        with platform() as parts:
            found = BENCHES[name](parts, asked.small)
        today = datetime.now(UTC).date().isoformat()
        figures = [replace(figure, date=today, load=load) for figure in found]
        for figure in figures:
            print(f"{name}: {figure.what} / {figure.reference}: {figure.median:.3g}{figure.unit} "
                  f"({min(figure.values):.3g}–{max(figure.values):.3g}) {figure.context}", flush=True)
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
        if not asked.small:
            keep(name, figures)
    if not asked.small:
        write()


if __name__ == "__main__":
    main()

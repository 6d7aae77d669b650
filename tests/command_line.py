"""``yunkai bid`` as a bidder runs it: a process of its own, with or without a terminal before it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bids_world import Person
from tests.nodes import ROOT, NodeProcess

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class CommandLine:
    """Runs the command line in one folder against one node."""

    node: NodeProcess
    folder: Path

    def __call__(self, who: Person, *words: str, identity: int = 0) -> Done:
        """Without a terminal, as a script runs it."""
        return subprocess.run(self._command(words), cwd=self.folder, text=True, env=self._environment(who, identity),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)

    def at_terminal(self, who: Person, *words: str, types: str) -> Done:
        """With a terminal to type at; what it asks is on standard error."""
        inner, outer = os.openpty()
        try:
            os.write(inner, types.encode())
            return subprocess.run(self._command(words), cwd=self.folder, text=True, env=self._environment(who, 0),
                                  stdin=outer, capture_output=True, timeout=120, check=False)
        finally:
            os.close(inner)
            os.close(outer)

    def _command(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "frontend.cli", "bid", *words]

    def _environment(self, who: Person, identity: int) -> dict[str, str]:
        p12 = self.folder / f"{who.party.id}-{identity}.p12"
        p12.write_bytes(who.identities[identity].to_pkcs12("secret"))
        shown = {"YUNKAI_PLATFORM": self.node.address, "YUNKAI_P12": str(p12), "YUNKAI_P12_PASSWORD": "secret"}
        return {**os.environ, **shown, "PYTHONPATH": str(ROOT), "COLUMNS": "400"}

"""``yunkai token`` as its user runs it: a process of its own, whose screen is read and whose PIN is typed."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from tests.nodes import ROOT
from tests.waiting import PATIENCE


class TokenProgram:
    """The program with its screen in a file; types PINs."""

    def __init__(self, screen: Path, *words: str) -> None:
        self._screen = screen
        with screen.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "frontend.cli", "token", *words], cwd=ROOT, stdin=subprocess.PIPE,
                stdout=output, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONUNBUFFERED": "1"})
        self._read_to = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        assert self._process.stdin is not None
        self._process.stdin.close()

    def shows(self, pattern: str, seconds: float = PATIENCE) -> re.Match[str]:
        """Waits until the screen, after what was seen before, shows the pattern."""
        end = time.monotonic() + seconds
        while True:
            text = self._screen.read_text()
            found = re.compile(pattern).search(text, self._read_to)
            if found:
                self._read_to = found.end()
                return found
            assert self._process.poll() is None, f"the token ended and never showed {pattern}:\n{text}"
            if time.monotonic() > end:
                raise TimeoutError(f"the token never showed {pattern}:\n{text}")
            time.sleep(0.05)

    def types(self, line: str) -> None:
        """A line at the keyboard, once the program asks for one."""
        self.shows("PIN:")
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    @property
    def screen(self) -> str:
        """All it has shown."""
        return self._screen.read_text()

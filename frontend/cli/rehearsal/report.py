"""What a rehearsal proved: one row a stage, one table at the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table


class NotProved(Exception):
    """A stage broke off: what follows cannot be shown."""


@dataclass
class Stage:
    """One stage: how long, how many bytes, what was proved and what was not."""

    name: str
    seconds: float = 0.0
    bytes: int = 0
    proved: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def prove(self, holds: bool, words: str) -> None:
        """Keeps the words with their proof, or with its lack."""
        (self.proved if holds else self.failed).append(words)

    def need(self, holds: bool, words: str) -> None:
        """As ``prove``; raises ``NotProved`` where there is no going on without it."""
        self.prove(holds, words)
        if not holds:
            raise NotProved(words)


@dataclass
class Report:
    """All stages in order."""

    screen: Console
    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Times a stage; an error in it is its failure, and ends the rehearsal."""
        stage, began = Stage(name), time.monotonic()
        self.stages.append(stage)
        with self.screen.status(f"{name} …"):
            try:
                yield stage
            except Exception as error:
                if not isinstance(error, NotProved):
                    stage.failed.append(f"{type(error).__name__}: {error}")
                raise NotProved(name) from error
            finally:
                stage.seconds = time.monotonic() - began
        self.screen.print(f"[{'red' if stage.failed else 'green'}]{'✗' if stage.failed else '✓'}[/] {name}　"
                          f"{stage.seconds:.1f} s")

    @property
    def holds(self) -> bool:
        """Whether everything that was to be proved was."""
        return bool(self.stages) and not any(stage.failed for stage in self.stages)

    def table(self, title: str) -> Table:
        """The one table."""
        table = Table(title=title, show_lines=True, title_style="bold")
        table.add_column("环节 stage", no_wrap=True)
        table.add_column("用时 time", justify="right", no_wrap=True)
        table.add_column("数据 bytes", justify="right", no_wrap=True)
        table.add_column("证明了什么 what was proved", ratio=1, overflow="fold")
        for stage in self.stages:
            lines = [*(f"[green]✓[/] {words}" for words in stage.proved),
                     *(f"[red]✗ {words}[/]" for words in stage.failed)]
            table.add_row(stage.name, f"{stage.seconds:.1f} s", sized(stage.bytes), "\n".join(lines))
        return table

    def to_json(self) -> list[dict[str, Any]]:
        """The same for machines."""
        return [asdict(stage) for stage in self.stages]


def sized(count: int) -> str:
    """Bytes for people; empty for none."""
    if not count:
        return ""
    for unit, size in (("GB", 1000**3), ("MB", 1000**2), ("kB", 1000)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"

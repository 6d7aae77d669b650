"""What one person owes, and by when: a line of a task list."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Task:
    """``kind`` says what is to be done, ``title`` on what, ``link`` is the page's path; ``due_at`` None: no term."""

    kind: str
    title: str
    link: str
    due_at: datetime | None = None

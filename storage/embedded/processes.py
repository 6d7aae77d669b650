"""What /proc says of a process."""

from pathlib import Path


def is_alive(process_id: int) -> bool:
    """Whether any thread of the process runs; a zombie, which nobody reaped, does not."""
    process = Path(f"/proc/{process_id}")
    try:
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        # The first thread of a killed process is dead before the others, which still hold its ports.
        return state not in "ZX" or len([*(process / "task").iterdir()]) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False


def works_in(process_id: int, directory: Path) -> bool:
    """Whether the process runs with this folder as its working directory, as an embedded server does."""
    try:
        return is_alive(process_id) and Path(f"/proc/{process_id}/cwd").resolve(strict=True) == directory
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


def process_in(file: Path) -> int:
    """The process id that a file's first line names; 0 when it names none."""
    try:
        return int(file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return 0

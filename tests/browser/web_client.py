"""The web client as `make up` builds it: built when a source is newer than the last build."""

import fcntl
import shutil
import subprocess
from pathlib import Path

from tests.nodes import ROOT

WEB = ROOT / "frontend/web"
SOURCES = ("src", "public", "index.html", "package-lock.json", "vite.config.ts")


def _changed_at(path: Path) -> float:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return max((each.stat().st_mtime for each in files), default=0.0)


def is_stale() -> bool:
    """True when there is no build, or one older than a source."""
    index = WEB / "dist/index.html"
    return not index.is_file() or index.stat().st_mtime < max(_changed_at(WEB / name) for name in SOURCES)


def build_web_client() -> None:
    """Builds beside the old one and swaps them; runs of pytest that start together build once."""
    with (WEB / "node_modules/.building").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_stale():
            return
        made = WEB / "node_modules/.dist"
        shutil.rmtree(made, ignore_errors=True)
        built = subprocess.run([ROOT / ".ci/npm", "exec", "--", "vite", "build", "--outDir", made, "--emptyOutDir"],
                               cwd=WEB, capture_output=True, text=True, timeout=300)
        assert built.returncode == 0, built.stderr[-4000:]
        old = WEB / "node_modules/.dist-old"
        shutil.rmtree(old, ignore_errors=True)
        if (WEB / "dist").exists():
            (WEB / "dist").rename(old)
        made.rename(WEB / "dist")

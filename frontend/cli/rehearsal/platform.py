"""The platform that is rehearsed on: one of its own in a temporary folder, or one that runs already."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from frontend.cli.client import ApiClient
from frontend.cli.demo import prepare_demo
from frontend.cli.embedded import EmbeddedParts
from frontend.cli.identity import ClientIdentity
from frontend.cli.node import Node
from frontend.cli.rehearsal.partners import Partners
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
    partners: Partners | None = None

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
def own_platform(folder: Path, nodes: int, report: Report, *, has_partners: bool = False) -> Iterator[Platform]:
    """A whole platform over a fresh folder: PostgreSQL, S3 store, and so many nodes; all stop at the end.

    With ``has_partners`` bank, courier and issuer run beside it, programs that it reaches over HTTP alone.
    """
    with ExitStack() as running:
        with report.stage("启动 platform") as stage:
            partners = Partners(folder.with_name("partners")) if has_partners else None
            platform = _start(folder, nodes, running, partners)
            stage.prove(True, f"真实的 PostgreSQL、S3 存储与 {nodes} 个节点，全新的数据目录")
            if partners is not None:
                running.callback(partners.stop)
                partners.start(platform.servers[0], platform.about["certificates"][0], platform.pki())
                stage.prove(True, "银行、保函出具机构、快递各为独立程序，与平台之间只有双方签名的 HTTP 报文")
        yield platform


def _start(folder: Path, count: int, running: ExitStack, partners: Partners | None) -> Platform:
    ports = draw_ports(count)
    told = partners.settings if partners else {}
    parts = running.enter_context(EmbeddedParts(folder, ports[0], told))
    migrate(parts.settings.database_url)
    prepare_demo(parts.settings, parts.var / "demo")
    nodes = [Node(parts, port) for port in ports]
    for node in nodes:
        running.callback(node.stop)
    with ThreadPoolExecutor() as lanes:
        for started in [lanes.submit(node.start) for node in nodes]:
            started.result()
    return replace(known_platform(tuple(f"http://127.0.0.1:{port}" for port in ports), parts.var), partners=partners)

"""Bank, issuer and courier as programs of their own beside the platform: keys, ports, start and stop."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from frontend.cli.embedded import ROOT
from frontend.cli.environment import PREFIX
from frontend.cli.rehearsal.programs.serving import own_key, public_text
from storage.crypto.certificates import parse_certificate
from storage.crypto.demo_pki import DemoPki, demo_uscc
from storage.crypto.tls import trusted_authorities
from storage.embedded.ports import draw_ports
from storage.kernel.clock import process_now

ISSUER = "演练银行连云港分行保函中心"
_PASSWORD = "yunkai-rehearsal"  # of a file in a temporary folder that holds a key of a demo CA
_READY_SECONDS = 60.0
_STOP_SECONDS = 10.0
_PACE = "0.3"  # seconds from one stop of a parcel to the next


class Partners:
    """The three programs. Their keys and ports are there before they run, for the platform's settings name them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(mode=0o700, parents=True)
        self._ports = dict(zip(("bank", "courier", "issuer"), draw_ports(3), strict=True))
        self._keys = {name: public_text(own_key(self._key(name))) for name in self._ports}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._certificate = ""

    def _key(self, name: str) -> Path:
        return self._folder / f"{name}.key"

    def address(self, name: str) -> str:
        """Where one of them is reached."""
        return f"http://127.0.0.1:{self._ports[name]}"

    @property
    def settings(self) -> dict[str, str]:
        """What a node is told of bank and courier; issuers stand in a list that people keep."""
        return {f"{name}_{key}": value for name in ("bank", "courier")
                for key, value in (("url", f"{self.address(name)}/orders"), ("key", self._keys[name]))}

    @property
    def issuer_entry(self) -> dict[str, str]:
        """What the centre enters of the issuer."""
        return {"name": ISSUER, "uscc": demo_uscc(ISSUER), "kind": "bank",
                "address": f"{self.address('issuer')}/orders",
                "public_key": self._keys["issuer"], "box_certificate": self._certificate}

    def start(self, platform: str, root: str, pki: DemoPki) -> None:
        """All three, told the platform's address and root; returns when they answer."""
        (self._folder / "root.pem").write_text(root)
        signer = pki.issue(organisation=ISSUER, uscc=demo_uscc(ISSUER), kind="ec-p256", now=process_now())
        (self._folder / "signer.p12").write_bytes(signer.to_pkcs12(_PASSWORD))
        self._certificate = signer.certificate.pem
        fingerprint = parse_certificate(root).fingerprint
        more = {"bank": ("--root", fingerprint), "courier": ("--root", fingerprint, "--pace", _PACE),
                "issuer": ("--root", str(self._folder / "root.pem"), "--signer", str(self._folder / "signer.p12"),
                           "--password", _PASSWORD, "--name", ISSUER)}
        for name, words in more.items():
            self._launch(name, platform, words)
        for name in more:
            self._wait(name)

    def _launch(self, name: str, platform: str, more: tuple[str, ...]) -> None:
        command = [sys.executable, "-m", f"frontend.cli.rehearsal.programs.{name}", "--port", str(self._ports[name]),
                   "--platform", platform, "--key", str(self._key(name)),
                   "--state", str(self._folder / f"{name}.json"), *more]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                                   stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def _wait(self, name: str) -> None:
        until = time.monotonic() + _READY_SECONDS
        while time.monotonic() < until and self._running[name].poll() is None:
            try:
                if httpx.get(f"{self.address(name)}/healthz", timeout=5, trust_env=False,
                             verify=trusted_authorities()).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise RuntimeError(f"{name}: {(self._folder / f'{name}.log').read_text(errors='replace')[-2000:]}")

    def ask(self, name: str, path: str) -> Any:
        """What one of them says of its own books."""
        return httpx.get(f"{self.address(name)}{path}", timeout=10, trust_env=False,
                         verify=trusted_authorities()).raise_for_status().json()

    def tell(self, name: str, path: str, body: dict[str, Any]) -> Any:
        """What happens at one of them without the platform."""
        answer = httpx.post(f"{self.address(name)}{path}", json=body, timeout=10, trust_env=False,
                            verify=trusted_authorities())
        return answer.raise_for_status().json()

    def stop(self) -> None:
        """Ends all that were started."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

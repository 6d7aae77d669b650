"""The demo's identities: real files, real enrolments, once."""

import asyncio
from pathlib import Path

import pytest

from frontend.cli.client import ApiClient, ApiError
from frontend.cli.identity import ClientIdentity
from storage.crypto.demo_pki import open_demo_pki
from storage.crypto.errors import Malformed
from storage.database.engine import make_engine, make_sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.clock import process_now
from tests.nodes import NodeProcess
from trading.parties.model import AGREEMENT_VERSION
from trading.parties.seed import BODIES, PASSWORD, demo_data, seed_demo


def seed(settings: Settings, folder: Path) -> None:
    """As ``yunkai up`` does it."""
    async def run() -> None:
        engine = make_engine(settings)
        pki = open_demo_pki(settings.key_directory, settings.trust_directory, now=process_now())
        await seed_demo(lambda: Work(make_sessions(engine)), pki, folder, process_now())
        await engine.dispose()
    asyncio.run(run())


def test_every_demo_identity_signs_in_with_its_file_and_the_newcomer_enrols(node: NodeProcess, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    seed(node.settings, folder)
    (folder / "bidder-1.p12").unlink()
    seed(node.settings, folder)
    assert sorted(path.stem for path in folder.iterdir()) == sorted(body.file for body in BODIES)
    for body in BODIES:
        client = ApiClient(node.address, ClientIdentity.from_pkcs12(folder / f"{body.file}.p12", PASSWORD))
        if body.is_enrolled:
            assert client.login()["actor"]["roles"] == [body.role]
            assert client.get("/api/me")["party"]["demo"] is True
            continue
        with pytest.raises(ApiError) as error:
            client.login()
        assert error.value.facts["reason"] == "not-bound"
        data = demo_data(body)
        client.enrol({field: getattr(data, field) for field in data.__dataclass_fields__}, AGREEMENT_VERSION)
        assert client.post("/api/me/enrolment/declare")["actor"]["roles"] == ["bidder"]


def test_a_wrong_password_opens_no_identity(node: NodeProcess, tmp_path: Path) -> None:
    seed(node.settings, tmp_path)
    with pytest.raises(Malformed):
        ClientIdentity.from_pkcs12(tmp_path / "host.p12", "yunkai-Demo")

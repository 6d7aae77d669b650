"""A platform of its own for each browser test, with the demo identities enrolled."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import expect

from frontend.cli.demo import prepare_demo
from storage.crypto.demo_pki import open_demo_pki
from storage.database.settings import Settings
from storage.kernel.clock import process_now
from tests.browser.hall_stage import PATIENCE, Stage
from tests.browser.key_stage import Keys
from tests.browser.web_client import build_web_client
from tests.identities import People
from tests.nodes import NodeProcess
from tests.platform_parts import StartNode
from tests.ports import draw_ports

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def web_client() -> None:
    """The pages, built from the sources as they stand."""
    build_web_client()


@pytest.fixture
def stage(web_client: None, settings: Settings, node: NodeProcess, tmp_path: Path) -> Stage:
    """The node's address and the folder of its demo identities."""
    folder = tmp_path / "demo"
    # Playwright's own loop runs in this thread; the seed brings one of its own.
    with ThreadPoolExecutor(1) as aside:
        aside.submit(prepare_demo, settings, folder).result()
    return Stage(node.address, folder)


@pytest.fixture
def keys(web_client: None, start_node: StartNode, tmp_path: Path) -> Keys:
    """As ``stage``, with a platform that admits a USB key's program."""
    port = draw_ports(1)[0]
    node = start_node(key_agent=f"http://127.0.0.1:{port}")
    folder = tmp_path / "demo"
    with ThreadPoolExecutor(1) as aside:
        aside.submit(prepare_demo, node.settings, folder).result()
    pki = open_demo_pki(node.settings.key_directory, node.settings.trust_directory, now=process_now())
    return Keys(node.address, folder, agent_port=port, people=People(node.address, pki, folder))

"""A platform of its own for each browser test, with the demo identities enrolled."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import expect

from frontend.cli.demo import prepare_demo
from storage.database.settings import Settings
from tests.browser.hall_stage import Stage
from tests.browser.web_client import build_web_client
from tests.nodes import NodeProcess

# Milliseconds. A dozen browsers may share a machine of two cores; a page that never shows it still fails.
expect.set_options(timeout=30_000)


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

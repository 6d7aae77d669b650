"""Faults that only a browser can show begin as the other browser tests do."""

from tests.browser.conftest import stage, web_client

__all__ = ["stage", "web_client"]

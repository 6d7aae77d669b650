"""The store's address as browsers know it: one answer for presigned addresses and the content policy."""

from pathlib import Path
from typing import Any

import pytest

from frontend.server.origin import content_policy
from storage.database.settings import Settings
from storage.objects.store import ObjectStore

REQUIRED: dict[str, Any] = {
    "database_url": "postgresql+psycopg://", "s3_endpoint": "store:9000", "s3_access_key": "a", "s3_secret_key": "b",
    "key_directory": Path("keys"), "trust_directory": Path("trust")}


@pytest.mark.parametrize(("changed", "origin"), [
    ({}, "http://store:9000"),
    ({"s3_secure": True}, "https://store:9000"),
    ({"s3_public_endpoint": "127.0.0.1:8333"}, "http://127.0.0.1:8333"),
    ({"s3_public_endpoint": "https://store.example"}, "https://store.example"),
])
def test_pages_may_reach_the_very_store_that_addresses_name(changed: dict[str, Any], origin: str) -> None:
    settings = Settings(**REQUIRED, **changed)
    store = ObjectStore.from_settings(settings)
    assert store.public_origin == origin
    assert f"connect-src 'self' {origin};" in content_policy(settings)
    store.close()

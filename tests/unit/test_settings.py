"""The store's address as browsers know it: one answer for presigned addresses and the content policy."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from frontend.server.origin import content_policy
from storage.database.settings import SECRETS, Settings
from storage.objects.store import ObjectStore

REQUIRED: dict[str, Any] = {
    "database_url": "postgresql+psycopg://", "s3_endpoint": "store:9000", "s3_access_key": "a", "s3_secret_key": "b",
    "key_directory": Path("keys"), "trust_directory": Path("trust"), "plain_inside": True}


def test_nothing_for_demos_is_on_unless_it_is_asked_for() -> None:
    plain = Settings(**REQUIRED)
    assert (plain.demo, plain.private_addresses, plain.trusted_proxies, plain.key_agent) == (False, False, "", "")
    assert plain.limit_factor == 1.0


def test_a_mistake_in_a_setting_prints_no_password() -> None:
    for wrong in ({"tsa": "x"}, {"database_pool": "secret-7"}, {"demo": "secret-7"}):
        with pytest.raises(ValidationError) as refused:
            Settings(**{**REQUIRED, "database_url": "secret-7", "s3_secret_key": "secret-7"}, **wrong)
        assert "secret-7" not in str(refused.value)
    with pytest.raises(ValidationError) as missing:
        Settings(database_url="secret-7", s3_secret_key="secret-7")  # type: ignore[call-arg, arg-type]
    assert "secret-7" not in str(missing.value)


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


def test_pages_may_reach_a_key_program_on_their_own_computer_and_nowhere_else() -> None:
    assert "connect-src 'self' http://store:9000;" in content_policy(Settings(**REQUIRED))
    agent = Settings(**REQUIRED, key_agent="http://127.0.0.1:17700")
    assert "connect-src 'self' http://store:9000 http://127.0.0.1:17700;" in content_policy(agent)
    for elsewhere in ("http://10.0.0.7:17700", "http://127.0.0.1.evil.example:80", "http://127.0.0.1:1; script-src *",
                      "https://localhost", "file://127.0.0.1:80"):
        with pytest.raises(ValidationError):
            Settings(**REQUIRED, key_agent=elsewhere)


def test_programs_have_a_door_apart_from_the_pages_and_only_behind_a_proxy_that_is_named() -> None:
    pages, programs = "https://jy.example.cn", "https://jy.example.cn:8443"
    named = {**REQUIRED, "public_origin": pages, "trusted_proxies": "10.0.0.1"}
    assert Settings(**named, program_origin=programs).program_origin == programs
    assert Settings(**named).program_origin == ""
    for wrong in (pages, "http://jy.example.cn:8443", f"{programs}/", "https://JY.example.cn:8443", "jy.example.cn"):
        with pytest.raises(ValidationError):
            Settings(**named, program_origin=wrong)
    with pytest.raises(ValidationError):
        Settings(**{**named, "trusted_proxies": ""}, program_origin=programs)


def test_other_machines_are_spoken_to_by_tls_unless_the_network_is_ones_own() -> None:
    """Nothing falls back to plain text (ASVS 12.3): the driver of the database would by itself."""
    local = {**REQUIRED, "plain_inside": False, "s3_endpoint": "127.0.0.1:8333"}
    for address in ("postgresql+psycopg://a:b@127.0.0.1:5432/y", "postgresql+psycopg://a@/y?host=/run/postgresql",
                    "postgresql+psycopg://a:b@db.example/y?sslmode=verify-full"):
        assert Settings(**{**local, "database_url": address}).database_url == address
    for address in ("postgresql+psycopg://a:b@db.example/y", "postgresql+psycopg://a:b@127.evil.example/y",
                    "postgresql+psycopg://a:b@db.example/y?sslmode=require"):
        with pytest.raises(ValidationError, match="verify-full"):
            Settings(**{**local, "database_url": address})
    with pytest.raises(ValidationError, match="s3_secure"):
        Settings(**{**local, "s3_endpoint": "store.example:9000"})
    assert Settings(**{**local, "s3_endpoint": "store.example:9000"}, s3_secure=True).s3_secure


def test_passwords_may_come_from_files_that_a_vault_hands_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "yunkai_s3_secret_key").write_text("from-the-vault\n")
    monkeypatch.setenv(SECRETS, str(tmp_path))
    given = {name: value for name, value in REQUIRED.items() if name != "s3_secret_key"}
    assert Settings(**given).s3_secret_key.get_secret_value() == "from-the-vault"
    monkeypatch.setenv("YUNKAI_S3_SECRET_KEY", "from-the-environment")
    assert Settings(**given).s3_secret_key.get_secret_value() == "from-the-environment"

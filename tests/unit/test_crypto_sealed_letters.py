"""Small sealed letters open for their addressee at their place alone; calls of partners are whose they claim to be."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from storage.crypto.callbacks import check_callback, sign_callback
from storage.crypto.canonical import from_base64, to_base64
from storage.crypto.demo_pki import Identity, demo_uscc, open_demo_pki
from storage.crypto.errors import Malformed, SealBroken, SignatureRefused
from storage.crypto.sealed_box import open_box, seal_box
from storage.kernel.errors import Refused

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Identity]:
    root = tmp_path_factory.mktemp("pki")
    pki = open_demo_pki(root / "keys", root / "trust", now=NOW)
    return {kind: pki.issue(organisation=kind, uscc=demo_uscc(kind), kind=kind, now=NOW)  # type: ignore[arg-type]
            for kind in ("rsa", "ec-p256")}


@pytest.mark.parametrize("kind", ["rsa", "ec-p256"])
def test_a_letter_opens_for_its_holder_at_its_place_and_nowhere_else(people: dict[str, Identity], kind: str) -> None:
    holder = people[kind]
    box = seal_box("保函".encode(), holder.certificate, purpose="letter", subject="order-1")
    assert open_box(box, holder.key, purpose="letter", subject="order-1").decode() == "保函"
    stranger = next(each for name, each in people.items() if name != kind)
    for key, purpose, subject in ((stranger.key, "letter", "order-1"), (holder.key, "letter", "order-2"),
                                  (holder.key, "sheet", "order-1")):
        with pytest.raises(SealBroken):
            open_box(box, key, purpose=purpose, subject=subject)
    altered = bytearray(from_base64(str(box["ct"]), "ct"))
    altered[0] ^= 1
    with pytest.raises(SealBroken):
        open_box({**box, "ct": to_base64(bytes(altered))}, holder.key, purpose="letter", subject="order-1")
    with pytest.raises(Malformed):
        open_box({**box, "more": 1}, holder.key, purpose="letter", subject="order-1")


def test_a_call_counts_only_for_its_channel_its_body_and_its_minutes() -> None:
    key = Ed25519PrivateKey.generate()
    public = to_base64(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    header = sign_callback(key, "bank", NOW, b"body")
    check_callback(public, "bank", header, b"body", NOW + timedelta(minutes=4))
    for channel, said, body in (("courier", header, b"body"), ("bank", header, b"other"), ("bank", "", b"body"),
                                ("bank", header.replace("2026", "2027"), b"body")):
        with pytest.raises(SignatureRefused):
            check_callback(public, channel, said, body, NOW)
    with pytest.raises(Refused):
        check_callback(public, "bank", header, b"body", NOW + timedelta(minutes=6))

"""Known answers of sealed boxes and draws, shared with the browser's code (tests/sealing/boxes.test.ts)."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from bidding.opening.drawing import check_draw, draw
from storage.crypto.drawing import choose, commitment, mixed
from storage.crypto.errors import SealBroken
from storage.crypto.sealed_box import open_box
from storage.ledger.model import LedgerBroken

VECTORS = Path(__file__).parents[1] / "vectors"
KNOWN: dict[str, Any] = json.loads((VECTORS / "boxes.json").read_text())
KEYS: dict[str, Any] = json.loads((VECTORS / "ebid-1-full.json").read_text())["keys"]


def _key(name: str) -> Any:
    return serialization.load_der_private_key(b64decode(KEYS[name]["pkcs8"]), None)


@pytest.mark.parametrize("maker", ["boxes", "browser_boxes"])
@pytest.mark.parametrize("name", ["bidder_ec", "bidder_rsa"])
def test_a_box_opens_whoever_sealed_it_and_at_its_own_place_only(maker, name):
    box, place = KNOWN[maker][name], KNOWN["place"]
    assert open_box(box, _key(name), **place).decode() == KNOWN["plain"]
    with pytest.raises(SealBroken):
        open_box(box, _key(name), **place | {"subject": "BH-0000-0000-0000"})


def test_a_draw_comes_out_again():
    known = KNOWN["draw"]
    seed = bytes.fromhex(known["seed"])
    assert commitment(seed) == known["commitment"]
    assert mixed(seed, [bytes.fromhex(known["set_sha256"]), b"abc"]).hex() == known["mixed"]
    assert choose(bytes.fromhex(known["mixed"]), known["label"], range(known["items"]), known["items"]) == \
        known["chosen"]
    assert draw(seed, known["set_sha256"], known["sets"]) == known["drawn"]
    committed = {"commitment": known["commitment"], "sets": known["sets"]}
    assert check_draw(committed, known, known["set_sha256"]) == known["drawn"]
    with pytest.raises(LedgerBroken):
        check_draw(committed, known | {"drawn": known["drawn"] | {"k": "0"}}, known["set_sha256"])

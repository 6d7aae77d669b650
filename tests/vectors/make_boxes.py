"""Writes boxes.json: sealed boxes, draws and padded statements, checked by Python and TypeScript alike.

Run from the project's root: ``python -m tests.vectors.make_boxes``. The keys are those of ebid-1-full.json. Boxes carry
their own randomness: those in the file are kept, Python's own and those that the browser's code made.
"""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cryptography.hazmat.primitives import serialization

from bidding.bids.statement import statement_bytes
from bidding.opening.drawing import draw
from storage.crypto.certificates import Certificate
from storage.crypto.drawing import choose, commitment, mixed
from storage.crypto.sealed_box import seal_box

FOLDER = Path(__file__).parent
FILE = FOLDER / "boxes.json"
KEYS = json.loads((FOLDER / "ebid-1-full.json").read_text())["keys"]
PLACE = {"purpose": "guarantee-letter", "subject": "BH-7K3M-9QXA-2WED"}
PLAIN = '{"v":1,"data":{"bidder":"江苏海州建设有限公司"}}'
SEED, SET = bytes(range(32)), sha256(b"set").hexdigest()
SETS = {"k": ["95", "96", "97", "98", "99"], "lambda": ["0.35", "0.45", "0.50"]}
FIELDS = {"price": "8730000.00", "manager": "李工"}
ASKED = [{"key": key, "label": key, "kind": "text", "required": True} for key in FIELDS]
LETTER = {"data": {"v": 1, "amount": "200000.00"}, "pdf": "JVBERi0="}


def holder(name: str) -> Certificate:
    """What sealing asks of a certificate: its key, and a tag over the bare key."""
    spki = b64decode(KEYS[name]["spki"])
    return cast(Certificate, SimpleNamespace(public_key=serialization.load_der_public_key(spki),
                                             tag="sha256:" + sha256(spki).hexdigest()))


def main() -> None:
    """The file anew; boxes that are there stay."""
    old: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
    boxes = old.get("boxes") or {name: seal_box(PLAIN.encode(), holder(name), **PLACE)
                                 for name in ("bidder_ec", "bidder_rsa")}
    key = mixed(SEED, [bytes.fromhex(SET), b"abc"])
    FILE.write_text(json.dumps({
        "about": "boxes: made by Python; browser_boxes: made in a browser; each opens with the key of its name",
        "place": PLACE, "plain": PLAIN, "boxes": boxes, "browser_boxes": old.get("browser_boxes", {}),
        "draw": {"seed": SEED.hex(), "commitment": commitment(SEED), "set_sha256": SET, "sets": SETS,
                 "drawn": draw(SEED, SET, SETS), "mixed": key.hex(), "label": "专家",
                 "items": 100, "chosen": choose(key, "专家", range(100), 100)},
        "statements": [{"fields": FIELDS, "guarantee": letter, "size": size,
                        "sha256": sha256(statement_bytes(FIELDS, ASKED, guarantee=letter, size=size)).hexdigest()}
                       for letter in (None, LETTER) for size in (None, 4096)],
    }, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()

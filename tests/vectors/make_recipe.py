"""Writes recipe.json: known answers for the resealing recipe, checked by Python and TypeScript alike.

Run from the project's root: ``python -m tests.vectors.make_recipe``. Objects are cases of the other two files, whose
plaintext and IVs are known.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from storage.crypto.canonical import canonical_bytes, to_base64
from storage.crypto.context import Secrets
from storage.crypto.recipe import lock, unlock

HERE = Path(__file__).parent
FILE = HERE / "recipe.json"
ABOUT = {
    "cases": "an object of that file and name; body: SHA-256 of the plaintext of its envelope's body, under which the "
             "entry was locked with that salt and iv; statement: the plaintext that lies in the entry (base64), as of "
             "an opening statement, empty of a body; opens to the object's sb and sp, and nonces are its segments' IVs",
    "file": "the recipe's file over the entries of suite 1, by the digest of each header",
    "broken": "entries that must be refused with the first case's body and header",
    "refused_files": "no recipes",
}
SALT, IV = bytes(range(160, 176)), bytes(range(180, 192))
BODY, STATEMENT = "three segments and five", "statement, 3 of 3"


def plaintext(size: int) -> bytes:
    return bytes((31 * place + 7) % 251 for place in range(size))


def make_case(name: str, case: Any, body: bytes) -> dict[str, Any]:
    both = Secrets(bytes.fromhex(case["sb"]), bytes.fromhex(case["sp"]))
    statement = plaintext(case["size"]) if case["name"] == STATEMENT else b""
    stream = iter([SALT, IV])
    locked = lock(both, case["header_sha256"], body, statement, lambda n: next(stream))
    nonces = b"".join(bytes((12 * at + j) % 256 for j in range(12)) for at in range(len(case["parts"])))
    entry = {"of": case["ctx"]["envelope"], **locked, "nonces": to_base64(nonces)}
    assert unlock(entry, case["header_sha256"], body).statement == statement
    return {"file": name, "name": case["name"], "body": body.hex(), "salt": SALT.hex(), "iv": IV.hex(),
            "statement": to_base64(statement), "entry": entry}


def broken(own: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {"of another object": other, "another salt": own | {"salt": to_base64(SALT[::-1])},
            "more rounds": own | {"rounds": own["rounds"] + 1}, "few rounds": own | {"rounds": 599_999},
            "endless rounds": own | {"rounds": 10_000_001}, "rounds as text": own | {"rounds": "600000"},
            "another text": own | {"ct": to_base64(bytes(100))}, "no text": own | {"ct": ""},
            "half a nonce": own | {"nonces": to_base64(bytes(18))}, "salt as number": own | {"salt": 1}}


def main() -> None:
    cases = []
    for name in ("ebid-1-full.json", "sm.json"):
        found = {each["name"]: each for each in json.loads((HERE / name).read_text())["cases"]}
        body = sha256(plaintext(found[BODY]["size"])).digest()
        cases += [make_case(name, found[each], body) for each in (BODY, STATEMENT)]
    digests = {each["name"]: each["header_sha256"]
               for each in json.loads((HERE / "ebid-1-full.json").read_text())["cases"]}
    own = {digests[each["name"]]: each["entry"] for each in cases[:2]}
    text = json.dumps({"v": 1, "kind": "ebid-resealing-recipe", "objects": own})
    refused = ["", "{}", "[]", "null", text[:-1], text.replace("resealing-recipe", "key-backup"),
               canonical_bytes({"v": 1, "kind": "ebid-resealing-recipe", "objects": []}).decode(),
               canonical_bytes({"v": 1, "kind": "ebid-resealing-recipe", "objects": {"a": 1}}).decode()]
    FILE.write_text(json.dumps({
        "about": ABOUT, "cases": cases, "file": text, "refused_files": refused,
        "broken": broken(cases[0]["entry"], cases[1]["entry"])}, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()

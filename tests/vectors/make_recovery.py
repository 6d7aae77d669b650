"""Writes recovery.json: known answers for the printed recovery code, checked by Python and TypeScript alike.

Run from the project's root: ``python -m tests.vectors.make_recovery``. Headers are the first ones of the other two
files with the further field.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from storage.crypto.canonical import canonical_bytes, to_base64
from storage.crypto.header import read_header
from storage.crypto.recovery import PLACE, read_code, wrap_under
from storage.crypto.wraps import binding

HERE = Path(__file__).parent
FILE = HERE / "recovery.json"
ABOUT = {
    "code": "as printed; typed: each must be read as the same code; refused_codes: none of them is a code",
    "cases": "a header with recovery, in suites 1 and 2; the wrap was made with that salt and iv, and opens to sb",
    "refused_headers": "each text must be refused by the header reader",
    "broken": "well-formed wraps that the code does not open at the place of the first case",
}
CODE = "7DX4-0QCR-9V1M-E2HT-KBWZ-6FNP-3S87"
SALT, IV = bytes(range(120, 136)), bytes(range(140, 152))


def base(name: str) -> Any:
    return json.loads((HERE / name).read_text())["cases"][0]


def make_case(case: Any, code: str) -> dict[str, Any]:
    header, secret = read_header(case["header"].encode()), bytes.fromhex(case["sb"])
    stream = iter([SALT, IV])
    made = replace(header, recovery=wrap_under(code, secret, header.ctx.ch, lambda n: next(stream)))
    return {"ch": case["ch"], "sb": case["sb"], "salt": SALT.hex(), "iv": IV.hex(),
            "bind": binding("wrap", "bidder", PLACE, header.ctx.ch).hex(), "header": made.to_bytes().decode(),
            "header_sha256": made.sha256, "without": header.sha256}


def refused_headers(text: str) -> dict[str, str]:
    value = json.loads(text)

    def changed(recovery: Any) -> str:
        return canonical_bytes(value | {"recovery": recovery}).decode()

    def field(**fields: Any) -> str:
        return changed(value["recovery"] | fields)

    own = value["recovery"]
    return {
        "null": changed(None), "two of them": changed([own, own]), "further key": field(i=2),
        "other algorithm": field(alg="none"),
        "without salt": changed({name: each for name, each in own.items() if name != "salt"}),
        "few rounds": field(rounds=599_999), "endless rounds": field(rounds=10_000_001),
        "rounds as text": field(rounds="600000"), "rounds true": field(rounds=True),
        "short salt": field(salt=to_base64(SALT[:-1])), "long salt": field(salt=to_base64(SALT + b"0")),
        "short ciphertext": field(ct=to_base64(bytes(59))), "long ciphertext": field(ct=to_base64(bytes(61))),
        "base64 without padding": field(salt=own["salt"].rstrip("=")), "ciphertext as number": field(ct=1),
    }


def broken(text: str, other: str) -> dict[str, Any]:
    own = json.loads(text)["recovery"]
    return {"another lot": json.loads(other)["recovery"], "another salt": own | {"salt": to_base64(SALT[::-1])},
            "more rounds": own | {"rounds": own["rounds"] + 1}, "another text": own | {"ct": to_base64(bytes(60))}}


def main() -> None:
    first, second = make_case(base("ebid-1-full.json"), CODE), make_case(base("sm.json"), CODE)
    typed = [CODE, CODE.lower(), CODE.replace("-", ""), CODE.replace("-", " "),
             f"  {CODE.replace('0', 'O').replace('1', 'l')}\n", CODE.replace("1", "i").replace("-", "—"),
             "".join(chr(ord(each) + 0xFEE0) for each in CODE)]
    refused = ["", CODE[:-1], CODE + "0", CODE.replace("7DX4", "7DX5"), CODE.replace("7DX4", "7XD4"),
               CODE[:-1] + "D", CODE.replace("R", "U"), CODE.replace("7", "七"), "-".join(reversed(CODE.split("-")))]
    assert {read_code(each) for each in typed} == {CODE}
    FILE.write_text(json.dumps({
        "about": ABOUT, "code": CODE, "typed": typed, "refused_codes": refused, "cases": [first, second],
        "refused_headers": refused_headers(first["header"]), "broken": broken(first["header"], second["header"])},
        ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""Writes evaluation-1.json: a score sheet with its commitment, and a draw with its replay inputs, for other programs.

Run from the project's root: ``python -m tests.vectors.make_evaluation_1``; a second run changes nothing.
"""

import json
from pathlib import Path
from typing import Any

from evaluation.committees.draw import Draw, draw_key, pools_of
from evaluation.committees.model import Stratum, alias
from evaluation.scoring.sheets import PURPOSE, box_subject, commitment
from storage.crypto.canonical import canonical_bytes
from storage.crypto.drawing import commitment as seed_commitment

FILE = Path(__file__).parent / "evaluation-1.json"
LOT, MEMBER = "0198b5a0-0000-7000-8000-000000000001", "0198b5a0-0000-7000-8000-000000000002"
BIDS = ("0198b5a0-0000-7000-8000-00000000000b", "0198b5a0-0000-7000-8000-00000000000a")
CODE = "E3207000001000001001"


def sheet() -> dict[str, Any]:
    """A sheet whose keys do not come in the order of the canonical text."""
    scores = {bid: {"3": "8.00", "2.10": f"2{place}.50", "2": "0.00"} for place, bid in enumerate(BIDS)}
    text = canonical_bytes({"v": 1, "kind": PURPOSE, "lot": LOT, "round": 2, "member": MEMBER, "salt": "5a" * 32,
                            "scores": scores})
    return {"place": {"lot": LOT, "round": 2, "member": MEMBER}, "salt": "5a" * 32, "scores": scores,
            "text": text.decode(), "commitment": commitment(text), "subject": box_subject(LOT, 2, MEMBER)}


def draw() -> dict[str, Any]:
    """A draw of four experts of two regions with one representative, and two replacements after it."""
    seed, nonce, frozen = bytes(range(32)), bytes(range(32, 64)), "ab" * 32
    strata = (Stratum("320700", 2), Stratum("", 2))
    pools = pools_of(strata, [[f"{number:064x}" for number in range(1, 8)],
                              [f"{number:064x}" for number in range(5, 16)]])
    held = Draw(CODE, 1, draw_key(seed, frozen, nonce), pools)
    chosen = held.first()
    places = held.places(len(chosen) + 1)
    called = {each.candidate for each in chosen}
    replaced = []
    for number, gone in enumerate((0, 2)):
        skipped = held.next(chosen[gone].stratum, called) if number else None
        called |= {skipped.candidate} if skipped else set()
        following = held.next(chosen[gone].stratum, called)
        assert following is not None
        called.add(following.candidate)
        replaced.append({"gone": alias(places[gone]), "cause": "declined", "stratum": chosen[gone].stratum,
                         "candidate": following.candidate, "skipped": [skipped.candidate] if skipped else [],
                         "alias": alias(5 + number)})
    return {"request": {"commitment": seed_commitment(seed), "round": 1}, "replaced": replaced, "drawn": {
        "v": 1, "lot": CODE, "round": 1, "commitment": seed_commitment(seed), "seed": seed.hex(), "set_sha256": frozen,
        "nonce": nonce.hex(), "strata": [pool.to_json() for pool in pools],
        "chosen": [{"stratum": each.stratum, "candidate": each.candidate, "alias": alias(place)}
                   for each, place in zip(chosen, places, strict=False)],
        "representatives": [alias(places[-1])]}}


def made() -> str:
    """The file's text."""
    return json.dumps({"sheet": sheet(), "draw": draw()}, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(made())

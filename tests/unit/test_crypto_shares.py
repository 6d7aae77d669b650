"""Our shares and those of npm's shamir-secret-sharing restore each other's secrets."""

import json
import subprocess
from pathlib import Path

import pytest

from storage.crypto import shamir

WEB = Path(__file__).parents[2] / "frontend" / "web"
SECRET = bytes(range(32))
SCRIPT = """
import { split, combine } from 'shamir-secret-sharing';
const { secret, shares } = JSON.parse(process.argv[1]);
const bytes = hex => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = array => Buffer.from(array).toString('hex');
console.log(JSON.stringify({
  combined: hex(await combine(shares.map(bytes))), dealt: (await split(bytes(secret), 3, 2)).map(hex) }));
"""


@pytest.mark.parametrize("chosen", [(0, 1), (0, 2), (2, 1)])
def test_another_library_reads_our_shares_and_we_read_its(chosen):
    ours = shamir.split(SECRET, needed=2, shares=3)
    asked = json.dumps({"secret": SECRET.hex(), "shares": [ours[i].hex() for i in chosen]})
    done = subprocess.run(["node", "--input-type=module", "-e", SCRIPT, asked], cwd=WEB, capture_output=True,
                          text=True, timeout=60, check=True)
    answer = json.loads(done.stdout)
    assert answer["combined"] == SECRET.hex()
    theirs = [bytes.fromhex(item) for item in answer["dealt"]]
    assert shamir.combine([theirs[i] for i in chosen]) == SECRET

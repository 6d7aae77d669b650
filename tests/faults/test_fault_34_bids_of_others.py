"""Fault 34: an act on another's bid is answered as one on a bid that does not exist, byte for byte (R-122)."""

import json
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.bids_http import VALUES, paper, signed_in, work_of
from tests.bids_world import World
from tests.nodes import NodeProcess


@pytest.mark.cts("A-96")
def test_acts_on_anothers_bid_answer_as_for_a_bid_that_is_not(node: NodeProcess, world: World,
                                                              tmp_path: Path) -> None:
    work = work_of(node, world, world.bidders[0], tmp_path / "state")
    sent = work.send([paper(tmp_path)], VALUES)
    receipt = work.submit(sent.version)
    bid = json.loads(receipt["body"])["bid"]
    envelope = sent.objects["whole"].envelope
    other = signed_in(node, world.bidders[1])
    sealed = {"manifest": "{}", "signature": "AAAA"}
    acts = [("POST", "/api/bid-versions/{}/submit", sent.version, None),
            ("DELETE", "/api/bid-versions/{}", sent.version, None),
            ("POST", "/api/bid-versions/{}/trial", sent.version, {"result": "ok"}),
            ("POST", "/api/envelopes/{}/parts", envelope, {"parts": [{"number": 1, "sha256": "ab" * 32}]}),
            ("POST", "/api/envelopes/{}/complete", envelope, sealed),
            ("GET", "/api/envelopes/{}/sealed", envelope, None), ("GET", "/api/receipts/{}", receipt["number"], None),
            ("GET", "/api/receipts/{}/pdf", receipt["number"], None),
            ("POST", "/api/bids/{}/withdraw", bid, {"signature": "AAAA"})]
    headers = {"Authorization": f"Bearer {other.token}"}
    for method, path, true, body in acts:
        answers = [httpx.request(method, node.address + path.format(named), json=body, headers=headers, timeout=60)
                   for named in (true, str(uuid4()))]
        assert (answers[0].status_code, answers[0].content) == (answers[1].status_code, answers[1].content), path
        assert answers[0].status_code == 404, (path, answers[0].text)

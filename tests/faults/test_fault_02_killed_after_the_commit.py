"""Fault 02: kill -9 after the commit and before the answer: the retry with the same key gets the same receipt."""

from pathlib import Path

import pytest

from frontend.cli.client import Unreachable
from tests.bids_http import VALUES, paper, query, require_receipts_stand, work_of
from tests.bids_world import World
from tests.platform_parts import StartNode


def test_the_retry_gets_the_receipt_that_was_never_delivered(start_node: StartNode, world: World,
                                                             tmp_path: Path) -> None:
    doomed = start_node({"YUNKAI_FAULT_POINT": "submit-after-commit"})
    work = work_of(doomed, world, world.bidders[0], tmp_path / "state", patience=1.0)
    sent = work.send([paper(tmp_path)], VALUES)
    with pytest.raises(Unreachable):
        work.submit(sent.version)
    assert doomed.process.wait(10) == -9
    ((committed,),) = query(doomed, "select number from receipt")
    heir = start_node()
    again = work_of(heir, world, world.bidders[0], tmp_path / "state")
    # ``submit`` derives its idempotency key from the version: this is the same request once more.
    assert again.submit(sent.version)["number"] == committed
    require_receipts_stand(heir, again, [committed])

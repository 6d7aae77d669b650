"""Fault 01: kill -9 after the upload and before the commit: no receipt, no bid; a retry gives one; orphans go."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bidding.bids.housekeeping import sweep_sealed
from bidding.bids.tables import Envelope
from frontend.cli.client import Unreachable
from storage.objects.store import ObjectStore
from tests.bids_http import VALUES, paper, query, require_receipts_stand, work_of
from tests.bids_world import World
from tests.platform_parts import StartNode


@pytest.mark.parametrize("point", ["submit-before-commit"])
def test_killed_before_the_commit_there_is_no_receipt_and_a_retry_gives_one(
        start_node: StartNode, world: World, tmp_path: Path, point: str) -> None:
    doomed = start_node({"YUNKAI_FAULT_POINT": point})
    work = work_of(doomed, world, world.bidders[0], tmp_path / "state", patience=1.0)
    sent = work.send([paper(tmp_path)], VALUES)
    with pytest.raises(Unreachable):
        work.submit(sent.version)
    assert doomed.process.wait(10) == -9
    assert query(doomed, "select number from receipt") == []
    assert [status for (status,) in query(doomed, "select status from bid")] == ["not_submitted"]
    assert query(doomed, "select 1 from ledger_outbox where action = 'bid.submitted'") == []
    heir = start_node()
    again = work_of(heir, world, world.bidders[0], tmp_path / "state")
    number = again.submit(sent.version)["number"]
    assert again.submit(sent.version)["number"] == number
    require_receipts_stand(heir, again, [number])


def test_killed_while_checking_another_node_ends_the_check(start_node: StartNode, world: World,
                                                           tmp_path: Path) -> None:
    doomed = start_node({"YUNKAI_FAULT_POINT": "check-joined"})
    work = work_of(doomed, world, world.bidders[0], tmp_path / "state", patience=1.0)
    with pytest.raises(Unreachable):
        work.send([paper(tmp_path)], VALUES)
    assert doomed.process.wait(10) == -9
    heir = start_node()
    again = work_of(heir, world, world.bidders[0], tmp_path / "state")
    sent = again.send([paper(tmp_path)], VALUES)
    require_receipts_stand(heir, again, [again.submit(sent.version)["number"]])


async def test_an_upload_begun_and_never_named_is_swept(start_node: StartNode, world: World, tmp_path: Path,
                                                        object_store: ObjectStore) -> None:
    def dies() -> None:
        doomed = start_node({"YUNKAI_FAULT_POINT": "envelope-upload-started"})
        work = work_of(doomed, world, world.bidders[0], tmp_path / "state", patience=1.0)
        with pytest.raises(Unreachable):
            work.send([paper(tmp_path)], VALUES)
    before = {one.upload_id for one in await object_store.list_uploads("sealed/")}
    await asyncio.to_thread(dies)
    left = [one for one in await object_store.list_uploads("sealed/") if one.upload_id not in before]
    assert len(left) == 1
    async with world.sessions() as session:
        assert await session.get(Envelope, world.lot.id) is None
    await asyncio.sleep(1.1)  # the store tells ages in whole seconds
    await sweep_sealed(world.sessions, object_store, age=timedelta(0))
    assert left[0].upload_id not in {one.upload_id for one in await object_store.list_uploads("sealed/")}

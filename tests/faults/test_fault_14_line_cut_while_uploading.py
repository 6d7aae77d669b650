"""Fault 14: the line to the store is reset at four fifths; the upload goes on there, and one object has its digest."""

import os
from pathlib import Path

import pytest

from frontend.cli.client import Unreachable
from storage.embedded.seaweed import EmbeddedSeaweed
from tests.bids_http import VALUES, query, require_receipts_stand, work_of
from tests.bids_world import World
from tests.conftest import StartNode
from tests.proxy import line_to

PART = 8_388_608
SIZE = 5 * PART - 1000


@pytest.mark.cts("A-93", "A-95")
def test_a_cut_upload_goes_on_where_it_was_cut(start_node: StartNode, world: World, tmp_path: Path,
                                               object_store_server: EmbeddedSeaweed) -> None:
    file = tmp_path / "drawings.zip"
    file.write_bytes(os.urandom(SIZE))
    with line_to(object_store_server.endpoint) as line:
        node = start_node(s3_public_endpoint=line.endpoint)
        line.cut_after(SIZE * 4 // 5)
        with pytest.raises(Unreachable):
            work_of(node, world, world.bidders[0], tmp_path / "state").send([file], VALUES)
        assert query(node, "select 1 from receipt") == []
        ((state,),) = query(node, "select state from envelope")
        assert state == "uploading", "the status shown is honest"

        line.mend()
        again = work_of(node, world, world.bidders[0], tmp_path / "state")  # as after a reboot: only the state file
        told: list[int] = []
        again.tell = lambda kind, sent, total: told.append(sent) if kind == "whole" else None
        sent = again.send([file], VALUES)
        assert told[0] >= PART, "progress begins where the line was cut"
        assert line.sent < SIZE - PART, "what had arrived was not sent again"
        assert query(node, "select count(*), sum(number) from bid_version") == [(1, 1)]
        require_receipts_stand(node, again, [again.submit(sent.version)["number"]])


def test_other_files_begin_a_new_sealing(start_node: StartNode, world: World, tmp_path: Path) -> None:
    node = start_node()
    file = tmp_path / "bid.pdf"
    file.write_bytes(b"%PDF one")
    first = work_of(node, world, world.bidders[0], tmp_path / "state").send([file], VALUES)
    file.write_bytes(b"%PDF other")
    second = work_of(node, world, world.bidders[0], tmp_path / "state").send([file], VALUES)
    assert (first.version, first.number) == (second.version, second.number), "the draft is the same"
    assert first.objects["whole"].header != second.objects["whole"].header
    assert query(node, "select count(*) from envelope") == [(2,)]

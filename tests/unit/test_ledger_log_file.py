"""A log in a file is checked in blocks, by one process or by several: the outcome is that of the whole at once."""

from pathlib import Path

import pytest

from benchmarks.verification import LOG, make_log
from storage.ledger.model import LedgerBroken
from storage.ledger.verification import BLOCK_BYTES, verify_log, verify_log_file

COUNT = 20_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of many blocks, and of more than one part for a process."""
    path = tmp_path_factory.mktemp("log") / "log"
    make_log(path, COUNT)
    assert path.stat().st_size > 33 * BLOCK_BYTES
    return path


@pytest.mark.parametrize("workers", [1, 2])
def test_blocks_come_to_the_same_tree_as_the_whole(log: Path, tmp_path: Path, workers: int) -> None:
    held = make_log(tmp_path / "again", COUNT)
    assert (tmp_path / "again").read_bytes() == log.read_bytes()
    found, whole = verify_log_file(log, LOG, [held], workers=workers), verify_log([log.read_bytes()], LOG, [held])
    assert (found.size, found.prev, found.frontier.root()) == (COUNT, whole.prev, whole.frontier.root())


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("seq", [0, 540, 19_000])
def test_an_altered_entry_is_named_whichever_block_it_lies_in(
        log: Path, tmp_path: Path, workers: int, seq: int) -> None:
    lines = log.read_bytes().split(b"\n")
    lines[seq] = lines[seq].replace(b"bid.released", b"bid.withheld")
    altered = tmp_path / "altered"
    altered.write_bytes(b"\n".join(lines))
    with pytest.raises(LedgerBroken) as refused:
        verify_log_file(altered, LOG, workers=workers)
    assert refused.value.facts["seq"] == seq


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("seq", [541, 12_000])
def test_a_missing_entry_is_named(log: Path, tmp_path: Path, workers: int, seq: int) -> None:
    lines = log.read_bytes().split(b"\n")
    del lines[seq]
    shorter = tmp_path / "shorter"
    shorter.write_bytes(b"\n".join(lines))
    with pytest.raises(LedgerBroken) as refused:
        verify_log_file(shorter, LOG, workers=workers)
    assert refused.value.facts["seq"] == seq


@pytest.mark.parametrize("workers", [1, 2])
def test_a_torn_stream_is_named_though_both_of_its_ends_lie_in_other_blocks(tmp_path: Path, workers: int) -> None:
    path = tmp_path / "torn"
    make_log(path, COUNT, forgets=9_000)
    with pytest.raises(LedgerBroken) as refused:
        verify_log_file(path, LOG, workers=workers)
    assert refused.value.facts["seq"] == 9_000


def test_a_lost_end_of_line_is_found(log: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    cut.write_bytes(log.read_bytes()[:-1])
    with pytest.raises(LedgerBroken):
        verify_log_file(cut, LOG)

"""The vectors that every implementation reads (the browser's too), and what they must refuse."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from storage.kernel.errors import DomainError
from storage.ledger.model import LedgerBroken
from storage.ledger.notes import CheckpointRefused
from storage.ledger.verification import (
    verify_entry_document,
    verify_export,
    verify_growth,
    verify_sealed_document,
)

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "ledger.json").read_text())
KEY: str = VECTORS["key"]


def test_every_document_of_the_vectors_verifies() -> None:
    assert verify_entry_document(VECTORS["entry_document"], KEY).action == "lot.extended"
    assert verify_sealed_document(VECTORS["sealed_document"], KEY).action == "bid.submitted"
    shown = verify_export(VECTORS["export"], KEY)
    assert (shown.checkpoint.size, shown.entries, shown.sealed, shown.payloads) == (8, 6, 2, 8)
    verify_growth(VECTORS["older_checkpoint"], VECTORS["checkpoint"], VECTORS["consistency"], KEY)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [place for key, item in value.items() for place in _places(item, (*path, key))]
    if isinstance(value, list):
        return [place for key, item in enumerate(value) for place in _places(item, (*path, key))]
    return [path]


def _changed(document: Any, path: tuple[Any, ...]) -> Any:
    other = copy.deepcopy(document)
    holder = other
    for step in path[:-1]:
        holder = holder[step]
    value = holder[path[-1]]
    if isinstance(value, str):
        middle = len(value) // 2
        holder[path[-1]] = value[:middle] + ("0" if value[middle : middle + 1] != "0" else "1") + value[middle + 1 :]
    else:
        holder[path[-1]] = value + 1 if isinstance(value, int) and not isinstance(value, bool) else "changed"
    return other


# The document's own word on its key is never used: the pinned key is.
@pytest.mark.parametrize("path", [path for path in _places(VECTORS["export"]) if path != ("key",)], ids=str)
def test_any_changed_value_of_a_bundle_is_found(path: tuple[Any, ...]) -> None:
    with pytest.raises((LedgerBroken, CheckpointRefused)):
        verify_export(_changed(VECTORS["export"], path), KEY)


@pytest.mark.parametrize("path", [path for path in _places(VECTORS["sealed_document"]) if path != ("key",)], ids=str)
def test_any_changed_value_of_a_receipt_is_found(path: tuple[Any, ...]) -> None:
    with pytest.raises((LedgerBroken, CheckpointRefused)):
        verify_sealed_document(_changed(VECTORS["sealed_document"], path), KEY)


def test_a_bundle_with_an_entry_left_out_is_found() -> None:
    for gone in range(len(VECTORS["export"]["entries"]) - 1):
        bundle = copy.deepcopy(VECTORS["export"])
        del bundle["entries"][gone]
        with pytest.raises(LedgerBroken):
            verify_export(bundle, KEY)


def test_another_platforms_key_is_refused() -> None:
    with pytest.raises(DomainError):
        verify_entry_document(VECTORS["entry_document"], KEY.replace("yunkai", "yunkaj"))

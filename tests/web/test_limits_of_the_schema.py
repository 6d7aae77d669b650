"""Nothing in a request is without an end: bodies, lists, texts, addresses (ASVS 2.2.1, R-1018)."""

from collections.abc import Iterator
from typing import Any, get_type_hints

import httpx
from msgspec import inspect

from frontend.server.composition import ROUTES
from tests.nodes import NodeProcess

# These say their limits in ``__post_init__``, which refuses longer texts by the name of the field.
JUDGED = {"FieldDraft", "PartDraft", "AnnouncedField", "BidPart", "ReviewItem", "ScoringItem", "PriceFormula"}


def _bodies() -> Iterator[tuple[str, Any]]:
    handlers: list[Any] = [*ROUTES]
    for handler in handlers:
        hints = get_type_hints(handler.fn, include_extras=True)
        if "data" in hints:
            yield str(handler.operation_id), hints["data"]


def _endless(kind: Any, where: str, seen: set[Any]) -> Iterator[str]:
    match kind:
        case inspect.StrType() if kind.max_length is None and kind.pattern is None:
            yield where
        case inspect.ListType() | inspect.VarTupleType():
            if kind.max_length is None:
                yield f"{where}[]"
            yield from _endless(kind.item_type, f"{where}[*]", seen)
        case inspect.DictType():
            if kind.max_length is None:
                yield f"{where}{{}}"
            yield from _endless(kind.value_type, f"{where}{{*}}", seen)
        case inspect.TupleType():
            for item in kind.item_types:
                yield from _endless(item, where, seen)
        case inspect.UnionType():
            for each in kind.types:
                yield from _endless(each, where, seen)
        case inspect.StructType() | inspect.DataclassType():
            name = kind.cls.__name__
            if name in JUDGED or kind.cls in seen:
                return
            seen.add(kind.cls)
            for field in kind.fields:
                yield from _endless(field.type, f"{name}.{field.name}", seen)


def test_every_text_and_list_of_a_body_ends() -> None:
    seen: set[Any] = set()
    bodies = [*_bodies()]
    assert len(bodies) > 90
    endless = [place for operation, body in bodies for place in _endless(inspect.type_info(body), operation, seen)]
    assert endless == []


def test_an_address_longer_than_any_of_ours_is_refused(node: NodeProcess) -> None:
    answer = httpx.get(f"{node.address}/api/notices", params={"q": "x" * 9000})
    assert answer.status_code == 414
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert httpx.get(f"{node.address}/api/notices", params={"q": "x" * 100}).status_code == 200

"""The least body that a schema of the OpenAPI document admits, so that a request reaches the act behind it."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import find
from hypothesis.strategies import from_regex

Json = dict[str, Any]
_BY_FORMAT = {"uuid": "00000000-0000-4000-8000-000000000000", "date-time": "2031-01-06T01:00:00Z", "date": "2031-01-06",
              "byte": "AAAA", "uri": "https://letters.example/", "decimal": "1"}
_METHODS = ("get", "post", "put", "delete")


def operations(document: Json) -> dict[str, tuple[str, str, Json]]:
    """operation_id → (METHOD, path, operation) of everything the document names."""
    return {each["operationId"]: (method.upper(), path, each) for path, item in document["paths"].items()
            for method, each in item.items() if method in _METHODS}


def least_body(document: Json, operation: Json) -> Any:
    """A value for the operation's JSON body, or None where it has none."""
    content: Json = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return None if schema is None else least(document, schema)


def least_query(document: Json, operation: Json) -> dict[str, str]:
    """The query parameters that must be given."""
    return {each["name"]: str(least(document, each["schema"])) for each in operation.get("parameters", ())
            if each["in"] == "query" and each.get("required")}


def least(document: Json, schema: Mapping[str, Any]) -> Any:
    """The least value of a schema: required fields only, shortest texts, first choices."""
    if "$ref" in schema:
        return least(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    for name in ("oneOf", "anyOf", "allOf"):
        if name in schema:
            return least(document, next((each for each in schema[name] if each.get("type") != "null"), schema[name][0]))
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    return _of_kind(document, schema)


def _of_kind(document: Json, schema: Mapping[str, Any]) -> Any:
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {name: least(document, fields[name]) for name in schema.get("required", ())}
        case "array":
            return [least(document, schema["items"])] * int(schema.get("minItems", 0))
        case "integer":
            return int(schema.get("minimum", 1))
        case "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "string":
            return _text(schema)
    return None


def _text(schema: Mapping[str, Any]) -> str:
    if "pattern" in schema:
        return _simplest(schema["pattern"])
    return _BY_FORMAT.get(schema.get("format", ""), "文" * int(schema.get("minLength", 1)))


@cache
def _simplest(pattern: str) -> str:
    """The simplest text that a pattern admits."""
    return find(from_regex(pattern, fullmatch=True), lambda _: True)

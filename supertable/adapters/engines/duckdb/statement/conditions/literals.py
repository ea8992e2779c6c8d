"""The values of literals, exactly as DuckDB reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, literal_text
from supertable.adapters.engines.duckdb.statement.type_names import scalar_type
from supertable.domain.schema.types import DataType, is_integer

_INTEGER = re.compile(r"-?\d+")
_DECIMAL = re.compile(r"(-?)(\d*)\.(\d*)")
_FLOAT = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_MOST_DIGITS = 38
"""Numbers with more digits are doubles."""
BEYOND_INTEGERS = 2**63
_LEAST_INTEGER, _GREATEST_INTEGER = -(2**127), 2**127 - 1
"""Greater integers are of other types, whose comparisons are not exact."""
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?P<time>[ T]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)?")
_CASTS = {"DATE": "date", "TIMESTAMP": "timestamp", "TIMESTAMP WITH TIME ZONE": "zoned"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Constant:
    """`kind`: number (int or Fraction), float, text, bool, or date, timestamp, zoned, time (microseconds)."""

    kind: str
    value: Any


def literal_value(node: Node) -> Constant | None:
    """The value of a literal; None for NULL, and where it is unknown."""
    kind, text = node["literal"]["kind"], node["literal"]["text"]
    match kind:
        case "STRING":
            return Constant("text", text)
        case "BOOLEAN":
            return Constant("bool", text == "true")
        case "INTEGER" | "NUMERIC":
            return number(text.replace("_", ""))
    return None


def plain_values(kind: DataType, values: Sequence[Node]) -> tuple[str, ...] | tuple[int, ...] | None:
    """The values of texts that are compared with a column of texts, or of integers with one of integers, without NULL.

    None: there is another value among them, or an integer of more than 64 bits.
    """
    wanted = "STRING" if kind.name == "string" else "INTEGER" if is_integer(kind) else ""
    texts = []
    for node in values:
        written = node["literal"] if node["class"] == "CONSTANT" else None
        if written is None or written["kind"] not in (wanted, "NULL_LITERAL"):
            return None
        if written["kind"] == wanted:
            texts.append(written["text"])
    if wanted == "STRING":
        return tuple(texts)
    if not all(map(_INTEGER.fullmatch, texts)):
        return None
    numbers = tuple(map(int, texts))
    return numbers if max(map(abs, numbers), default=0) < BEYOND_INTEGERS else None


def is_null(node: Node) -> bool:
    return literal_text(node, "NULL_LITERAL") is not None


def number(text: str) -> Constant | None:
    """The value of a number without underscores: exact, or a float where DuckDB reads it as a double."""
    if _INTEGER.fullmatch(text):
        whole = int(text)
        return Constant("number", whole) if _LEAST_INTEGER <= whole <= _GREATEST_INTEGER else None
    found = _DECIMAL.fullmatch(text)
    if found and 0 < len(found[2] + found[3]) <= _MOST_DIGITS:
        return Constant("number", Fraction(int(found[1] + found[2] + found[3]), 10 ** len(found[3])))
    return Constant("float", float(text)) if _FLOAT.fullmatch(text) else None


def iso_time(node: Node, target: str) -> Constant | None:
    """The value of the most common dates and timestamps, without a call of the engine; None for other forms.

    `target`: the type that a text is converted to: date, timestamp, timestamp_ns or zoned. A text without a time is a
    date.
    """
    is_cast = node["class"] == "CAST"
    kind = _CASTS.get(scalar_type(node["type_expr"])) if is_cast else target.removesuffix("_ns")
    text = literal_text(node["child"] if is_cast else node, "STRING")
    found = _ISO.fullmatch(text) if text is not None and kind in _CASTS.values() else None
    if found is None or (kind == "date" and found["time"]):
        return None
    try:
        value = datetime.fromisoformat(found[0])
    except ValueError:
        return None
    return Constant(str(kind) if is_cast or found["time"] else "date", microseconds(value))


def microseconds(value: datetime) -> int:
    """Since 1970, in UTC. A value without a zone is UTC."""
    since = (value if value.tzinfo else value.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds

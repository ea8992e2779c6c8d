"""Rows of JSON answers, by the types that their columns have."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa

from tests.conformance.cases import Expected

_INTERVAL = re.compile(r"P(?P<months>-?\d+)M(?P<days>-?\d+)DT(?P<sign>-?)(?P<seconds>\d+)(?:\.(?P<digits>\d{1,9}))?S")


def rows_of_json(answer: Mapping[str, Any], schema: pa.Schema) -> Expected:
    """The rows of an answer whose decimals were read exactly, as `rows_of` has those of tables of the schema."""
    names = [column["name"] for column in answer["columns"]]
    assert names == schema.names
    return [tuple(_top(row[field.name], field.type) for field in schema) for row in answer["rows"]]


def _top(found: Any, kind: pa.DataType) -> Any:
    value = _value(found, kind)
    is_whole = pa.types.is_decimal(kind) and kind.scale == 0  # DuckDB's integers of 128 bits
    return int(value) if is_whole and value is not None else value


def _value(found: Any, kind: pa.DataType) -> Any:
    if found is None:
        return None
    if pa.types.is_floating(kind):
        return pa.scalar(float(found), pa.float64()).cast(kind).as_py()  # "NaN" and "Infinity", too
    if pa.types.is_decimal(kind):
        return Decimal(found)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return base64.b64decode(found, validate=True)
    if pa.types.is_temporal(kind):
        return _moment(found, kind)
    return _nested(found, kind) if pa.types.is_nested(kind) else found


def _moment(found: str, kind: pa.DataType) -> Any:
    if pa.types.is_interval(kind):
        return _interval(found)
    if pa.types.is_date(kind):
        return dt.date.fromisoformat(found)
    if pa.types.is_time(kind):
        return dt.time.fromisoformat(found)
    if kind.unit == "ns":
        seconds, _, digits = found.partition(".")
        whole = dt.datetime.fromisoformat(seconds).replace(tzinfo=dt.UTC)
        return round(whole.timestamp()) * 10**9 + int(digits.ljust(9, "0"))
    return dt.datetime.fromisoformat(found)


def _interval(found: str) -> Any:
    """Of months, days and seconds, in ISO 8601."""
    parts = _INTERVAL.fullmatch(found)
    assert parts, found
    nanoseconds = int(parts["seconds"]) * 10**9 + int((parts["digits"] or "").ljust(9, "0"))
    sign = -1 if parts["sign"] else 1
    return pa.MonthDayNano([int(parts["months"]), int(parts["days"]), sign * nanoseconds])


def _nested(found: Any, kind: pa.DataType) -> Any:
    if pa.types.is_struct(kind):
        return {field.name: _value(found[field.name], field.type) for field in kind}
    if not pa.types.is_map(kind):
        return [_value(item, kind.value_type) for item in found]
    pairs = found.items() if isinstance(found, dict) else [(pair["key"], pair["value"]) for pair in found]
    return [(_value(key, kind.key_type), _value(item, kind.item_type)) for key, item in pairs]

"""A table as a polars LazyFrame, which reads the columns, rows and files that the query of polars needs.

Conditions of polars become SQL where they mean the same there. polars applies them to the rows again, so that one which
is left out, or translated in part, costs time and changes nothing.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from supertable.domain.errors import MissingExtra
from supertable.domain.names import quoted
from supertable.entrypoints.sdk.results.frames import polars_frame
from supertable.entrypoints.sdk.results.result import Result

if TYPE_CHECKING:
    import polars

_OPERATORS = {"Eq": "=", "Lt": "<", "LtEq": "<=", "Gt": ">", "GtEq": ">="}
_TURNED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Run = Callable[[str, list[Any]], Result]
"""Runs SQL with parameters, as a stream."""


def lazy_frame(source: str, run: Run) -> polars.LazyFrame:
    """`source`: the table and its version, as a FROM clause has them. Raises `MissingExtra` and what `run` raises."""
    try:
        from polars.io.plugins import register_io_source
    except ImportError:
        raise MissingExtra("A polars LazyFrame", "polars") from None
    empty = run(f"SELECT * FROM {source} LIMIT 0", []).arrow()

    def read(
        columns: list[str] | None, predicate: polars.Expr | None, limit: int | None, batch_rows: int | None
    ) -> Iterator[polars.DataFrame]:
        names = list(columns or empty.column_names)
        needed = dict.fromkeys([*names, *(predicate.meta.root_names() if predicate is not None else ())])
        condition = Condition(empty.schema, predicate) if predicate is not None and limit is None else None
        sql = f"SELECT {', '.join(map(quoted, needed))} FROM {source}"
        sql += f" WHERE {condition.sql}" if condition and condition.sql else ""
        sql += f" LIMIT {limit}" if limit is not None else ""
        with run(sql, condition.parameters if condition else []) as result:
            for batch in result.batches():
                frame = polars_frame(pa.Table.from_batches([batch]))
                yield (frame if predicate is None else frame.filter(predicate)).select(names)

    return register_io_source(read, schema=polars_frame(empty).schema)


class Condition:
    """The part of a polars expression that SQL can check. `sql`: empty if there is none."""

    def __init__(self, schema: pa.Schema, predicate: polars.Expr) -> None:
        self._types = {field.name: field.type for field in schema}
        self.parameters: list[Any] = []
        try:
            tree = json.loads(predicate.meta.serialize(format="json"))
        except Exception:  # noqa: BLE001 - an expression that has no JSON, such as one with a Python function
            tree = None
        self.sql = self._sql(tree) or ""

    def _sql(self, node: Any) -> str | None:
        """A condition that is true for every row for which the expression is; None if there is none to tell."""
        kind, parts = next(iter(node.items())) if isinstance(node, dict) and len(node) == 1 else ("", {})
        if kind == "BinaryExpr" and parts.get("op") in ("And", "Or"):
            return self._combined(parts)
        if kind == "BinaryExpr" and parts.get("op") in _OPERATORS:
            return self._comparison(parts["left"], _OPERATORS[parts["op"]], parts["right"])
        return self._null_test(parts) if kind == "Function" else None

    def _combined(self, parts: dict[str, Any]) -> str | None:
        before = len(self.parameters)
        sides = [self._sql(parts["left"]), self._sql(parts["right"])]
        known = [side for side in sides if side]
        if parts["op"] == "Or" and len(known) < 2:
            del self.parameters[before:]
            return None
        word = f" {parts['op'].upper()} "
        return f"({word.join(known)})" if known else None

    def _comparison(self, left: Any, operator: str, right: Any) -> str | None:
        if "Literal" in left:
            left, operator, right = right, _TURNED[operator], left
        name, literal = left.get("Column"), right.get("Literal")
        if name not in self._types or not isinstance(literal, dict):
            return None
        value = _value(literal.get("Scalar"), self._types[name])
        if value is None:
            return None
        self.parameters.append(value)
        return f"{quoted(name)} {operator} ?"

    def _null_test(self, parts: dict[str, Any]) -> str | None:
        test = parts.get("function", {}).get("Boolean")
        words = {"IsNull": "IS NULL", "IsNotNull": "IS NOT NULL"}.get(test if isinstance(test, str) else "")
        inputs = parts.get("input", [{}])
        name = inputs[0].get("Column") if len(inputs) == 1 else None
        return f"{quoted(str(name))} {words}" if words and name in self._types else None


def _value(scalar: Any, kind: pa.DataType) -> Any:
    """The value of a literal that both sides compare alike with a column of this type; None if it is no such value."""
    name: str
    value: Any
    name, value = next(iter(scalar.items())) if isinstance(scalar, dict) and len(scalar) == 1 else ("", None)
    if name.startswith(("Int", "UInt")) and pa.types.is_integer(kind):
        return value
    if name == "String" and pa.types.is_string(kind):
        return value
    if name == "Float64" and pa.types.is_float64(kind) and isinstance(value, float):
        return value
    if name == "Date" and pa.types.is_date(kind):
        return _EPOCH.date() + dt.timedelta(days=value)
    return _moment(value, kind) if name == "Datetime" and pa.types.is_timestamp(kind) else None


def _moment(value: Any, kind: pa.TimestampType) -> dt.datetime | None:
    microseconds, unit, zone = value
    if unit != "Microseconds" or kind.unit != "us" or (zone is None) != (kind.tz is None):
        return None
    at = _EPOCH + dt.timedelta(microseconds=microseconds)
    return at.replace(tzinfo=None) if zone is None else at

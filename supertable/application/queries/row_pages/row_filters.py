"""Simple filters and orders of a client, like `amount:ge:9.50` and `amount:desc`, as SQL with bound parameters.

No text of the client becomes SQL: columns are found in the table, operators in a list, and values are bound.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from supertable.application.queries.row_pages.filter_values import bound_value
from supertable.domain.errors import InvalidInput
from supertable.domain.names import did_you_mean, quoted
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import NESTED, Field

COMPARISONS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_FILTER = re.compile(rf"(?P<column>.+?):(?P<operator>{'|'.join(COMPARISONS)}|in|is):(?P<value>.*)", re.DOTALL)
_SHAPE = (
    "A filter is `column:operator:value` with one of the operators eq, ne, lt, le, gt, ge, in (values between commas) "
    "and is (null or not_null), such as `amount:ge:9.50`."
)
_VALUES = re.compile(r"((?:[^,\\]|\\.)*)(?:,|$)", re.DOTALL)


class Parameters:
    """The bound values of a statement, by name."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def add(self, column: Field, text: str) -> str:
        """The SQL of a text of the column's type. Raises `InvalidInput`."""
        value, sql_type = bound_value(column, text)
        name = f"value{len(self.values) + 1}"
        self.values[name] = value
        return f"CAST(${name} AS {sql_type})" if sql_type else f"${name}"


@dataclass(frozen=True, slots=True)
class OrderedColumn:
    """Nulls are last in either direction."""

    column: Field
    descending: bool = False

    @property
    def sql(self) -> str:
        return f"{quoted(self.column.name)} {'DESC' if self.descending else 'ASC'} NULLS LAST"


def filter_sql(text: str, schema: Schema, parameters: Parameters) -> str:
    """The condition of one filter. Raises `InvalidInput`."""
    found = _FILTER.fullmatch(text)
    if found is None:
        raise InvalidInput(f"{text[:80]!r} is no filter. {_SHAPE}")
    column = column_of(found["column"], schema)
    name, operator, value = quoted(column.name), found["operator"], found["value"]
    if operator == "is":
        if value not in ("null", "not_null"):
            raise InvalidInput(f"A column `is:null` or `is:not_null`, and not {value[:80]!r}.")
        return f"{name} IS {'NOT NULL' if value == 'not_null' else 'NULL'}"
    if operator == "in":
        return f"{name} IN ({', '.join(parameters.add(column, each) for each in _split(value))})"
    return f"{name} {COMPARISONS[operator]} {parameters.add(column, value)}"


def ordered_columns(texts: Sequence[str], schema: Schema) -> list[OrderedColumn]:
    """The columns of `column`, `column:asc` or `column:desc`. Raises `InvalidInput`."""
    ordered: list[OrderedColumn] = []
    for text in texts:
        name, colon, direction = text.rpartition(":")
        if direction not in ("asc", "desc") or not colon:
            name, direction = text, "asc"
        column = column_of(name, schema)
        if column.type.name in NESTED:
            raise InvalidInput(f"Column {column.name} is a {column.type.name}, by which rows cannot be ordered.")
        if column.name in (other.column.name for other in ordered):
            raise InvalidInput(f"The order names column {column.name} twice.")
        ordered.append(OrderedColumn(column, direction == "desc"))
    return ordered


def column_of(name: str, schema: Schema) -> Field:
    """The column as the caller sees the table. Raises `InvalidInput`, which names the nearest column of these."""
    found = schema.find(name)
    if found is None:
        hint = did_you_mean(name, [field.name for field in schema.fields])
        raise InvalidInput(f"There is no column {name[:80]!r}.{hint}")
    return found


def _split(value: str) -> list[str]:
    """The values between commas; a backslash takes the next character for one of the value."""
    return [re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) for part in _VALUES.findall(f"{value},")[:-1]]

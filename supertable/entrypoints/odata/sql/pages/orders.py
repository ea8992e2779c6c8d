"""The total order of a page's rows, and positions in it.

Nulls are lowest (OData 4.01, URL conventions, 5.1.4): first if ascending, last if descending. NaN is the greatest
number. The columns that tell rows apart decide last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.expressions.syntax import OrderItem, Path
from supertable.entrypoints.odata.model.entity_types import Primitive
from supertable.entrypoints.odata.sql.relations.relation import Relation
from supertable.entrypoints.odata.sql.relations.row_identity import digests
from supertable.entrypoints.odata.sql.values.bindings import Bindings
from supertable.entrypoints.odata.sql.values.typed import Typed, type_text

_MOST_CHARACTERS = 500
"""A longer text is not carried in positions but found by what identifies the row."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: after the row whose order columns have `values`, as texts; None: null.

    `long`: the indexes of values that are too long to carry. `equal`: how many rows with just these values are before
    the page, in tables without keys. `rows`: how many rows all pages before have. JSON can hold it all.
    """

    values: tuple[str | None, ...]
    long: tuple[int, ...] = ()
    equal: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class OrderColumn:
    """`may_be_long`: it is no part of what identifies the row."""

    value: Typed
    descending: bool = False
    may_be_long: bool = True

    def order_by(self, sql: str) -> str:
        return f"{sql} {'DESC NULLS LAST' if self.descending else 'ASC NULLS FIRST'}"

    @property
    def text(self) -> str:
        """The SQL, with `{}` for the value, of a text that is the value exactly."""
        if self.value.name == "Edm.Binary":
            return "hex({})"
        return "{}" if self.value.name == "Edm.String" else "CAST({} AS VARCHAR)"

    def bound(self, bindings: Bindings, text: str) -> str:
        """The value of a text. Raises `InvalidInput` for texts of other types."""
        try:
            return _bound(bindings, self.value, text)
        except (ValueError, ArithmeticError):
            raise InvalidInput("The position of the page is not valid. Begin with the first page.") from None


def order_columns(relation: Relation, bindings: Bindings, items: Sequence[OrderItem]) -> list[OrderColumn]:
    """The order of the items, made total. Raises `InvalidInput`, and `NotSupported` for structs and collections."""
    compiler = relation.compiler(bindings, "$orderby")
    columns: list[OrderColumn] = []
    for item in items:
        value = compiler.value(item.expression)
        if not isinstance(value.type, Primitive):
            raise NotSupported(f"$orderby: rows cannot be ordered by {type_text(value.type)}.")
        if value.sql not in (other.value.sql for other in columns) and not value.is_null:
            columns.append(OrderColumn(value, item.descending))
    named = {column.value.sql: number for number, column in enumerate(columns)}
    for value in _deciding(relation, bindings):
        if value.sql in named:
            found = columns[named[value.sql]]
            columns[named[value.sql]] = OrderColumn(found.value, found.descending, may_be_long=False)
        else:
            columns.append(OrderColumn(value, may_be_long=False))
    return columns


def _deciding(relation: Relation, bindings: Bindings) -> list[Typed]:
    if relation.unique is None:
        return [Typed(sql, Primitive("Edm.Decimal", 20, 0)) for sql in digests(relation)]
    compiler = relation.compiler(bindings, "$orderby")
    return [compiler.path(Path(names, 0)) for names in relation.unique]


def after_sql(relation: Relation, bindings: Bindings, columns: Sequence[OrderColumn], start: Position) -> str:
    """The condition that a row comes after the position, or is equal to it where rows are counted."""
    if len(start.values) != len(columns) or any(number not in range(len(columns)) for number in start.long):
        raise InvalidInput("The position of the page is not valid. Begin with the first page.")
    values = [
        None if value is None else column.bound(bindings, value)
        for column, value in zip(columns, start.values, strict=True)
    ]
    if start.long:
        pairs = zip(columns, values, strict=True)
        same = " AND ".join(_equal(column, value) for column, value in pairs if not column.may_be_long)
        where = " AND ".join((*relation.conditions, same))
        for number in start.long:
            found = f"any_value({columns[number].value.sql})"
            values[number] = f"(SELECT {found} FROM {relation.source} WHERE {where})"
    return _after(columns, values, strict=relation.unique is not None)


def bounded(relation: Relation, columns: Sequence[OrderColumn], start: Position | None, rows: int) -> Relation:
    """The relation without most of what comes after the page, if its order is that of a key of one column.

    The engine then reads the other columns of a few row groups, and not of all rows. That works for later pages of
    an ascending order, which have no nulls: a condition that keeps nulls is not compared with the row groups' ranges.
    """
    unique, first = relation.unique, columns[0] if columns else None
    if first is None or first.may_be_long or first.descending or unique is None or len(unique) != 1:
        return relation
    if start is None or start.values[0] is None:
        return relation
    sql = first.value.sql
    inner = f"SELECT {sql} AS o {relation.from_where} ORDER BY o ASC NULLS FIRST LIMIT {rows}"
    return relation.filtered(f"{sql} <= (SELECT max(o) FROM ({inner}) AS b)")


def _after(columns: Sequence[OrderColumn], values: Sequence[str | None], strict: bool) -> str:
    column, value = columns[0], values[0]
    if value is None:
        after = "FALSE" if column.descending else f"{column.value.sql} IS NOT NULL"
    elif column.descending:
        after = f"({column.value.sql} < {value} OR {column.value.sql} IS NULL)"
    else:
        after = f"{column.value.sql} > {value}"
    equal = _equal(column, value)
    if len(columns) > 1:
        return f"({after} OR ({equal} AND {_after(columns[1:], values[1:], strict)}))"
    return f"({after})" if strict else f"({after} OR {equal})"


def _equal(column: OrderColumn, value: str | None) -> str:
    return f"{column.value.sql} IS NULL" if value is None else f"{column.value.sql} = {value}"


def position_of(columns: Sequence[OrderColumn], values: Sequence[str | None], equal: int, rows: int) -> Position:
    """The position after a row; `values` are its texts."""
    long = tuple(
        number
        for number, (column, value) in enumerate(zip(columns, values, strict=True))
        if column.may_be_long and len(value or "") > _MOST_CHARACTERS
    )
    return Position(tuple(None if n in long else value for n, value in enumerate(values)), long, equal, rows)


def _bound(bindings: Bindings, value: Typed, text: str) -> str:
    name, stored = value.name, value.stored
    if name in ("Edm.Single", "Edm.Double"):
        return bindings.add(float(text), "FLOAT" if name == "Edm.Single" else "DOUBLE")
    if name == "Edm.String" or name == "Edm.Guid":
        return bindings.add(text, "VARCHAR")
    if name == "Edm.Binary":
        return bindings.add(bytes.fromhex(text))
    if name == "Edm.Boolean":
        return bindings.add({"true": True, "false": False}[text])
    if name == "Edm.DateTimeOffset":
        units = {"ms": "TIMESTAMP_MS", "ns": "TIMESTAMP_NS"}
        plain = units.get(stored.unit, "TIMESTAMP") if stored else "TIMESTAMP"
        return bindings.add(text, "TIMESTAMPTZ" if value.zoned else plain)
    if name in ("Edm.Date", "Edm.TimeOfDay"):
        return bindings.add(text, "DATE" if name == "Edm.Date" else "TIME")
    number: Any = Decimal(text)
    return bindings.add(int(number) if number == number.to_integral_value() and "." not in text else number)

"""What the right answer is: literal rows, a model in Python, SQLite, and, as the second line, DuckDB without optimizer.

The reference has the tables that the model has: the newest version of each, `<table>_at_<version>` for AT, and
`<table>_after_<version>` for `table_changes`. It says which names and types the columns of an answer have.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import duckdb
import pyarrow as pa

from tests.conformance.cases import MODEL, SQLITE, Case, Expected
from tests.conformance.world.columns import TABLES, answered_schema, typed_rows
from tests.conformance.world.histories import models
from tests.conformance.world.lakes import PAIR, VIEWS
from tests.conformance.world.tables import OTHERS, PORTABLE, T, U
from tests.support.oracles.reference import Reference
from tests.support.oracles.sqlite_side import SqliteSide

_AT = re.compile(r"(?<=from |join )(\w+)((?: \w+)?) at \(version => (\d+)\)", re.IGNORECASE)
_TAGGED = re.compile(r"at \(version => 'early'\)", re.IGNORECASE)
_CHANGES = re.compile(r"table_changes\('(\w+)', (\d+)\)", re.IGNORECASE)
_IN_PARENTHESES = re.compile(r"\([^()]*\)")


Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Answer:
    """`rows`: each as a text that tells -0.0 from 0.0, too. They are sorted, unless the statement orders them."""

    columns: Columns
    rows: tuple[str, ...]


def answer(table: pa.Table, ordered: bool) -> Answer:
    return Answer(columns_of(table), texts(rows_of(table), ordered))


def columns_of(table: pa.Table) -> Columns:
    """The name and the type of each."""
    return tuple((field.name, str(field.type)) for field in table.schema)


def texts(rows: Expected, ordered: bool) -> tuple[str, ...]:
    found = [repr(row) for row in rows]
    return tuple(found if ordered else sorted(found))


def rows_of(table: pa.Table) -> Expected:
    return list(zip(*map(_values, table.columns), strict=True))


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.int64())
    if pa.types.is_decimal(column.type) and column.type.scale == 0:  # DuckDB's integers of 128 bits
        return [None if value is None else int(value) for value in column.to_pylist()]
    values = column.to_pylist()
    return [_in_utc(value) for value in values] if "tz=" in str(column.type) else values


def _in_utc(value: Any) -> Any:
    if isinstance(value, dt.datetime) and value.tzinfo:
        return value.astimezone(dt.UTC)
    return [_in_utc(item) for item in value] if isinstance(value, list) else value


def is_ordered(sql: str) -> bool:
    """Whether the statement as a whole has an ORDER BY."""
    while (shorter := _IN_PARENTHESES.sub("", sql)) != sql:
        sql = shorter
    return "order by" in sql.lower()


def as_in_sqlite(rows: Expected) -> Expected:
    return [tuple(map(_as_in_sqlite, row)) for row in rows]


def _as_in_sqlite(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return float(value)
    return (
        value.isoformat(" ") if isinstance(value, dt.datetime) else str(value) if isinstance(value, dt.date) else value
    )


class Oracles:
    def __init__(self) -> None:
        self._histories = models()
        self._sqlite = SqliteSide()
        self._made = {"ledger_at_3"}
        self._reference = _reference(self._histories)
        for name, rows in PORTABLE.items():
            columns = ", ".join(f"{field.name} {_sqlite_type(field.type)}" for field in rows.schema)
            self._sqlite.add(name, columns, as_in_sqlite(rows.rows))

    def expected(self, case: Case) -> Expected | None:
        """The rows that are right. None: the reference alone knows."""
        if case.oracle == SQLITE:
            return self._sqlite.ask(case.sql)
        if case.oracle == MODEL:
            assert callable(case.expected)
            return case.expected(self._histories)
        assert not callable(case.expected)
        return case.expected

    def reference(self, sql: str) -> Answer:
        sql = _TAGGED.sub("at (version => 3)", sql)
        for name, _, version in _AT.findall(sql):
            self._make(f"{name}_at_{version}", partial(self._histories[name].at, int(version)))
        for name, after in _CHANGES.findall(sql):
            self._make(f"{name}_after_{after}", partial(self._histories[name].changes, int(after)))
        sql = _CHANGES.sub(r"\1_after_\2", _at_tables(sql))
        try:
            return answer(self._reference.ask(sql), is_ordered(sql))
        except duckdb.Error as error:
            raise AssertionError(f"{sql}: {error}") from error

    def _make(self, name: str, rows: Callable[[], pa.Table]) -> None:
        if name not in self._made:
            self._made.add(name)
            self._reference.add(name, rows())

    def close(self) -> None:
        self._sqlite.close()
        self._reference.close()


def _at_tables(sql: str) -> str:
    """With the table of a version in the place of AT."""
    return _AT.sub(r"\1_at_\3\2", sql)


def _sqlite_type(kind: pa.DataType) -> str:
    if pa.types.is_floating(kind):
        return "REAL"
    return "INTEGER" if pa.types.is_integer(kind) or pa.types.is_boolean(kind) else "TEXT"


def _reference(histories: Any) -> Reference:
    made = Reference({})
    made.run("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'")
    for name, rows in {**PORTABLE, **OTHERS, **PAIR}.items():
        made.add(name, rows.table())
    made.add("t", T)
    made.add("u", U)
    for name, columns in TABLES.items():
        made.add(name, typed_rows(columns).cast(answered_schema(columns)))
    made.add("pair", pa.concat_tables([rows.table() for rows in PAIR.values()]))
    for name, history in histories.items():
        made.add(name, history.at(len(history.versions)))
    made.add("ledger_at_3", histories["ledger"].at(3))
    for name, sql in VIEWS.items():
        made.run(f"CREATE VIEW {name} AS {_at_tables(sql)}")
    return made

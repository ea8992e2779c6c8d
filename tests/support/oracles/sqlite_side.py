"""Tables in SQLite, whose answers are compared with those of the engine. See `portable_selects`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

Rows = list[tuple[Any, ...]]


class SqliteSide:
    """`columns`: with types in SQLite's words, such as `a INTEGER, s TEXT`."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(":memory:")
        self._database.execute("PRAGMA case_sensitive_like = ON")

    def add(self, name: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
        places = ", ".join("?" * len(columns.split(",")))
        self._database.execute(f"CREATE TABLE {name} ({columns})")
        self._database.executemany(f"INSERT INTO {name} VALUES ({places})", rows)

    def ask(self, sql: str) -> Rows:
        return self._database.execute(sql).fetchall()

    def close(self) -> None:
        self._database.close()


def listed(table: pa.Table) -> Rows:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def comparable(rows: Rows, ordered: bool) -> Rows:
    return rows if ordered else sorted(rows, key=repr)

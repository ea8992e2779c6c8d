"""Random UPDATE and MERGE statements on a table of several files with dead rows, against SQLite and plain Python."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable import InvalidInput, Lake
from supertable.domain.errors import DuplicateKey
from tests.support.budgets import BUDGET, chance
from tests.support.oracles.merge_model import (
    JOINS,
    OF_TARGET,
    Refused,
    Row,
    assignments,
    merged,
    random_clauses,
    random_sets,
)

TARGET = pa.schema([("id", pa.int64()), ("a", pa.int64()), ("b", pa.int64()), ("s", pa.string())])
SOURCE = pa.schema([("k", pa.int64()), ("v", pa.int64()), ("w", pa.string())])


class Sides:
    """The lake, and the rows as SQLite has them. Every statement must have the same effect on both."""

    def __init__(self, home: Path, choose: random.Random, keyed: bool) -> None:
        self.lake: Lake = supertable.connect(home)
        self.sqlite = sqlite3.connect(":memory:")
        self.choose = choose
        self.keyed = keyed
        self.lake.create_table("t", TARGET, keys=["id"] if keyed else [])
        self.lake.create_table("o", SOURCE)
        self.sqlite.execute("CREATE TABLE t (id INTEGER, a INTEGER, b INTEGER, s TEXT)")
        self.sqlite.execute("CREATE TABLE o (k INTEGER, v INTEGER, w TEXT)")
        for _ in range(3):
            self.append()

    def number(self) -> int | None:
        return self.choose.choice((0, 1, 2, 3, 4, 5, None))

    def text(self) -> str | None:
        return self.choose.choice(("x", "xx", "y", None))

    def append(self) -> None:
        """A file of new rows. Of a table without keys, ids occur several times, and may be null."""
        rows = []
        taken = {row[0] for row in self.sqlite.execute("SELECT id FROM t")}
        free = (number for number in count() if number not in taken)
        for _ in range(self.choose.randint(1, 4)):
            number = next(free) if self.keyed else self.number()
            rows.append((number, self.number(), self.number(), self.text()))
        self.lake.write("t", _table(rows, TARGET))
        self.sqlite.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)

    def new_source(self) -> list[Row]:
        rows = [(self.number(), self.number(), self.text()) for _ in range(self.choose.randint(0, 4))]
        self.lake.write("o", _table(rows, SOURCE), "overwrite")
        self.sqlite.execute("DELETE FROM o")
        self.sqlite.executemany("INSERT INTO o VALUES (?, ?, ?)", rows)
        return rows

    def delete(self) -> None:
        condition = self.choose.choice(OF_TARGET).sql.replace("t.", "")
        self.lake.delete("t", where=condition)
        self.sqlite.execute(f"DELETE FROM t WHERE {condition}")

    def compact(self) -> None:
        self.lake.table("t").compact()

    def update(self) -> None:
        sets = random_sets(self.choose, ["target"], self.keyed)
        where = f" WHERE {self.choose.choice(OF_TARGET).sql}" if self.choose.random() < 0.8 else ""
        self.check(f"UPDATE t SET {assignments(sets)}{where}", lambda sql: self.sqlite.execute(sql))

    def update_from(self) -> None:
        self.new_source()
        sets = random_sets(self.choose, ["target", "source"], self.keyed)
        join = self.choose.choice(JOINS).sql

        def run(sql: str) -> None:
            twice = f"SELECT t.rowid FROM t, o WHERE {join} GROUP BY t.rowid HAVING count(*) > 1"
            if self.sqlite.execute(twice).fetchall():
                raise Refused
            self.sqlite.execute(sql)

        self.check(f"UPDATE t SET {assignments(sets)} FROM o WHERE {join}", run)

    def merge(self) -> None:
        source = self.new_source()
        on, clauses = self.choose.choice(JOINS), random_clauses(self.choose)
        target = self.sqlite.execute("SELECT * FROM t").fetchall()

        def run(_: str) -> None:
            rows = merged(target, source, on, clauses)
            self.sqlite.execute("DELETE FROM t")
            self.sqlite.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)

        self.check(f"MERGE INTO t USING o ON {on.sql} {' '.join(one.sql for one in clauses)}", run)

    def check(self, sql: str, run: Callable[[str], Any]) -> None:
        self.sqlite.commit()
        try:
            run(sql)
            ids = [row[0] for row in self.sqlite.execute("SELECT id FROM t")]
            if self.keyed and len(set(ids)) < len(ids):
                raise Refused
        except Refused:
            self.sqlite.rollback()
            with pytest.raises((InvalidInput, DuplicateKey)):
                self.lake.sql(sql)
        else:
            self.lake.sql(sql)
        found = self.lake.sql("SELECT * FROM t").arrow().to_pylist()
        expected = self.sqlite.execute("SELECT * FROM t").fetchall()
        assert sorted(map(repr, (tuple(row.values()) for row in found))) == sorted(map(repr, expected)), sql


def _table(rows: list[Row], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)


@pytest.mark.parametrize("keyed", [False, True], ids=["without keys", "with keys"])
def test_random_histories(tmp_path: Path, keyed: bool) -> None:
    for number in range(max(BUDGET.histories // 8, 1)):
        choose = chance(f"updates {keyed} {number}")
        sides = Sides(tmp_path / str(number), choose, keyed)
        steps = (sides.update, sides.update_from, sides.merge, sides.merge, sides.append, sides.delete)
        for turn in range(BUDGET.steps // 2):
            choose.choice(steps)()
            if turn % 9 == 8:
                sides.compact()
        sides.lake.close()

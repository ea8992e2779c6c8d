"""Random INSERT and DELETE statements, the same text for the lake and for SQLite: the same rows, or errors on both."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

import supertable
from supertable.domain.errors import DuplicateKey, InvalidSchema
from tests.support.budgets import BUDGET, chance

CONDITIONS = (
    "id = {n}",
    "id > {n} AND s IS NULL",
    "n IN ({n}, {m}) OR s = '{s}'",
    "NOT (n = {n})",
    "id IN (SELECT n FROM t WHERE id < {n})",
    "n < (SELECT avg(n) FROM t)",
    "EXISTS (SELECT 1 FROM t AS o WHERE o.n = t.id AND o.id <> {n})",
    "s LIKE '%{s}%'",
)


class Statements:
    def __init__(self, choose: random.Random) -> None:
        self._choose = choose

    def next(self) -> str:
        forms = (self._values, self._select, self._delete)
        return self._choose.choices(forms, (5, 3, 2))[0]()

    def _number(self) -> str:
        return self._choose.choice(("NULL", *map(str, range(9))))

    def _text(self) -> str:
        return self._choose.choice(("a", "bb", "c d", "''"))

    def _row(self, number: int) -> str:
        text = self._choose.choice(("NULL", f"'{self._text()}'"))
        return f"({number}, {text}, {self._number()})"

    def _values(self) -> str:
        """Keys are distinct within one statement, where the two sides differ in which row of a key wins."""
        keys = self._choose.sample(range(9), self._choose.randint(1, 3))
        return f"{self._head()} VALUES {', '.join(map(self._row, keys))}{self._tail()}"

    def _select(self) -> str:
        shift, least = self._choose.randint(-2, 3), self._choose.randint(0, 8)
        return f"{self._head()} SELECT id + {shift}, s, n FROM t WHERE id > {least}{self._tail()}"

    def _head(self) -> str:
        self._conflict = self._choose.choice(("", "", "OR REPLACE ", "OR IGNORE ", "nothing", "update"))
        words = self._conflict if self._conflict.startswith("OR") else ""
        return f"INSERT {words}INTO t (id, s, n)"

    def _tail(self) -> str:
        tails = {
            "nothing": " ON CONFLICT DO NOTHING",
            "update": " ON CONFLICT (id) DO UPDATE SET s = EXCLUDED.s, n = EXCLUDED.n",
        }
        return tails.get(self._conflict, "")

    def _delete(self) -> str:
        condition = self._choose.choice(CONDITIONS)
        where = condition.format(n=self._choose.randint(0, 8), m=self._choose.randint(0, 8), s=self._text())
        return f"DELETE FROM t WHERE {where}"


def test_statements_have_the_effect_that_they_have_in_sqlite(tmp_path: Path) -> None:
    for number in range(max(BUDGET.histories // 8, 1)):
        run_history(tmp_path / str(number), Statements(chance(f"inserts {number}")))


def run_history(home: Path, statements: Statements) -> None:
    other = sqlite3.connect(":memory:")
    other.execute("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, s TEXT, n INTEGER)")
    with supertable.connect(home) as lake:
        lake.sql("CREATE TABLE t (id BIGINT PRIMARY KEY, s TEXT, n BIGINT)")
        for _ in range(BUDGET.steps // 2):
            sql = statements.next()
            try:
                other.execute(sql)
            except sqlite3.IntegrityError:
                with pytest.raises((DuplicateKey, InvalidSchema)):
                    lake.sql(sql)
            else:
                lake.sql(sql)
            expected = other.execute("SELECT id, s, n FROM t ORDER BY id").fetchall()
            assert lake.sql("SELECT id, s, n FROM t ORDER BY id").fetchall() == expected, sql
    other.close()

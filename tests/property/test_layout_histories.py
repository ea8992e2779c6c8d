"""Random histories of tables whose layout changes: the rows are those of a plain-Python model, whatever is pruned, and
compacted files have rows of one partition.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import supertable
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.budgets import BUDGET, chance

START = date(2023, 1, 30)
DAYS = [*range(5), *range(30, 900, 60)]
SCHEMA = pa.schema([("id", pa.int32()), ("day", pa.date32()), ("name", pa.string()), ("n", pa.int64())])
Row = dict[str, Any]
LAYOUTS: list[tuple[list[str], list[str]]] = [
    ([], []),
    (["month(day)"], ["id DESC"]),
    (["bucket(4, id)"], []),
    (["bucket(3, name)", "year(day)"], ["name", "n DESC"]),
    (["truncate(1, name)"], []),
    (["truncate(500, id)"], ["day"]),
    (["day"], []),
    (["bucket(2, day)"], ["n"]),
]
MODEL: dict[str, Callable[[Row], Any]] = {
    "month(day)": lambda row: row["day"] and (row["day"].year, row["day"].month),
    "year(day)": lambda row: row["day"] and row["day"].year,
    "truncate(1, name)": lambda row: row["name"] and row["name"][:1],
    "truncate(500, id)": lambda row: math.floor(row["id"] / 500),
    "day": lambda row: row["day"],
}
"""What rows of one partition have in common; the model has no buckets."""


class History:
    def __init__(self, home: Path, chance: Random, keyed: bool) -> None:
        self.lake = supertable.connect(home=home)
        self.chance = chance
        self.keyed = keyed
        self.rows: list[Row] = []
        self.versions: dict[int, list[Row]] = {}
        self.layout: tuple[list[str], list[str]] = ([], [])
        self.next = 0
        self.lake.create_table("t", SCHEMA, keys=["id"] if keyed else [])
        self.table = self.lake.table("t")

    def row(self) -> Row:
        chance, self.next = self.chance, self.next + 1
        day = None if chance.random() < 0.1 else START + timedelta(days=chance.choice(DAYS))
        name = None if chance.random() < 0.1 else chance.choice(["", "a", "ab", "b", "é", "日本", "c" * 70])
        return {"id": chance.randrange(-2_000, 2_000), "day": day, "name": name, "n": self.next}

    def some_id(self) -> int:
        return int(self.chance.choice(self.rows)["id"]) if self.rows else 7

    def write(self) -> None:
        rows = [self.row() for _ in range(self.chance.choice([1, 150, 300, 2_500]))]
        if self.keyed:
            last = {row["id"]: row for row in rows}
            self.lake.write("t", pa.Table.from_pylist(rows, SCHEMA), mode="upsert")
            self.rows = [row for row in self.rows if row["id"] not in last] + list(last.values())
        else:
            self.lake.write("t", pa.Table.from_pylist(rows, SCHEMA))
            self.rows = self.rows + rows

    def delete(self) -> None:
        value = self.some_id()
        self.lake.delete("t", where=f"id = {value}")
        self.rows = [row for row in self.rows if row["id"] != value]

    def lay_out(self) -> None:
        self.layout = self.chance.choice(LAYOUTS)
        self.table.set_maintenance(partition_by=self.layout[0], sort_by=self.layout[1])
        info = self.table.info()
        assert (info.partition_by, info.sort_by) == self.layout

    def compact(self) -> None:
        self.table.compact(everything=self.chance.random() < 0.3)
        self.check_files()

    def widen(self) -> None:
        self.table.widen_column("id", pa.int64())

    def restore(self) -> None:
        version = self.chance.choice(sorted(self.versions))
        self.table.restore(version)
        self.rows = self.versions[version]
        self.layout = (self.table.info().partition_by, self.table.info().sort_by)

    def clone(self) -> None:
        self.lake.clone("t", "other")
        assert self.lake.table("other").info().partition_by == self.layout[0]
        assert found(self.lake, "SELECT * FROM other WHERE id = 7") == key_of([r for r in self.rows if r["id"] == 7])
        self.lake.drop("other")

    def step(self) -> None:
        steps = [
            self.write,
            self.write,
            self.write,
            self.delete,
            self.lay_out,
            self.lay_out,
            self.compact,
            self.compact,
        ]
        self.chance.choice([*steps, self.widen, self.restore, self.clone] if self.versions else steps)()
        self.versions[self.table.info().version] = self.rows
        self.check_rows()

    def check_rows(self) -> None:
        number = self.some_id()
        day = START + timedelta(days=self.chance.choice(DAYS))
        name = self.chance.choice(["", "a", "é", "c" * 70, "none"])
        conditions: list[tuple[str, Callable[[Row], Any]]] = [
            ("true", lambda row: True),
            (f"id = {number}", lambda row: row["id"] == number),
            (f"id IN ({number}, 3, {number}, NULL)", lambda row: row["id"] in (number, 3)),
            (f"id = {number}.5", lambda row: False),
            (f"name = '{name}'", lambda row: row["name"] == name),
            (f"name IN ('{name}', 'b') AND id < 0", lambda row: row["name"] in (name, "b") and row["id"] < 0),
            ("name IS NULL", lambda row: row["name"] is None),
            (f"day = DATE '{day}'", lambda row: row["day"] == day),
            (f"day = TIMESTAMP '{day} 10:00:00'", lambda row: False),
            (f"day >= '{day}' AND day < DATE '{day}' + 31", lambda row: in_month(row["day"], day)),
            (f"name = '{name}' OR day IS NULL", lambda row: row["name"] == name or row["day"] is None),
            (f"id IS NOT DISTINCT FROM {number}", lambda row: row["id"] == number),
        ]
        for condition, holds in conditions:
            expected = key_of([row for row in self.rows if holds(row)])
            assert found(self.lake, f"SELECT * FROM t WHERE {condition}") == expected, condition

    def check_files(self) -> None:
        """Each file of the newest version has rows of one partition, and its ranges tell which."""
        table, store = self.table._open(), self.lake._container.store()
        for file in table.snapshot.files.values():
            data = store.read(file.key(table.folder))
            assert data is not None, "compaction writes rows out"
            rows = pq.read_table(pa.BufferReader(data), schema=None).to_pylist()
            for text in self.layout[0]:
                if text in MODEL:
                    assert len({MODEL[text](row) for row in rows}) == 1, text


def in_month(day: date | None, first: date) -> bool:
    return day is not None and first <= day < first + timedelta(days=31)


def key_of(rows: list[Row]) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.values()) for row in rows), key=lambda row: row[3])


def found(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    return key_of(lake.sql(sql).arrow().to_pylist())


@pytest.mark.parametrize("keyed", [False, True], ids=["rows", "keys"])
def test_layouts_change_no_answer(tmp_path: Path, keyed: bool) -> None:
    for number in range(BUDGET.histories // 4):
        history = History(tmp_path / f"{number}", chance(f"layouts {keyed} {number}"), keyed)
        for _ in range(BUDGET.steps // 3):
            history.step()
        history.lake.close()

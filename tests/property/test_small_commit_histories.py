"""Random histories of small commits with changes of columns, compared with a model in plain Python.

Every few steps the lake is opened with another limit of the rows that ride in commit records. The model has each row's
values by the id of their column, so that a column that is dropped and added again is another one.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.budgets import BUDGET, chance

Columns = dict[str, tuple[int, str]]
"""The id and the type of each column, by name, without the key."""
Rows = dict[int, dict[int, Any]]
KINDS = {"int": pa.int32(), "long": pa.int64(), "text": pa.string(), "pair": pa.struct([("a", pa.int16())])}


class History:
    """`versions[i]`: columns and rows of version i + 1, of which those from `oldest` on can be read."""

    def __init__(self, home: Path, random: Random) -> None:
        self.home = home
        self.random = random
        self.lake = self.open()
        self.lake.create_table("t", pa.schema([("k", pa.int64()), ("a", pa.int32())]), keys=["k"])
        self.versions: list[tuple[Columns, Rows]] = [({"a": (1, "int")}, {})]
        self.oldest = 1
        self.ids = 1
        self.clones = 0

    def open(self) -> Lake:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("SUPERTABLE_INLINE_ROWS", str(self.random.choice([0, 2, 100])))
            return supertable.connect(home=self.home)

    def value(self, kind: str) -> Any:
        number = self.random.choice([None, self.random.randrange(100)])
        if number is None:
            return None
        return {"text": f"text {number}", "pair": {"a": number}}.get(kind, number)

    def step(self) -> None:
        columns, rows = dict(self.versions[-1][0]), {key: dict(row) for key, row in self.versions[-1][1].items()}
        table = self.lake.table("t")
        what = self.random.choice(
            ["write"] * 6 + ["delete"] * 3 + ["add", "drop", "rename", "widen", "compact", "vacuum", "restore", "clone"]
        )
        some = self.random.choice(sorted(columns)) if columns else ""
        if what == "write":
            keys = self.random.sample(range(12), self.random.randrange(1, 5))
            new = {key: {number: self.value(kind) for number, kind in columns.values()} for key in keys}
            result: Any = self.lake.write("t", table_of(columns, new), "upsert")
            rows |= new
        elif what == "delete":
            gone = self.random.randrange(12)
            result = self.lake.delete("t", where=f"k = {gone}")
            rows.pop(gone, None)
        elif what == "add" and len(columns) < 5:
            self.ids += 1
            name, kind = self.random.choice([n for n in "abcdef" if n not in columns]), self.random.choice([*KINDS])
            result = table.add_column(name, KINDS[kind])
            columns[name] = self.ids, kind
        elif what == "drop" and len(columns) > 1:
            result = table.drop_column(some)
            del columns[some]
        elif what == "rename" and "z" not in columns:
            result = table.rename_column(some, "z")
            columns["z"] = columns.pop(some)
        elif what == "widen" and columns[some][1] == "int":
            result = table.widen_column(some, pa.int64())
            columns[some] = columns[some][0], "long"
        elif what == "restore":
            version = self.random.randrange(self.oldest, len(self.versions) + 1)
            result = table.restore(version)
            columns, rows = self.versions[version - 1]
        else:
            self.maintain(what)
            return
        self.versions.append((columns, rows))
        assert result.version == len(self.versions)

    def maintain(self, what: str) -> None:
        table = self.lake.table("t")
        if what == "compact":
            result = table.compact(everything=self.random.random() < 0.5)
            self.versions += [self.versions[-1]] * result.commits
        elif what == "vacuum":
            expired = table.vacuum(0, grace=0)
            self.versions += [self.versions[-1]] * (expired.version - len(self.versions))
            self.oldest = expired.oldest
        elif what == "clone":
            version = self.random.randrange(self.oldest, len(self.versions) + 1)
            self.clones += 1
            self.lake.clone("t", f"clone_{self.clones}", version)
            self.check(version, f"clone_{self.clones}")
            self.lake.drop(f"clone_{self.clones}")

    def check(self, version: int, source: str) -> None:
        columns, rows = self.versions[version - 1]
        found = self.lake.sql(f"SELECT k, {', '.join(columns)} FROM {source} ORDER BY k").arrow().to_pylist()
        expected = [
            {"k": key, **{name: rows[key].get(number) for name, (number, _) in columns.items()}} for key in sorted(rows)
        ]
        assert found == expected, (source, version)


def table_of(columns: Columns, rows: Rows) -> pa.Table:
    schema = pa.schema([("k", pa.int64()), *((name, KINDS[kind]) for name, (_, kind) in columns.items())])
    lists = [list(rows), *([row[number] for row in rows.values()] for number, _ in columns.values())]
    return pa.table(lists, schema=schema)


@pytest.mark.parametrize("number", range(max(BUDGET.histories // 4, 1)))
def test_small_commits_with_changes_of_columns(home: Path, number: int) -> None:
    random = chance(f"small commits {number}")
    history = History(home, random)
    for step in range(BUDGET.steps):
        history.step()
        newest = len(history.versions)
        history.check(newest, "t")
        version = random.randrange(history.oldest, newest + 1)
        history.check(version, f"t AT (VERSION => {version})")
        if step % 10 == 9:
            assert history.lake.fsck().sound
            history.lake.close()
            history.lake = history.open()
    history.lake.close()

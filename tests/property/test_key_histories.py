"""Random histories of tables with keys of every type, beside a dict: each write finds exactly the rows with its keys.

Two lakes on one folder stand for two processes: each has an index of its own, and sees what the other commits. Some
histories have no index at all, and some have room for a few keys only.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from tests.support.budgets import BUDGET, chance

DAY = dt.date(2026, 11, 30)
ZONED = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Kind:
    """The key columns of a table. `pools`: the values of each. `wider`: a wider type of the first one."""

    types: tuple[pa.DataType, ...]
    pools: tuple[list[Any], ...]
    wider: pa.DataType | None = None


def one(kind: pa.DataType, pool: list[Any], wider: pa.DataType | None = None) -> Kind:
    return Kind((kind,), ([*pool, None],), wider)


KINDS = {
    "int8": one(pa.int8(), [-128, -1, 0, 1, 2, 127], pa.int32()),
    "int32": one(pa.int32(), [-(2**31), -1, 0, 1, 2, 3, 2**31 - 1], pa.int64()),
    "int64": one(pa.int64(), [-(2**63), -1, 0, 1, 2, 2**63 - 1]),
    "uint32": one(pa.uint32(), [0, 1, 2, 3, 2**31, 2**32 - 1], pa.int64()),
    "uint64": one(pa.uint64(), [0, 1, 2, 2**63 - 1, 2**63, 2**64 - 1]),
    "bool": one(pa.bool_(), [True, False]),
    "float32": one(pa.float32(), [0.0, -0.0, 0.5, -0.5, math.nan, math.inf, -math.inf], pa.float64()),
    "float64": one(pa.float64(), [0.0, -0.0, 0.1, -5e-324, math.nan, math.inf, 1e300]),
    "decimal": one(pa.decimal128(6, 2), [Decimal("0"), Decimal("-9.99"), Decimal("9999.99")], pa.decimal128(12, 4)),
    "decimal to wide": one(pa.decimal128(18, 2), [Decimal("1.5"), Decimal("-2.25")], pa.decimal128(38, 4)),
    "wide decimal": one(pa.decimal128(38, 5), [Decimal("1e30"), Decimal("-1e30"), Decimal("0.00001")]),
    "date": one(pa.date32(), [DAY, dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1970, 1, 1)], pa.timestamp("us")),
    "time": one(pa.time32("ms"), [dt.time(0), dt.time(12, 30), dt.time(23, 59, 59, 999000)], pa.time64("us")),
    "timestamp": one(pa.timestamp("ms"), [dt.datetime(1970, 1, 1), dt.datetime(2026, 1, 2)], pa.timestamp("us")),
    "nanoseconds": one(pa.timestamp("ns"), [dt.datetime(1970, 1, 1), dt.datetime(2026, 1, 2, 3, 4, 5, 6)]),
    "instant": one(pa.timestamp("us", "UTC"), [ZONED, ZONED + dt.timedelta(microseconds=1)]),
    "text": one(pa.string(), ["", "a", "A", "a ", "a\0", "é", "e\u0301", "ß", "ss", "x" * 300]),
    "binary": one(pa.binary(), [b"", b"\0", b"\0\0", b"a", b"\xff"]),
    "pair": Kind((pa.int32(), pa.string()), ([0, 1, None], ["", "a", "b", None]), pa.int64()),
    "floats": Kind((pa.float64(), pa.date32()), ([0.0, -0.0, math.nan, None], [DAY, None])),
}


def normal(value: Any) -> Any:
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value + 0.0
    return value


def comparable(key: tuple[Any, ...], wide: bool) -> tuple[Any, ...]:
    """As a table returns it, with dates that became timestamps as dates again."""
    if wide and isinstance(key[0], dt.datetime):
        return tuple(map(normal, (key[0].date() if key[0].time() == dt.time(0) else key[0], *key[1:])))
    return tuple(map(normal, key))


@dataclass
class History:
    kind: Kind
    choose: random.Random
    lakes: list[Lake]
    sequenced: bool
    names: list[str] = field(default_factory=list)
    rows: dict[tuple[Any, ...], tuple[Any, ...]] = field(default_factory=dict)
    versions: dict[int, tuple[dict[Any, Any], list[str], bool]] = field(default_factory=dict)
    table: str = "t"
    wide: bool = False
    clones: int = 0

    def begin(self) -> None:
        self.names = [f"k{number}" for number in range(len(self.kind.types))]
        columns = [*zip(self.names, self.kind.types, strict=True), ("seq", pa.int64()), ("value", pa.int64())]
        sequence = "seq" if self.sequenced else None
        self.lakes[0].create_table("t", pa.schema(columns), keys=self.names, sequence=sequence)
        self.remember()

    def remember(self) -> None:
        version = self.lakes[0].table(self.table).info().version
        self.versions[version] = (dict(self.rows), [*self.names], self.wide)

    def step(self) -> None:
        actions = (self.upsert, self.delete, self.rename, self.widen, self.compact, self.restore, self.clone)
        self.choose.choices(actions, (10, 5, 1, 1, 2, 2, 1))[0](self.choose.choice(self.lakes))
        self.remember()

    def some_keys(self) -> list[tuple[Any, ...]]:
        count = self.choose.randint(1, 4)
        drawn = [tuple(map(self.choose.choice, self.kind.pools)) for _ in range(count)]
        return list({comparable(key, False): key for key in drawn}.values())

    def key_columns(self, keys: list[tuple[Any, ...]]) -> dict[str, pa.Array]:
        columns = zip(self.names, self.kind.types, zip(*keys, strict=True), strict=True)
        return {name: pa.array(values, kind) for name, kind, values in columns}

    def upsert(self, lake: Lake) -> None:
        keys = self.some_keys()
        sequences = [self.choose.choice((None, -(2**62), 1, 2, 3)) for _ in keys]
        values = [self.choose.randrange(1000) for _ in keys]
        table = self.key_columns(keys) | {"seq": pa.array(sequences, pa.int64()), "value": pa.array(values)}
        lake.write(self.table, pa.table(table), mode="upsert")
        for key, sequence, value in zip(keys, sequences, values, strict=True):
            name = comparable(key, False)
            old = self.rows.get(name, (None, None))[0]
            if not self.sequenced or old is None or (sequence is not None and sequence >= old):
                self.rows[name] = (sequence, value)

    def delete(self, lake: Lake) -> None:
        keys = self.some_keys()
        gone = lake.delete(self.table, keys=pa.table(self.key_columns(keys)))
        present = [key for key in (comparable(key, False) for key in keys) if key in self.rows]
        assert gone.rows_deleted == len(present)
        for key in present:
            del self.rows[key]

    def rename(self, lake: Lake) -> None:
        old, new = self.names[0], f"k0_{self.choose.randrange(10**6)}"
        lake.table(self.table).rename_column(old, new)
        self.names[0] = new

    def widen(self, lake: Lake) -> None:
        if self.kind.wider is not None and not self.wide:
            lake.table(self.table).widen_column(self.names[0], self.kind.wider)
            self.wide = True

    def compact(self, lake: Lake) -> None:
        lake.table(self.table).compact(everything=True)

    def restore(self, lake: Lake) -> None:
        version = self.choose.choice(list(self.versions))
        lake.table(self.table).restore(version)
        rows, names, self.wide = self.versions[version]
        self.rows, self.names = dict(rows), [*names]

    def clone(self, lake: Lake) -> None:
        self.clones += 1
        version = self.choose.choice(list(self.versions))
        lake.clone(self.table, f"t{self.clones}", version=version)
        rows, names, self.wide = self.versions[version]
        self.rows, self.names, self.versions = dict(rows), [*names], {}
        self.table = f"t{self.clones}"

    def check(self) -> None:
        lake = self.choose.choice(self.lakes)
        found = lake.table(self.table).to_arrow()
        columns = [found[name].to_pylist() for name in (*self.names, "seq", "value")]
        rows = [(comparable(row[:-2], self.wide), row[-2:]) for row in zip(*columns, strict=True)]
        assert len(rows) == len(self.rows)
        assert dict(rows) == {comparable(key, self.wide): value for key, value in self.rows.items()}


@pytest.mark.parametrize("name", KINDS)
def test_writes_find_exactly_the_rows_with_their_keys(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(max(BUDGET.histories // 8, 1)):
        choose = chance(f"keys {name} {number}")
        monkeypatch.setenv("SUPERTABLE_KEY_INDEX_BYTES", choose.choice(("268435456", "268435456", "0", "2000")))
        home = tmp_path / str(number)
        with supertable.connect(home) as one, supertable.connect(home) as other:
            history = History(KINDS[name], choose, [one, other], sequenced=choose.random() < 0.4)
            history.begin()
            for _ in range(BUDGET.steps // 3):
                history.step()
                history.check()

"""Random histories of tables with columns of every type in partitions, buckets and sort orders, with their extreme
values: a condition finds the rows that it is true for in a plain-Python model, whatever is pruned.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.application.storage.snapshot_files import folding
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.budgets import BUDGET, chance

Row = dict[str, Any]
Holds = Callable[[Row], bool | None]
_MOMENTS = [datetime(1970, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 999_000), datetime(2024, 2, 29, 12)]
_MOMENTS += [datetime(1900, 1, 1), datetime(2024, 3, 1, 0, 0, 0, 1_000)]
_DIGITS = [Decimal(each) for each in ("0", "-0.01", "99.99", "-99.99", "1.5", "7")]
_TEXTS = ["", " ", "a", "A", "ab", "é", "e\u0301", "日本", "\U0001f600", "\x00", "a\x00", "c" * 70, "c" * 300]
POOLS: dict[pa.DataType, list[Any]] = {
    pa.int8(): [-128, 127, 0, -1, 7],
    pa.int32(): [-(2**31), 2**31 - 1, 0, -1, 7, 255],
    pa.int64(): [-(2**63), 2**63 - 1, 0, -1, 7, 2**53, 2**53 + 1],
    pa.uint64(): [0, 2**64 - 1, 2**63, 2**63 - 1, 7],
    pa.bool_(): [True, False],
    pa.float64(): [0.0, -0.0, 1.5, math.nan, math.inf, -math.inf, 5e-324],
    pa.decimal128(4, 2): _DIGITS,
    pa.decimal128(30, 4): [*_DIGITS, Decimal("12345678901234567890123456.7891"), Decimal("1844674407370955.1616")],
    pa.string(): [*_TEXTS, "c" * 299 + "d", "NULL", "'", '"', "\uffff", "\U0010ffff"],
    pa.binary(): [b"", b"\0", b"a", b"ab", b"\xff" * 9, b"abcdefgh", b"abcdefghi"],
    pa.date32(): [date(1970, 1, 1), date(1969, 12, 31), date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29)],
    pa.timestamp("s"): [each.replace(microsecond=0) for each in _MOMENTS],
    pa.timestamp("us"): [*_MOMENTS, datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)],
    pa.timestamp("ns"): _MOMENTS,
    pa.timestamp("us", "UTC"): [each.replace(tzinfo=UTC) for each in _MOMENTS],
    pa.time64("us"): [time(0), time(23, 59, 59, 999_999), time(12), time(0, 0, 0, 1)],
}
NAMES = ["c", "C two", 'q"t', "ünï", "select", "day", "n()", "a,b", "x desc"]
TRANSFORMS = ["{}", "truncate(3, {})", "truncate(1000000, {})", "year({})", "month({})", "day({})", "hour({})"]
TRANSFORMS += ["bucket(1, {})", "bucket(3, {})", *["bucket(16, {})"] * 5]
OPERATORS: dict[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "<>": lambda order: order != 0,
    "<": lambda order: order < 0,
    ">=": lambda order: order >= 0,
}


class History:
    def __init__(self, home: Path, chance: Random, keyed: bool) -> None:
        self.chance, self.keyed = chance, keyed
        kinds, names = chance.sample(list(POOLS), 3), chance.sample(NAMES, 3)
        self.columns = {"id": pa.int64(), **dict(zip(names, kinds, strict=True)), "n": pa.int64()}
        self.rows: list[Row] = []
        self.last = 0
        self.laid_out: list[str] = ["id"]
        self.lake: Lake = supertable.connect(home=home)
        self.schema = pa.schema(list(self.columns.items()))
        self.lake.create_table("t", self.schema, keys=["id"] if keyed else [])
        self.write(1_200)

    def row(self) -> Row:
        self.last += 1
        cells = {name: self.cell(kind) for name, kind in self.columns.items()}
        return {**cells, "id": self.chance.randrange(-400, 400), "n": self.last}

    def cell(self, kind: pa.DataType) -> Any:
        return None if self.chance.random() < 0.1 else self.chance.choice(POOLS[kind])

    def write(self, count: int) -> None:
        rows = [self.row() for _ in range(count)]
        self.lake.write("t", pa.Table.from_pylist(rows, self.schema), mode="upsert" if self.keyed else "append")
        kept = [row for row in self.rows if row["id"] not in {new["id"] for new in rows}] if self.keyed else self.rows
        self.rows = kept + (list({row["id"]: row for row in rows}.values()) if self.keyed else rows)

    def delete(self) -> None:
        sql, parameters, holds = self.condition()
        self.lake.sql(f"DELETE FROM t WHERE {sql}", parameters)
        self.rows = [row for row in self.rows if not holds(row)]

    def lay_out(self) -> None:
        self.laid_out = self.some_columns()
        fields = [self.chance.choice(TRANSFORMS).format(quoted(name)) for name in self.laid_out]
        order = [quoted(name) + self.chance.choice(["", " DESC"]) for name in self.some_columns()]
        partitions: list[str] = []
        for each in fields:
            try:
                self.lake.table("t").set_maintenance(partition_by=[*partitions, each], sort_by=order)
                partitions.append(each)
            except supertable.SupertableError as error:
                assert "rows cannot be partitioned by" in str(error)
        self.lake.table("t").compact(everything=True)

    def compact(self) -> None:
        self.lake.table("t").compact(everything=self.chance.random() < 0.5)

    def some_columns(self) -> list[str]:
        return self.chance.sample(list(self.columns), self.chance.randrange(1, 3))

    def value(self, name: str) -> Any:
        """One that a row has, or any other."""
        known = [row[name] for row in self.chance.sample(self.rows, min(5, len(self.rows))) if row[name] is not None]
        return self.chance.choice(known or POOLS[self.columns[name]])

    def condition(self) -> tuple[str, list[Any], Holds]:
        name = self.chance.choice(self.laid_out if self.chance.random() < 0.7 else list(self.columns))
        values = [self.value(name) for _ in range(3)]
        one, other, _ = values
        operator = self.chance.choice(["=", *OPERATORS])
        passes = OPERATORS[operator]
        column = quoted(name)

        def either(row: Row) -> bool:
            value = row[name]
            return compared(value, one, is_zero) or (-9 <= row["id"] <= 30 and compared(value, other, is_zero))

        forms: list[tuple[str, list[Any], Holds]] = [
            (f"{column} {operator} ?", [one], lambda row: compared(row[name], one, passes)),
            (f"{column} IN (?, ?, ?)", values, lambda row: any(compared(row[name], each, is_zero) for each in values)),
            (f"{column} IN (?, NULL)", [one], lambda row: compared(row[name], one, is_zero)),
            (f"{column} IS NULL", [], lambda row: row[name] is None),
            (f"{column} IS NOT DISTINCT FROM ?", [one], lambda row: compared(row[name], one, is_zero)),
            (f"{column} = ? OR id BETWEEN -9 AND 30 AND {column} = ?", [one, other], either),
        ]
        return self.chance.choice(forms)

    def step(self) -> None:
        write = partial(self.write, self.chance.choice([1, 30, 1_200]))
        steps: list[Callable[[], None]] = [write, write, self.lay_out, self.lay_out, self.compact, self.delete]
        self.chance.choice(steps)()
        assert self.found("true", []) == sorted(row["n"] for row in self.rows)
        for _ in range(8):
            sql, parameters, holds = self.condition()
            assert self.found(sql, parameters) == sorted(row["n"] for row in self.rows if holds(row)), (sql, parameters)

    def found(self, condition: str, parameters: list[Any]) -> list[int]:
        return sorted(self.lake.sql(f"SELECT n FROM t WHERE {condition}", parameters).arrow()["n"].to_pylist())


def is_zero(order: int) -> bool:
    return order == 0


def compared(value: Any, other: Any, passes: Callable[[int], bool]) -> bool:
    """False where SQL says null. Not a number is equal to itself, and greater than all numbers."""
    if value is None:
        return False
    one, two = ordered(value), ordered(other)
    return passes((one > two) - (one < two))


def ordered(value: Any) -> Any:
    if isinstance(value, float):
        return (math.isnan(value), 0.0 if math.isnan(value) else value)
    return value.encode() if isinstance(value, str) else value


def quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


@pytest.mark.parametrize(
    ("keyed", "changes"), [(False, 0), (True, folding.MOST_CHANGES)], ids=["rows_in_arrays", "keys_in_objects"]
)
def test_no_layout_of_any_type_changes_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyed: bool, changes: int
) -> None:
    monkeypatch.setattr(folding, "MOST_CHANGES", changes)
    for number in range(max(1, BUDGET.histories // 8)):
        history = History(tmp_path / f"{number}", chance(f"typed layouts {keyed} {changes} {number}"), keyed)
        for _ in range(BUDGET.steps // 4):
            history.step()
        assert history.lake.fsck().findings == ()
        history.lake.close()

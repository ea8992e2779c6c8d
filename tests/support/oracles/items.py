"""A table whose history has changes of all kinds, for `TwoLakes`, and its rows for the role in plain Python.

Few different texts; the greatest numbers in the last file; a number that was widened; a file that is all null in one
column; the first and last days that the table can hold; NaN and infinity; deletes and updates by condition.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from supertable import Lake
from tests.support.oracles.table_history import TableHistory

FIRST = pa.schema(
    [
        ("id", pa.int64()),
        ("side", pa.string()),
        ("tag", pa.string()),
        ("n", pa.int32()),
        ("k", pa.int16()),
        ("day", pa.date32()),
        ("f", pa.float64()),
    ]
)
WIDENED = FIRST.set(3, pa.field("n", pa.int64()))
LAST = WIDENED.append(pa.field("late", pa.int64()))
VISIBLE = "side = 'open'"

TAGS = ("a", "b", "b", None, "", "5")
DAYS = (dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1970, 1, 1), dt.date(2024, 2, 29), None)
FLOATS = (1.5, math.nan, math.inf, -math.inf, None, 2.0, -3.25)


def items(ids: Iterable[int], schema: pa.Schema, plus: int = 0, no_k: bool = False, tag: str | None = None) -> pa.Table:
    """Items with these ids. One in five is hidden, and has extreme values. `tag`: of all of them."""
    rows = [_item(number, plus) for number in ids]
    for row in rows:
        row |= {"k": None} if no_k else {}
        row |= {"tag": tag} if tag is not None else {}
    return pa.Table.from_pylist(rows, schema)


def _item(number: int, plus: int) -> dict[str, Any]:
    visible = number % 5 != 4
    return {
        "id": number,
        "side": "open" if visible else ("HIDDEN", None)[number % 2],
        "tag": TAGS[number % len(TAGS)] if visible else "poison",
        "n": (number + plus if number % 7 else None) if visible else (-(2**31), 2**31 - 1)[number % 2],
        "k": number % 9 - 4 if number % 11 else None,
        "day": DAYS[number % len(DAYS)],
        "f": FLOATS[number % len(FLOATS)],
        "late": number * 3,
    }


def fill_items(lake: Lake, whole: bool) -> None:
    """Versions: 1 is created, 2 and 3 append, 4 deletes, 5 widens n, 6 appends, 7 replaces some rows, 8 adds a column,
    9 appends, 10 deletes."""

    def part(rows: pa.Table) -> pa.Table:
        return rows if whole else visible_items(rows)

    lake.create_table("items", FIRST)
    lake.write("items", part(items(range(30), FIRST)))
    lake.write("items", part(items(range(30, 60), FIRST, no_k=True)))
    lake.delete("items", where="id BETWEEN 10 AND 14")
    lake.table("items").widen_column("n", pa.int64())
    lake.write("items", part(items(range(60, 90), WIDENED, plus=3_000_000_000)))
    lake.write("items", part(items(range(200, 206), WIDENED, tag="b")), mode="overwrite", where="tag = 'b'")
    lake.table("items").add_column("late", pa.int64())
    lake.write("items", part(items(range(90, 120), LAST, plus=2**40)))
    lake.delete("items", where="id % 10 = 3 OR f > 1e300")


def visible_items(rows: pa.Table) -> pa.Table:
    return pa.Table.from_pylist([row for row in rows.to_pylist() if row["side"] == "open"], rows.schema)


def items_history() -> TableHistory:
    """The visible rows. NaN is above all numbers."""
    history = TableHistory(FIRST)
    history.write(visible_items(items(range(30), FIRST)))
    history.write(visible_items(items(range(30, 60), FIRST, no_k=True)))
    history.delete(lambda row: 10 <= row["id"] <= 14)
    history.change(WIDENED)
    history.write(visible_items(items(range(60, 90), WIDENED, plus=3_000_000_000)))
    history.write(visible_items(items(range(200, 206), WIDENED, tag="b")), where=lambda row: row["tag"] == "b")
    history.change(LAST)
    history.write(visible_items(items(range(90, 120), LAST, plus=2**40)))
    history.delete(lambda row: row["id"] % 10 == 3 or (row["f"] is not None and not row["f"] <= 1e300))
    return history

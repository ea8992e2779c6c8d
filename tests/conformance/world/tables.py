"""The rows of the tables that do not change their columns, as plain Python, and the types of their columns.

`PORTABLE` tables are in SQLite, too: they hold whole numbers, fractions that floats hold exactly, text and days.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Rows:
    """`files`: how many writes the rows come in."""

    schema: pa.Schema
    rows: list[Row]
    files: int = 3

    def table(self) -> pa.Table:
        columns = zip(*self.rows, strict=True) if self.rows else ([] for _ in self.schema)
        return pa.table([list(column) for column in columns], schema=self.schema)


def _schema(**columns: Any) -> pa.Schema:
    return pa.schema(list(columns.items()))


INT, TEXT, FLOAT, BOOL, DAY = pa.int64(), pa.string(), pa.float64(), pa.bool_(), pa.date32()
DATE = dt.date

WEATHER = [
    ("Oslo", "2024-01-01", -5, 1, 0.0),
    ("Oslo", "2024-01-02", -8, -2, 1.5),
    ("Rome", "2024-01-01", 4, 12, 0.25),
    ("Rome", "2024-01-02", 6, 14, None),
    ("Rome", "2024-02-01", 7, 15, 3.0),
    ("Cairo", "2024-01-01", 11, 20, 0.0),
    ("Cairo", "2024-02-01", 13, None, 0.0),
]
CITIES = [("Oslo", "NO", 59.5), ("Rome", "IT", 41.5), ("Lima", "PE", -12.0)]
NUMBERS = [(number, number * number, "even" if number % 2 == 0 else "odd") for number in range(1, 9)]
SHOPS = [(1, "Nord", "Oslo"), (2, "Sud", "Rome"), (3, "Ost", None), (4, "West", "Rome"), (None, "Web", "")]
ITEMS = ("pen", "cup", "hat", None)
SALES = [
    (
        number,
        (1, 2, 2, 3, None, 9)[number % 6],
        ITEMS[number * 7 % 4],
        number * 5 % 11 - 2 if number % 8 else None,
        (number * 13 % 40) * 0.25,
        DATE(2024, 1, 28) + dt.timedelta(days=number * 3 % 50),
    )
    for number in range(1, 41)
]
TREE = [(1, None, "root"), (2, 1, "a"), (3, 1, "b"), (4, 2, "aa"), (5, 2, "ab"), (6, 4, "aaa"), (7, 3, "ba")]
LINKS = [("a", "b", 1), ("b", "c", 2), ("a", "c", 5), ("c", "d", 1), ("d", "b", 4), ("e", "e", 0)]
TRUTHS = [(number, (True, False, None)[number // 3], (True, False, None)[number % 3]) for number in range(9)]
LEFT = [(1, "a"), (2, "b"), (2, "c"), (None, "d"), (4, "e")]
RIGHT = [(2, "x"), (2, "y"), (None, "z"), (4, "w"), (5, None)]
WORDS = [
    (1, "apple pie"), (2, "Apple"), (3, ""), (4, None), (5, "  spaced out "), (6, "a,b,,c"), (7, "100%"),
    (8, "under_score"), (9, "tab\there"), (10, "it's"), (11, "aaa"), (12, "back\\slash"),
]  # fmt: skip

PORTABLE = {
    "weather": Rows(_schema(city=TEXT, day=TEXT, lo=INT, hi=INT, rain=FLOAT), WEATHER, 2),
    "cities": Rows(_schema(name=TEXT, country=TEXT, lat=FLOAT), CITIES, 1),
    "numbers": Rows(_schema(n=INT, sq=INT, kind=TEXT), NUMBERS, 2),
    "sales": Rows(_schema(id=INT, shop=INT, item=TEXT, qty=pa.int32(), price=FLOAT, day=DAY), SALES, 3),
    "shops": Rows(_schema(shop=INT, name=TEXT, city=TEXT), SHOPS, 1),
    "tree": Rows(_schema(node=INT, parent=INT, name=TEXT), TREE, 1),
    "links": Rows(_schema(src=TEXT, dst=TEXT, cost=INT), LINKS, 1),
    "truths": Rows(_schema(id=INT, p=BOOL, q=BOOL), TRUTHS, 2),
    "l": Rows(_schema(k=INT, v=TEXT), LEFT, 1),
    "r": Rows(_schema(k=INT, w=TEXT), RIGHT, 2),
    "words": Rows(_schema(id=INT, s=TEXT), WORDS, 2),
    "many": Rows(_schema(id=INT, n=INT, s=TEXT), [(n, n * 37 % 100, f"w{n % 7}") for n in range(20)], 20),
    "vacant": Rows(_schema(id=INT, s=TEXT), [], 0),
}

_PLUS2 = dt.timezone(dt.timedelta(hours=2))
FLOATS = [(1, 1.5, 0.5), (2, math.nan, math.nan), (3, math.inf, -0.0), (4, -math.inf, 0.0), (5, None, None),
          (6, -0.0, 2.0), (7, 0.0, -math.inf), (8, 1e300, math.inf)]  # fmt: skip
MOMENTS = [
    (1, DATE(2024, 2, 29), dt.time(23, 59, 59, 999_999), dt.datetime(2024, 2, 29, 23, 59, 59, 999_999),
     dt.datetime(2024, 3, 31, 2, 30, tzinfo=_PLUS2)),
    (2, DATE(1969, 12, 31), dt.time(0), dt.datetime(1969, 12, 31, 12), dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
    (3, DATE(2000, 1, 1), dt.time(12, 30), dt.datetime(2000, 1, 1, 0, 0, 0, 1), dt.datetime(2000, 1, 1, tzinfo=_PLUS2)),
    (4, None, None, None, None),
    (5, DATE(2024, 12, 30), dt.time(1, 2, 3), dt.datetime(2024, 12, 30, 1, 2, 3), dt.datetime(2024, 12, 30,
                                                                                          tzinfo=dt.UTC)),
]  # fmt: skip
NESTED = [
    (1, [3, 1, 2], {"x": 1, "y": "a"}, [("k", 1), ("j", 2)], [{"n": 1, "tags": ["p", "q"]}, {"n": 2, "tags": []}]),
    (2, [], {"x": None, "y": None}, [], []),
    (3, None, None, None, None),
    (4, [None, 5], {"x": 4, "y": ""}, [("k", None)], [None, {"n": None, "tags": None}]),
    (5, [5, 5], {"x": 1, "y": "b"}, [("z", -1)], [{"n": 3, "tags": ["q", None]}]),
]
MONEY = [
    (1, "a", Decimal("10.25"), Decimal("99999999999999999999999999.99")),
    (2, "a", Decimal("-0.75"), Decimal("0.01")),
    (3, "b", None, Decimal("-99999999999999999999999999.99")),
    (4, "b", Decimal("0.00"), None),
    (5, None, Decimal("1234567.89"), Decimal("1.00")),
]
_ELEMENT = pa.struct([("n", pa.int64()), ("tags", pa.list_(TEXT))])

OTHERS = {
    "floats": Rows(_schema(id=INT, f=FLOAT, g=pa.float32()), FLOATS, 2),
    "moments": Rows(_schema(id=INT, d=DAY, t=pa.time64("us"), ts=pa.timestamp("us"), tz=pa.timestamp("us", "UTC")),
                    MOMENTS, 2),
    "nested": Rows(_schema(id=INT, l=pa.list_(INT), st=pa.struct([("x", INT), ("y", TEXT)]), m=pa.map_(TEXT, INT),
                           e=pa.list_(_ELEMENT)), NESTED, 2),
    "money": Rows(_schema(id=INT, who=TEXT, amount=pa.decimal128(9, 2), large=pa.decimal128(28, 2)), MONEY, 2),
    "cards": Rows(_schema(id=INT, card=TEXT, owner=TEXT, email=TEXT),
                  [(n, f"****{n * 1111}"[:8], "somebody", None) for n in range(1, 7)], 2),
}  # fmt: skip

T = pa.table(
    {
        "a": pa.array([1, 2, 3, 4, None, 6], pa.int64()),
        "b": pa.array([1.5, -0.0, None, 4.25, 5.0, 6.5], pa.float64()),
        "s": pa.array(["x", "y", None, "Ünï", "it's", "x"], pa.string()),
        "d": pa.array([dt.date(2024, 1, day) for day in range(1, 7)], pa.date32()),
        "ts": pa.array([dt.datetime(2024, 1, day, 12) for day in range(1, 7)], pa.timestamp("us")),
        "n": pa.array([Decimal("1.10"), Decimal("2.20"), None, Decimal("-4.40"), Decimal("5.5"), Decimal(0)]),
        "l": pa.array([[1, 2], [], None, [3], [4, None], [5]], pa.list_(pa.int64())),
        "st": pa.array([{"x": i, "y": f"v{i}"} for i in range(6)], pa.struct([("x", pa.int64()), ("y", pa.string())])),
        "m": pa.array([[("k", i)] for i in range(6)], pa.map_(pa.string(), pa.int64())),
        "flag": pa.array([True, False, None, True, False, True]),
    }
)
U = pa.table({"a": pa.array([1, 2, 2, 7], pa.int64()), "c": pa.array(["p", "q", "r", None], pa.string())})

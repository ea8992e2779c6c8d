"""A small table of odd values: nulls, empty texts, wildcards, quotes, NaN, the least and the greatest numbers."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("Name", pa.string()),
        ("Other", pa.string()),
        ("Qty", pa.int32()),
        ("Big", pa.int64()),
        ("Huge", pa.uint64()),
        ("Price", pa.decimal128(10, 2)),
        ("Rate", pa.float64()),
        ("Ratio", pa.float32()),
        ("Flag", pa.bool_()),
        ("Day", pa.date32()),
        ("At", pa.timestamp("us")),
        ("Seen", pa.timestamp("us", "UTC")),
        ("Clock", pa.time64("us")),
        ("Tags", pa.list_(pa.string())),
        ("Sizes", pa.list_(pa.int32())),
        ("Address", pa.struct([("City", pa.string()), ("Zip", pa.int32())])),
        ("Lines", pa.list_(pa.struct([("Sku", pa.string()), ("N", pa.int32())]))),
    ]
)
TEXTS = (None, "", "a", "A", "ab", "b%_", "'quoted'", "añ😀c", " spaced ", "100%", "a_b", "select", "ß", "zz\\", "\n")
INTEGERS = (None, 0, 1, -1, 2, 7, -8, 100, 2**31 - 1, -(2**31))
BIGS = (None, 0, 1, -1, 5, 2**53 + 1, 2**63 - 1, -(2**63), 1000, -1000)
HUGES = (None, 0, 1, 2**64 - 1, 2**63, 10)
PRICES = tuple(
    None if text is None else Decimal(text)
    for text in (None, "0.00", "1.50", "-1.50", "2.25", "99999999.99", "-99999999.99", "0.01")
)
RATES = (None, 0.0, -0.0, 1.5, -1.5, 2.5, math.nan, math.inf, -math.inf, 1e300, 0.1, 3.0)
RATIOS = (None, 0.0, 0.5, -2.25, math.nan, math.inf, 3.0, 1.5)
DAYS = tuple(
    None if text is None else dt.date.fromisoformat(text)
    for text in (None, "2020-02-29", "1999-12-31", "0001-01-01", "9999-12-31", "1970-01-01", "2020-03-01")
)
MOMENTS = tuple(
    None if text is None else dt.datetime.fromisoformat(text)
    for text in (
        None,
        "2020-02-29T23:59:59.999999",
        "1970-01-01T00:00:00",
        "1969-12-31T23:59:59.5",
        "2024-06-01T12:30:45.123456",
        "2020-02-29T00:00:00",
    )
)
CLOCKS = tuple(
    None if text is None else dt.time.fromisoformat(text)
    for text in (None, "00:00:00", "23:59:59.999999", "12:30:45.5", "01:02:03")
)
LISTS: tuple[Any, ...] = (None, [], ["a"], ["a", "b"], [None], ["", "A", None], ["b%_", "a"])
SIZES: tuple[Any, ...] = (None, [], [1], [0, -1, 2**31 - 1], [None, 7], [1, 1])
ADDRESSES = (
    None,
    {"City": "a", "Zip": 1},
    {"City": None, "Zip": 2},
    {"City": "", "Zip": None},
    {"City": "ab", "Zip": -8},
)
LINES: tuple[Any, ...] = (
    None,
    [],
    [{"Sku": "a", "N": 1}],
    [{"Sku": "b", "N": None}, {"Sku": "a", "N": 7}],
    [{"Sku": None, "N": 0}],
    [None],
)
_CHOICES: dict[str, tuple[Any, ...]] = {
    "Name": TEXTS,
    "Other": TEXTS[3:] + TEXTS[:3],
    "Qty": INTEGERS,
    "Big": BIGS,
    "Huge": HUGES,
    "Price": PRICES,
    "Rate": RATES,
    "Ratio": RATIOS,
    "Flag": (None, True, False),
    "Day": DAYS,
    "At": MOMENTS,
    "Seen": MOMENTS[1:] + MOMENTS[:1],
    "Clock": CLOCKS,
    "Tags": LISTS,
    "Sizes": SIZES,
    "Address": ADDRESSES,
    "Lines": LINES,
}
COUNT = 45


def odd_rows() -> list[dict[str, Any]]:
    """The rows as Python values; moments have no zone and are in UTC."""
    steps = {name: 1 + number % 3 for number, name in enumerate(_CHOICES)}
    return [
        {"id": number, **{name: values[number * steps[name] % len(values)] for name, values in _CHOICES.items()}}
        for number in range(1, COUNT + 1)
    ]


def odd_table() -> pa.Table:
    return pa.Table.from_pylist(odd_rows(), schema=SCHEMA)

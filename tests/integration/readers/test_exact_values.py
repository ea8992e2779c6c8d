"""Text in CSV files is exactly a value of its column's type, or refused with the column and the value."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from supertable.adapters.readers.files import FileReaderAdapter
from supertable.application.ports.readers import ReadOptions
from supertable.domain.errors import UnreadableInput

MS, US, NS, ZONED = pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("us", "UTC")
NOON = dt.datetime(2024, 1, 2, 12, 0, 0, 123_000)

EXACT: list[tuple[pa.DataType, str, Any]] = [
    (pa.int32(), "7", 7),
    (pa.int32(), "-7.000", -7),
    (pa.int8(), "1.2e1", 12),
    (pa.int64(), "9007199254740993", 2**53 + 1),
    (pa.uint64(), "18446744073709551615", 2**64 - 1),
    (pa.decimal128(5, 2), "1.2500", Decimal("1.25")),
    (pa.decimal128(5, 2), "1.25e1", Decimal("12.50")),
    (
        pa.decimal128(38, 10),
        "1234567890123456789012345678.0123456789",
        Decimal("1234567890123456789012345678.0123456789"),
    ),
    (pa.float32(), "0.1", pa.scalar(0.1, pa.float32()).as_py()),
    (pa.float64(), "1e308", 1e308),
    (pa.float64(), "inf", float("inf")),
    (pa.float64(), "-Infinity", float("-inf")),
    (pa.date32(), "2024-01-02", dt.date(2024, 1, 2)),
    (pa.date32(), "2024-01-02 00:00:00", dt.date(2024, 1, 2)),
    (MS, "2024-01-02 12:00:00.123000", NOON),
    (US, "2024-01-02T12:00:00.123", NOON),
    (US, "2024-01-02 12:00:00.1230000", NOON),
    (ZONED, "2024-01-02 14:00:00.123+02", NOON.replace(tzinfo=dt.UTC)),
    (pa.time64("us"), "12:00:00.000001", dt.time(12, 0, 0, 1)),
]
INEXACT: list[tuple[pa.DataType, str]] = [
    (pa.int32(), "1.5"),
    (pa.int32(), "-0.5"),
    (pa.int64(), "9007199254740993.5"),
    (pa.uint8(), "1.0001"),
    (pa.int16(), "1.25e1"),
    (pa.decimal128(5, 2), "1.005"),
    (pa.decimal128(5, 2), "1.2500001"),
    (pa.decimal128(5, 2), "1e-3"),
    (pa.decimal128(9, 0), "0.5"),
    (pa.float32(), "1e40"),
    (pa.float64(), "-1e400"),
    (pa.float32(), "1" * 40),
    (pa.date32(), "2024-01-02 12:00:00"),
    (pa.date32(), "2024-01-02T00:00:01"),
    (MS, "2024-01-02 12:00:00.1235"),
    (US, "2024-01-02 12:00:00.1234567"),
    (US, "2024-01-02 12:00:00+02"),
    (US, "2024-01-02 12:00:00.5-05:00"),
    (NS, "2024-01-02 12:00:00.1234567891"),
    (ZONED, "2024-01-02 12:00:00.1234567Z"),
    (pa.time64("us"), "12:00:00.1234567"),
]


def read(path: Path, text: str, kind: pa.DataType) -> list[Any]:
    path.write_text(text)
    with FileReaderAdapter().open([str(path)], ReadOptions(types={"v": kind})) as opened:
        return opened.reader.read_all().column("v").to_pylist()


@pytest.mark.parametrize(("kind", "text", "value"), EXACT, ids=[f"{kind} {text[:30]}" for kind, text, _ in EXACT])
def test_exact_text_is_read(tmp_path: Path, kind: pa.DataType, text: str, value: Any) -> None:
    assert read(tmp_path / "a.csv", f"id,v\n1,{text}\n2,\n", kind) == [value, None]


@pytest.mark.parametrize(("kind", "text"), INEXACT, ids=[f"{kind} {text[:30]}" for kind, text in INEXACT])
def test_text_that_would_be_rounded_is_refused(tmp_path: Path, kind: pa.DataType, text: str) -> None:
    with pytest.raises(UnreadableInput) as caught:
        read(tmp_path / "a.csv", f"id,v\n1,\n2,{text}\n", kind)
    assert f"column 'v': {text!r} does not fit the column's type" in str(caught.value)


@pytest.mark.parametrize(("before", "after"), [("1", "1.5"), ("2024-01-02 12:00:00", "2024-01-02 12:00:00.1234567")])
def test_values_beyond_the_sample_are_not_rounded(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,v\n" + f"1,{before}\n" * 30_000 + f"2,{after}\n")
    with pytest.raises(UnreadableInput), FileReaderAdapter().open([str(path)], ReadOptions()) as opened:
        opened.reader.read_all()


def test_text_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("v,w\n1.005,1e40\n")
    with FileReaderAdapter().open([str(path)], ReadOptions(all_text=True)) as opened:
        assert opened.reader.read_all().to_pylist() == [{"v": "1.005", "w": "1e40"}]

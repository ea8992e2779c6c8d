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
from supertable.domain.errors import InferredTypeMisfit, InvalidInput, UnreadableInput

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
    (pa.time32("ms"), "12:00", dt.time(12)),
    (pa.int64(), "+5", 5),
    (pa.int64(), " 7 ", 7),
    (pa.bool_(), "Yes", True),
    (pa.bool_(), "0", False),
    (pa.float64(), "100000000000000000000", 1e20),
    (pa.float16(), "0.5", 0.5),
    (pa.decimal128(5, 2), "1." + "0" * 60, Decimal("1.00")),
    (pa.decimal128(38, 0), "12e36", Decimal("12e36")),
    (ZONED, "2024-01-02 12:00:00.123 UTC", NOON.replace(tzinfo=dt.UTC)),
    (ZONED, "2024-01-02 12:00:00.123", NOON.replace(tzinfo=dt.UTC)),
    (ZONED, "2024-01-02", dt.datetime(2024, 1, 2, tzinfo=dt.UTC)),
    (pa.binary(), "YWI=", b"ab"),
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
    (pa.time64("us"), "24:00:00"),
    (pa.time64("us"), "12:00:00+01:00"),
    (pa.int64(), "01234"),
    (pa.int64(), "0x1F"),
    (pa.int64(), "1_000"),
    (pa.int64(), "1e-999999999"),
    (pa.int64(), "٣"),
    (pa.uint8(), "-1"),
    (pa.uint8(), "256"),
    (pa.decimal128(9, 2), "1e-999999999"),
    (pa.decimal128(9, 2), "1_0e1"),
    (pa.decimal128(9, 2), "nan"),
    (pa.float64(), "1e-400"),
    (pa.float64(), "9007199254740993"),
    (pa.float64(), "007"),
    (pa.float32(), "16777217"),
    (pa.bool_(), "2"),
    (pa.date32(), "0000-01-01"),
    (pa.date32(), "2023-02-29"),
    (US, "2024-01-02 10:000"),
    (NS, "2500-01-01 00:00:00"),
    (pa.binary(), "@@"),
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


@pytest.mark.parametrize(
    ("before", "after", "values"),
    [
        ("1", "1.5", [1.0, 1.5]),
        ("1", "007", ["1", "007"]),
        ("2024-01-02", "2024-01-02 12:00:00.5", [dt.datetime(2024, 1, 2), dt.datetime(2024, 1, 2, 12, 0, 0, 500_000)]),
    ],
)
def test_values_beyond_the_sample_widen_the_type(tmp_path: Path, before: str, after: str, values: list[Any]) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,v\n" + f"1,{before}\n" * 30_000 + f"2,{after}\n")
    with FileReaderAdapter().open([str(path)]) as opened, pytest.raises(InferredTypeMisfit, match="line 30002: "):
        opened.reader.read_all()
    with FileReaderAdapter().open([str(path)]) as opened:
        found = opened.written(lambda files: files.reader.read_all()).column("v")
    assert [found[0].as_py(), found[-1].as_py()] == values


@pytest.mark.parametrize(
    ("date_format", "text", "value"),
    [
        ("%d/%m/%Y", "31/12/2024", dt.datetime(2024, 12, 31)),
        ("%d.%m.%y", "1.2.24", dt.datetime(2024, 2, 1)),
        ("%d %b %Y", "3 Mar 2024", dt.datetime(2024, 3, 3)),
        ("%d %B %Y", "3 march 2024", dt.datetime(2024, 3, 3)),
        ("%m/%d/%Y %I:%M %p", "3/4/2024 12:05 AM", dt.datetime(2024, 3, 4, 0, 5)),
        ("%m/%d/%Y %I:%M %p", "3/4/2024 1:05 pm", dt.datetime(2024, 3, 4, 13, 5)),
        ("%d/%m/%Y %H:%M:%S.%f", "1/2/2024 3:04:05.25", dt.datetime(2024, 2, 1, 3, 4, 5, 250_000)),
        ("%d/%m/%Y", "31/02/2024", None),
        ("%d/%m/%Y", "2024-12-31", None),
        ("%d %b %Y", "3 Foo 2024", None),
        ("%m/%d/%Y %I:%M %p", "3/4/2024 13:05 pm", None),
    ],
)
def test_date_formats(tmp_path: Path, date_format: str, text: str, value: dt.datetime | None) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"id,v\n1,{text}\n2,\n")
    options = ReadOptions(types={"v": US}, date_formats={"": date_format})
    with FileReaderAdapter().open([str(path)], options) as opened:
        if value is None:
            with pytest.raises(UnreadableInput, match="line 2: column 'v'"):
                opened.reader.read_all()
        else:
            assert opened.reader.read_all().column("v").to_pylist() == [value, None]


@pytest.mark.parametrize("date_format", ["%d/%m", "%Q", "%Y-%m-%d %I", "%Y-%m-%d-%d", "nothing"])
def test_date_formats_that_say_no_date_are_refused(tmp_path: Path, date_format: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("v\n1\n")
    with (
        pytest.raises(InvalidInput, match="date format"),
        FileReaderAdapter().open([str(path)], ReadOptions(date_formats={"v": date_format})),
    ):
        pass


def test_text_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("v,w\n1.005,1e40\n")
    with FileReaderAdapter().open([str(path)], ReadOptions(all_text=True)) as opened:
        assert opened.reader.read_all().to_pylist() == [{"v": "1.005", "w": "1e40"}]

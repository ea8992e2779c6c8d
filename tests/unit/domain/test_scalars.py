from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supertable.domain.schema.scalars import scalar, scalar_text
from supertable.domain.schema.types import DataType

DATE = DataType("date")
MS, US, NS = (DataType("timestamp", unit=unit) for unit in ("ms", "us", "ns"))
ZONED = DataType("timestamp", unit="us", timezone="Europe/Berlin")
TIME = DataType("time", unit="us")
MONEY = DataType("decimal", precision=5, scale=2)
TEXT = DataType("string")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("127", DataType("int8"), 127),
        ("-128", DataType("int8"), -128),
        ("5.0", DataType("int8"), 5),
        ("18446744073709551615", DataType("uint64"), 2**64 - 1),
        ("-999.99", MONEY, -99_999),
        ("1", MONEY, 100),
        ("1.500", MONEY, 150),
        ("0.1", DataType("float64"), 0.1),
        ("0.1", DataType("float32"), 0.10000000149011612),
        ("0.1", DataType("float16"), 0.10000000149011612),
        ("1e10", DataType("float64"), 1e10),
        ("TRUE", DataType("bool"), True),
        ("1970-01-02", DATE, 1),
        ("1970-01-02 00:00:00", DATE, 1),
        ("0001-01-01", DATE, -719_162),
        ("1970-01-01", MS, 0),
        ("1970-01-01T00:00:00.001", MS, 1),
        ("1969-12-31 23:59:59.999999", US, -1),
        ("1970-01-01 00:00:00.000001", NS, 1_000),
        ("1970-01-01 00:00:00", ZONED, 0),
        ("1970-01-01 01:00:00+01", ZONED, 0),
        ("1970-01-01 00:00:00Z", ZONED, 0),
        ("23:59:59.999999", TIME, 86_399_999_999),
        ("10:00", TIME, 36_000_000_000),
        ("", TEXT, ""),
        ("\U0001f600", TEXT, "\U0001f600"),
    ],
)
def test_texts_that_are_values(text: str, kind: DataType, value: object) -> None:
    found = scalar(text, kind)
    assert (found, type(found)) == (value, type(value))
    assert found is not None
    assert scalar(scalar_text(found, kind), kind) == found


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("128", DataType("int8")),
        ("-1", DataType("uint8")),
        ("1.5", DataType("int64")),
        ("1e3", DataType("int64")),
        ("1_000", DataType("int64")),
        (" 1", DataType("int64")),
        ("+1", DataType("int64")),
        ("1/1", DataType("int64")),
        ("١", DataType("int64")),
        ("0x10", DataType("int64")),
        ("9" * 5_000, DataType("int64")),
        ("1.005", MONEY),
        ("1000", MONEY),
        ("nan", DataType("float64")),
        ("inf", DataType("float64")),
        ("1e400", DataType("float64")),
        ("1e39", DataType("float32")),
        ("yes", DataType("bool")),
        ("1", DataType("bool")),
        ("1970-01-01 12:00", DATE),
        ("1970-02-30", DATE),
        ("19700101", DATE),
        ("1970-W01-1", DATE),
        ("epoch", DATE),
        ("10000-01-01", DATE),
        ("1970-01-01 00:00:00.0001", MS),
        ("1970-01-01 00:00:00.0000001", NS),
        ("3000-01-01", NS),
        ("1970-01-01 00:00:00Z", US),
        ("0001-01-01 00:00:00+23:00", ZONED),
        ("24:00", TIME),
        ("half past ten", TIME),
        ("a\x00b", TEXT),
        ("\ud800", TEXT),
        ("00", DataType("binary")),
        ("[]", DataType("list")),
    ],
)
def test_texts_that_are_not_exactly_a_value(text: str, kind: DataType) -> None:
    assert scalar(text, kind) is None


@given(st.text(), st.sampled_from([DataType("int32"), DataType("float32"), DATE, US, NS, ZONED, TIME, MONEY, TEXT]))
def test_any_text_is_a_value_or_none(text: str, kind: DataType) -> None:
    value = scalar(text, kind)
    assert value is None or scalar(scalar_text(value, kind), kind) == value


@given(st.integers(-99_999, 99_999))
def test_decimals_are_written_with_all_digits(unscaled: int) -> None:
    assert scalar(scalar_text(unscaled, MONEY), MONEY) == unscaled


@given(st.integers(-(10**38) + 1, 10**38 - 1), st.integers(0, 38))
def test_the_longest_decimals(unscaled: int, scale: int) -> None:
    kind = DataType("decimal", precision=38, scale=scale)
    assert scalar(scalar_text(unscaled, kind), kind) == unscaled

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supertable.domain.schema.types import DataType, widened

D = DataType


def decimal(precision: int, scale: int) -> DataType:
    return D("decimal", precision=precision, scale=scale)


def stamp(unit: str, zone: str = "") -> DataType:
    return D("timestamp", unit=unit, timezone=zone)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (D("int8"), D("int64"), D("int64")),
        (D("int64"), D("int8"), D("int64")),
        (D("uint8"), D("uint32"), D("uint32")),
        (D("uint8"), D("int8"), D("int16")),
        (D("int64"), D("uint32"), D("int64")),
        (D("float32"), D("float64"), D("float64")),
        (decimal(5, 2), decimal(10, 4), decimal(10, 4)),
        (decimal(10, 0), decimal(4, 4), decimal(14, 4)),
        (stamp("ms"), stamp("us"), stamp("us")),
        (D("date"), stamp("us"), stamp("us")),
        (D("time", unit="ms"), D("time", unit="us"), D("time", unit="us")),
    ],
)
def test_types_with_a_common_type(old: DataType, new: DataType, expected: DataType) -> None:
    assert widened(old, new) == expected
    assert widened(new, old) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (stamp("us", "UTC"), stamp("us", "Europe/Berlin"), stamp("us", "UTC")),
        (stamp("us", "Europe/Berlin"), stamp("ms", "+02:00"), stamp("us", "Europe/Berlin")),
        (stamp("ms", "Etc/UTC"), stamp("us", "UTC"), stamp("us", "Etc/UTC")),
    ],
)
def test_timestamps_of_two_zones_keep_the_zone_of_the_table(old: DataType, new: DataType, expected: DataType) -> None:
    assert widened(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (D("int64"), D("uint64")),
        (D("int32"), D("float64")),
        (D("string"), D("int32")),
        (D("string"), D("binary")),
        (decimal(38, 0), decimal(38, 38)),
        (stamp("us", "UTC"), stamp("us")),
        (D("date"), stamp("us", "UTC")),
        (D("bool"), D("int8")),
    ],
)
def test_types_without_a_common_type(old: DataType, new: DataType) -> None:
    assert widened(old, new) is None
    assert widened(new, old) is None


INTEGERS = st.sampled_from(["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])


def bounds(name: str) -> tuple[int, int]:
    bits = int(name.lstrip("uint"))
    return (0, 2**bits - 1) if name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


@given(INTEGERS, INTEGERS)
def test_a_widened_integer_holds_every_value_of_both(old: str, new: str) -> None:
    wide = widened(D(old), D(new))
    if wide is not None:
        low, high = bounds(wide.name)
        assert all(low <= end <= high for name in (old, new) for end in bounds(name))

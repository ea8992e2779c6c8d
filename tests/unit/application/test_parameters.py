"""Values of parameters: exact, or refused."""

from __future__ import annotations

import datetime as dt
import enum
import math
import uuid
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from supertable.application.queries.parameters import exact_parameters
from supertable.domain.errors import InvalidInput

NOON = dt.datetime(2024, 5, 1, 12)
BERLIN = ZoneInfo("Europe/Berlin")


class Number(enum.IntEnum):
    ONE = 1


class Word(enum.StrEnum):
    A = "a"


class NanoTime(dt.datetime):
    nanosecond = 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        (True, True),
        (-(2**127), -(2**127)),
        (2**128 - 1, 2**128 - 1),
        (Number.ONE, 1),
        (Word.A, "a"),
        (1.5, 1.5),
        (math.inf, math.inf),
        (Decimal("1E+30"), Decimal("1" + "0" * 30)),
        (Decimal("0E+5"), Decimal(0)),
        (Decimal("1.50"), Decimal("1.50")),
        (Decimal("1E-30"), Decimal("0." + "0" * 29 + "1")),
        (bytearray(b"a"), b"a"),
        pytest.param(memoryview(b"a"), b"a", id="memoryview"),
        (NOON, NOON),
        (dt.datetime(2024, 5, 1, 14, tzinfo=BERLIN), NOON.replace(tzinfo=dt.UTC)),
        (dt.datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=0), dt.datetime(2024, 10, 27, 0, 30, tzinfo=dt.UTC)),
        (dt.datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1), dt.datetime(2024, 10, 27, 1, 30, tzinfo=dt.UTC)),
        (dt.date(2024, 5, 1), dt.date(2024, 5, 1)),
        (dt.time(12), dt.time(12)),
        (dt.timedelta(days=1), dt.timedelta(days=1)),
        (uuid.UUID(int=5), uuid.UUID(int=5)),
        ((1, None), [1, None]),
        ([1, 1.5], [1.0, 1.5]),
        ([Decimal("1E+2"), 1], [Decimal(100), 1]),
        ({"a": [Decimal("1E+2")]}, {"a": [Decimal(100)]}),
        (np.int64(3), 3),
        (np.float32(0.1), 0.10000000149011612),
        (np.bool_(True), True),
        (np.datetime64("2024-05-01"), dt.date(2024, 5, 1)),
        (np.datetime64("2024-05-01T12:00:00.000000000"), NOON),
        (np.datetime64("NaT"), None),
        (np.timedelta64(1, "D"), dt.timedelta(days=1)),
        (np.array([1, 2]), [1, 2]),
        (np.array(["a"]), ["a"]),
    ],
    ids=repr,
)
def test_exact_values(given: Any, expected: Any) -> None:
    (value,) = exact_parameters([given])
    assert value == expected
    assert type(value) is type(expected)
    assert str(value) == str(expected)
    assert exact_parameters({"p": given}) == {"p": expected}


def test_nan_is_a_float() -> None:
    assert repr(exact_parameters([math.nan])) == "[nan]"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (2**128, "128 bits"),
        (-(2**127) - 1, "128 bits"),
        (Decimal("NaN"), "Use a float"),
        (Decimal("sNaN"), "Use a float"),
        (Decimal("-Infinity"), "Use a float"),
        (Decimal("1E+38"), "at most 38 digits"),
        (Decimal("1E+999999"), "at most 38 digits"),
        (Decimal("1E-38"), "at most 38 digits"),
        (Decimal("1E-999999"), "at most 38 digits"),
        (Decimal("1" * 39), "at most 38 digits"),
        (Decimal("0." + "1" * 39), "at most 38 digits"),
        ("\ud800", "not valid Unicode"),
        (dt.time(12, tzinfo=dt.UTC), "a time with a zone"),
        (dt.datetime(9999, 12, 31, 23, tzinfo=dt.timezone(-dt.timedelta(hours=2))), "the years 1 to 9999"),
        (dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))), "the years 1 to 9999"),
        (NanoTime(2024, 5, 1), "nanoseconds"),
        (np.datetime64("2024-05-01T00:00:00.000000001"), "may not be exact"),
        (np.timedelta64(1, "M"), "may not be exact"),
        (np.datetime64(2**60, "s"), "may not be exact"),
        (np.array([1], dtype="datetime64[ns]"), "may not be exact"),
        (np.longdouble(1), "may not be exact"),
        ([1, "a"], "the same type"),
        ([NOON, NOON.replace(tzinfo=dt.UTC)], "the same type"),
        ([NOON, NOON.date()], "the same type"),
        ([True, 1], "the same type"),
        ([0.5, 2**53 + 1], "no float holds"),
        ([-1, 2**127], "no integer type"),
        ([Decimal("NaN")], "Use a float"),
        ({"": 1}, "not empty"),
        ({1: 1}, "not empty"),
        ({1}, "a set has no SQL type"),
        (1j, "a complex has no SQL type"),
        pytest.param(object(), "a object has no SQL type", id="object"),
    ],
    ids=repr,
)
def test_refused_values(given: Any, reason: str) -> None:
    with pytest.raises(InvalidInput, match=rf"Parameter \$2: .*{reason}.*Nothing was run"):
        exact_parameters([1, given])
    with pytest.raises(InvalidInput, match=r"Parameter \$p: "):
        exact_parameters({"p": given})


@pytest.mark.parametrize("given", ["abc", b"abc", {1, 2}, 5, iter([1])])
def test_parameters_are_a_list_or_a_mapping(given: Any) -> None:
    with pytest.raises(InvalidInput, match="must be a list"):
        exact_parameters(given)


def test_no_parameters() -> None:
    assert exact_parameters(None) == ()
    assert exact_parameters([]) == []


def test_names_that_differ_in_case_only_are_one_name_to_sql() -> None:
    with pytest.raises(InvalidInput, match=r"\$A: in SQL this is the same name as \$a"):
        exact_parameters({"a": 1, "A": 2})

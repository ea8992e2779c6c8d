"""Casts of any values agree with a model in plain Python integers, Decimals and datetimes, value by value."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supertable.application.storage.arrow.arrow_schemas import data_type
from supertable.application.storage.incoming.exact_casts import ExactCast
from supertable.application.storage.incoming.misfits import in_rows
from supertable.domain.errors import InvalidSchema

MISFIT = object()
MOST = 2**53
EDGES = [2**n + d for n in (0, 7, 8, 15, 24, 31, 53, 60, 62) for d in (-1, 0, 1)]
INTEGERS = st.one_of(st.sampled_from(EDGES), st.integers(-(2**63), 2**63 - 1), st.integers(-200, 200))
FLOATS = st.one_of(
    st.floats(), INTEGERS.map(float), st.integers(-(10**9), 10**9).map(lambda n: n / 100), st.sampled_from([0.1 + 0.2])
)
DECIMALS = st.decimals(-(10**20), 10**20, places=4)
MOMENTS = st.one_of(st.datetimes(), st.dates().map(lambda day: dt.datetime(day.year, day.month, day.day)))


def integer_of_float(bits: int, value: float) -> Any:
    if math.isnan(value):
        return None
    fits = math.isfinite(value) and value.is_integer() and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)
    return int(value) if fits else MISFIT


def float_of_integer(value: int) -> Any:
    return float(value) if int(float(value)) == value else MISFIT


def single_of_integer(value: int) -> Any:
    single = float(np.float32(value))
    return single if int(single) == value else MISFIT


def single_of_float(value: float) -> Any:
    with np.errstate(over="ignore"):
        single = float(np.float32(value))
    return single if single == value or math.isnan(value) else MISFIT


def decimal_of(places: int, digits: int, value: Decimal) -> Any:
    units = Fraction(value) * 10**places
    return value if units.denominator == 1 and abs(units) < 10**digits else MISFIT


def decimal_of_float(places: int, digits: int, value: float) -> Any:
    if math.isnan(value):
        return None
    if not math.isfinite(value):
        return MISFIT
    return decimal_of(places, digits, Decimal(repr(value)) if abs(value) < MOST else Decimal(int(value)))


def float_of_decimal(value: Decimal) -> Any:
    nearest = float(value)
    back = Decimal(nearest).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
    return nearest if back == value else MISFIT


def date_of(value: dt.datetime) -> Any:
    return value.date() if value.time() == dt.time() else MISFIT


@dataclass(frozen=True)
class Model:
    given: pa.DataType
    kind: pa.DataType
    values: st.SearchStrategy[Any]
    cast: Callable[[Any], Any]


MODELS = {
    "float64 to int64": Model(pa.float64(), pa.int64(), FLOATS, partial(integer_of_float, 64)),
    "float64 to int8": Model(pa.float64(), pa.int8(), FLOATS, partial(integer_of_float, 8)),
    "int64 to float64": Model(pa.int64(), pa.float64(), INTEGERS, float_of_integer),
    "int64 to float32": Model(pa.int64(), pa.float32(), INTEGERS, single_of_integer),
    "float64 to float32": Model(pa.float64(), pa.float32(), FLOATS, single_of_float),
    "float64 to decimal": Model(pa.float64(), pa.decimal128(10, 2), FLOATS, partial(decimal_of_float, 2, 10)),
    "float64 to a long decimal": Model(pa.float64(), pa.decimal128(38, 18), FLOATS, partial(decimal_of_float, 18, 38)),
    "int64 to decimal": Model(
        pa.int64(), pa.decimal128(10, 2), INTEGERS, lambda value: decimal_of(2, 10, Decimal(value))
    ),
    "decimal to float64": Model(pa.decimal128(25, 4), pa.float64(), DECIMALS, float_of_decimal),
    "decimal to int64": Model(
        pa.decimal128(25, 4),
        pa.int64(),
        DECIMALS,
        lambda value: int(value) if value == int(value) and -(2**63) <= value < 2**63 else MISFIT,
    ),
    "decimal to decimal": Model(pa.decimal128(25, 4), pa.decimal128(9, 1), DECIMALS, partial(decimal_of, 1, 9)),
    "timestamp to date": Model(pa.timestamp("us"), pa.date32(), MOMENTS, date_of),
}


@pytest.mark.parametrize("name", MODELS)
@given(data=st.data())
def test_casts_agree_with_the_model(name: str, data: st.DataObject) -> None:
    model = MODELS[name]
    values = data.draw(st.lists(st.none() | model.values, max_size=4))
    column = pa.array(values, model.given, from_pandas=False)
    expected = [None if value is None else model.cast(value) for value in values]
    cast = partial(ExactCast(), kind=data_type(model.kind, "v"), target=model.kind, path="v")
    if MISFIT in expected:
        row = expected.index(MISFIT) + 1
        with pytest.raises(InvalidSchema, match=f"Column 'v': row {row}: the value does not fit"):
            in_rows(cast, column, range(1, 5))
    else:
        found = in_rows(cast, column, range(1, 5))
        assert found.type == model.kind
        assert repr(found.to_pylist()) == repr(pa.array(expected, model.kind, from_pandas=False).to_pylist())

"""The values of a statement's parameters, as Python values that engines bind exactly.

| given | SQL type |
|---|---|
| None, bool, str, bytes, uuid.UUID | NULL, BOOLEAN, VARCHAR, BLOB, UUID |
| int from -2^127 to 2^128 - 1 | the smallest of INTEGER, BIGINT, UBIGINT, HUGEINT, UHUGEINT that holds it |
| float; numpy's scalars | DOUBLE; that of the same Python value |
| decimal.Decimal of up to 38 digits | DECIMAL of its digits |
| datetime.date, time, timedelta; datetime | DATE, TIME, INTERVAL; TIMESTAMP, with a zone TIMESTAMP WITH TIME ZONE |
| list, tuple, numpy array; dict | LIST of one of these types; STRUCT |

Everything else is refused, since an engine would round it or take it for something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from supertable.application.ports.engines.parsed_statements import Parameters
from supertable.domain.errors import InvalidInput

_LEAST, _MOST = -(2**127), 2**128 - 1
_MOST_DIGITS = 38
_EXACT_IN_FLOAT = 2**53
_NUMPY_KINDS = "biufU"


def exact_parameters(parameters: Parameters | None) -> Parameters:
    """The parameters with exact values; None: no parameters. Raises `InvalidInput`, which names the parameter."""
    if parameters is None:
        return ()
    if isinstance(parameters, Mapping):
        _require_distinct(parameters)
        return {name: _exact(value, f"${name}") for name, value in parameters.items()}
    if isinstance(parameters, str | bytes | bytearray) or not isinstance(parameters, Sequence):
        raise InvalidInput("Parameters must be a list, for ? and $1, or a mapping, for $name.")
    return [_exact(value, f"${number}") for number, value in enumerate(parameters, 1)]


def _require_distinct(names: Iterable[str]) -> None:
    """Engines take one of two names that differ in case only."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(str(name).lower(), name)
        if other != name:
            raise _refused(f"${name}", f"in SQL this is the same name as ${other}. Give one of them")


def _exact(value: Any, name: str) -> Any:
    if isinstance(value, np.generic | np.ndarray) and not isinstance(value, float | str | bytes):
        return _from_numpy(value, name)
    for kind, convert in _KINDS:
        if isinstance(value, kind):
            return convert(value, name)
    raise _refused(
        name, f"a {type(value).__name__} has no SQL type here. Give a number, text, bytes, date, time or list"
    )


def _refused(name: str, reason: str) -> InvalidInput:
    return InvalidInput(f"Parameter {name}: {reason}. Nothing was run.")


def _unchanged(value: Any, _name: str) -> Any:
    return value


def _integer(value: int, name: str) -> int:
    if not _LEAST <= value <= _MOST:
        raise _refused(name, "the integer needs more than 128 bits")
    return int(value)


def _text(value: str, name: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _refused(name, "the text is not valid Unicode") from None
    return str.__str__(value)


def _decimal(value: Decimal, name: str) -> Decimal:
    """Without a positive exponent, which some versions of DuckDB take for a negative one."""
    if not value.is_finite():
        raise _refused(name, f"no DECIMAL is {value}. Use a float")
    plain = Decimal(f"{value:f}") if abs(value.adjusted()) <= _MOST_DIGITS else None
    if plain is None or _digits(plain) > _MOST_DIGITS:
        raise _refused(name, f"a DECIMAL has at most {_MOST_DIGITS} digits. Round it, or use a float")
    return plain


def _digits(value: Decimal) -> int:
    """The digits of the DECIMAL type that holds the value, with one before the point if there are zeros after it."""
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    return max(len(digits), 1 - exponent if len(digits) < -exponent else 0)


def _datetime(value: datetime, name: str) -> datetime:
    """Zoned values in UTC, where no hour occurs twice."""
    if getattr(value, "nanosecond", 0) or value != value:
        raise _refused(name, "a datetime with nanoseconds, or NaT, has no exact value. Give a text and cast it in SQL")
    try:
        exact = value.astimezone(UTC) if value.tzinfo else value
        return datetime.combine(date(exact.year, exact.month, exact.day), exact.timetz())
    except OverflowError:
        raise _refused(name, "in UTC, the datetime is outside the years 1 to 9999") from None


def _time(value: time, name: str) -> time:
    if value.tzinfo:
        raise _refused(name, "a time with a zone has no fixed order. Give a time without a zone, or a datetime")
    return value


def _interval(value: timedelta, name: str) -> timedelta:
    if getattr(value, "nanoseconds", 0) or value != value:
        raise _refused(name, "a timedelta with nanoseconds, or NaT, has no exact value. Give a text and cast it in SQL")
    return timedelta(value.days, value.seconds, value.microseconds)


def _list(values: Sequence[Any], name: str) -> list[Any]:
    found = [_exact(value, name) for value in values]
    kinds = {type(value) if type(value) is not datetime else (datetime, value.tzinfo) for value in found}
    kinds.discard(type(None))
    if kinds == {int, float}:
        return [_float(value, name) for value in found]
    if len(kinds) > 1 and kinds != {int, Decimal}:
        raise _refused(name, "the values of a list must have the same type")
    numbers = [value for value in found if type(value) is int]
    if numbers and min(numbers) < 0 and max(numbers) >= 2**127:
        raise _refused(name, "no integer type holds all values of the list")
    return found


def _float(value: Any, name: str) -> float | None:
    if type(value) is int and abs(value) > _EXACT_IN_FLOAT:
        raise _refused(name, "the list has floats and an integer that no float holds")
    return None if value is None else float(value)


def _struct(values: Mapping[Any, Any], name: str) -> dict[str, Any]:
    if not all(isinstance(key, str) and key for key in values):
        raise _refused(name, "the names of a struct's members must be text that is not empty")
    return {_text(key, name): _exact(value, name) for key, value in values.items()}


def _from_numpy(value: np.generic | np.ndarray, name: str) -> Any:
    if isinstance(value, np.datetime64 | np.timedelta64):
        return _exact(_moment(value, name), name)
    if value.dtype.kind not in _NUMPY_KINDS or value.dtype == np.longdouble:
        raise _refused(name, f"values of numpy's type {value.dtype} may not be exact. Give Python's own")
    return _exact(value.tolist(), name)


def _moment(value: np.datetime64 | np.timedelta64, name: str) -> Any:
    """As a date, datetime or timedelta; None for NaT. Numpy gives integers for what these do not hold."""
    found = value.item()
    if isinstance(found, int) and np.datetime_data(value.dtype)[0] == "ns" and found % 1000 == 0:
        found = value.astype(f"{value.dtype.kind}8[us]").item()
    if isinstance(found, int):
        raise _refused(name, f"{value} may not be exact. Give a text and cast it in SQL")
    return found


_KINDS: Sequence[tuple[type | tuple[type, ...], Callable[[Any, str], Any]]] = (
    (datetime, _datetime),
    ((type(None), bool, date, UUID), _unchanged),
    (int, _integer),
    (float, lambda value, _name: float(value)),
    (str, _text),
    ((bytes, bytearray, memoryview), lambda value, _name: bytes(value)),
    (Decimal, _decimal),
    (time, _time),
    (timedelta, _interval),
    ((list, tuple), _list),
    (dict, _struct),
)

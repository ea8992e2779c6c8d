"""The one rule for text that becomes a value, in every format: it is exactly a value of the type, or it is refused.

1. A number has no leading zeros, no digits but 0 to 9, and no fraction or digits beyond what the type holds. An
   integer is the same integer as a float; a fraction becomes the nearest float. No number becomes infinite, or zero.
2. Dates, times and timestamps are ISO 8601 or have the format given. None has a clock, a fraction or a zone that the
   type cannot hold. Without a zone, a timestamp in a column with a zone is UTC, or of a zone that is given.
3. White space around a value that is no text does not belong to it.

Common text is converted by one cast. Only where that fails are other ways to write a value tried.
"""

from __future__ import annotations

import base64
import binascii
import decimal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as is_type

from supertable.adapters.readers.values.date_formats import iso_texts

Texts: TypeAlias = pa.StringArray
_ODD_ZERO = r"^[+-]?0[0-9xX]"
_INFINITE = r"^(?i)[+-]?inf(inity)?$"
_DIGITS_OF_128_BITS = 38
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31, in days since 1970."""


@dataclass(frozen=True, slots=True)
class TextForm:
    """How a column writes its values. `dates`: a format as of `strptime`, empty for ISO 8601. `timezone`: of instants
    that are written without an offset; empty: UTC.
    """

    dates: str = ""
    decimal_mark: str = "."
    timezone: str = ""


ISO = TextForm()


def exact_values(texts: Texts, kind: pa.DataType, form: TextForm = ISO) -> pa.Array:
    """The values of all texts. Raises `pa.ArrowInvalid` where one of them is not exactly a `kind`."""
    try:
        return _plain_values(texts, kind, form)
    except pa.ArrowInvalid:
        return _converter(kind)(_tidied(texts, kind), kind, form)


def plain_values(texts: Texts, kind: pa.DataType, form: TextForm = ISO) -> pa.Array:
    """The same, but only for the usual way to write such values, as is right for a type that is guessed."""
    try:
        return _plain_values(texts, kind, form)
    except pa.ArrowInvalid:
        return _plain_values(pc.utf8_trim_whitespace(texts), kind, form)


def misfits(convert: Callable[[Texts], pa.Array], texts: Texts, at_most: int) -> list[int]:
    """The positions of the first texts, at most so many, for which `convert` raises `pa.ArrowInvalid`."""
    found: list[int] = []
    if at_most == 1:
        _find_misfits(convert, texts, 0, found, at_most)
        return found
    encoded = pc.dictionary_encode(texts)  # the same few texts are often what does not fit
    _find_misfits(convert, encoded.dictionary, 0, found, len(encoded.dictionary))
    positions = pc.indices_nonzero(pc.is_in(encoded.indices, pa.array(found, encoded.indices.type)))
    return list(positions[:at_most].to_pylist())


def _find_misfits(
    convert: Callable[[Texts], pa.Array], texts: Texts, start: int, found: list[int], at_most: int
) -> None:
    if len(found) >= at_most:
        return
    try:
        convert(texts)
    except pa.ArrowInvalid:
        if len(texts) == 1:
            found.append(start)
            return
        middle = len(texts) // 2
        _find_misfits(convert, texts[:middle], start, found, at_most)
        _find_misfits(convert, texts[middle:], start + middle, found, at_most)


def _plain_values(texts: Texts, kind: pa.DataType, form: TextForm) -> pa.Array:
    if is_type.is_integer(kind):
        return _without_odd_zeros(texts).cast(kind)
    if is_type.is_boolean(kind):
        return texts.cast(kind)
    return _converter(kind)(texts, kind, form)


def _converter(kind: pa.DataType) -> Callable[[Texts, pa.DataType, TextForm], pa.Array]:
    return next(convert for test, convert in _CONVERTERS if test(kind))


def _tidied(texts: Texts, kind: pa.DataType) -> Texts:
    return texts if _is_text(kind) else pc.utf8_trim_whitespace(texts)


def _text(texts: Texts, kind: pa.DataType, _form: TextForm) -> pa.Array:
    return texts.cast(kind)


def _binary(texts: Texts, kind: pa.DataType, _form: TextForm) -> pa.Array:
    try:
        values = [None if text is None else base64.b64decode(text, validate=True) for text in texts.to_pylist()]
    except (binascii.Error, ValueError) as error:
        raise pa.ArrowInvalid("not base64") from error
    return pa.array(values, kind)


def _boolean(texts: Texts, _kind: pa.DataType, _form: TextForm) -> pa.Array:
    found = pc.index_in(pc.utf8_lower(texts), pa.array([*_TRUE, *_FALSE]))
    _refuse_if(found.null_count > texts.null_count)
    return pc.less(found, len(_TRUE))


def _integer(texts: Texts, kind: pa.DataType, form: TextForm) -> pa.Array:
    return _decimal(texts, pa.decimal128(_DIGITS_OF_128_BITS, 0), form).cast(kind)


def _decimal(texts: Texts, kind: pa.DataType, form: TextForm) -> pa.Array:
    texts = _without_odd_zeros(_with_point(texts, form))
    odd = pc.or_(pc.match_substring(texts, "e", ignore_case=True), pc.greater(pc.binary_length(texts), 39))
    if pc.any(odd).as_py():  # the cast is wrong for some exponents, and for very many digits
        plain = pa.array([_without_exponent(text) for text in texts.filter(odd).drop_null().to_pylist()], pa.string())
        texts = pc.replace_with_mask(texts, pc.fill_null(odd, False), plain)
    _refuse_if(pc.any(pc.equal(texts, "")).as_py())
    return texts.cast(kind)


def _without_exponent(text: str) -> str:
    try:
        number = decimal.Decimal(text).normalize(decimal.Context(prec=1000, traps=[decimal.Inexact]))
    except decimal.DecimalException as error:
        raise pa.ArrowInvalid(f"not a number: {text}") from error
    _refuse_if(not number.is_finite() or abs(number.adjusted()) > 100 or "_" in text)
    return f"{number:f}"


def _float(texts: Texts, kind: pa.DataType, form: TextForm) -> pa.Array:
    texts = _without_odd_zeros(_with_point(texts, form))
    values = texts.cast(pa.float64() if is_type.is_float16(kind) else kind).cast(kind)
    _refuse_changed_numbers(texts, values.cast(pa.float64()), {16: 2**11, 32: 2**24, 64: 2**53}[kind.bit_width])
    return values


def _refuse_changed_numbers(texts: Texts, values: pa.Array, most_exact: int) -> None:
    """Numbers that became infinite or zero, and integers that are not the same as floats."""
    large = pc.greater_equal(pc.abs(values), float(most_exact))
    if pc.any(large).as_py():
        texts_of_large, large_values = texts.filter(large), values.filter(large)
        infinite = pc.is_inf(large_values)
        _refuse_if(pc.any(pc.invert(pc.match_substring_regex(texts_of_large.filter(infinite), _INFINITE))).as_py())
        whole = pc.match_substring_regex(texts_of_large, r"^[+-]?[0-9]+$")
        exact = pa.decimal256(76, 0)
        _refuse_if(not texts_of_large.filter(whole).cast(exact).equals(large_values.filter(whole).cast(exact)))
    is_zero = pc.equal(values, 0.0)
    if pc.any(is_zero).as_py():
        _refuse_if(pc.any(pc.match_substring_regex(texts.filter(is_zero), r"^[^eE]*[1-9]")).as_py())


def _date(texts: Texts, kind: pa.DataType, form: TextForm) -> pa.Array:
    if form.dates:
        texts = iso_texts(texts, form.dates)
    try:
        days = texts.cast(pa.date32())
    except pa.ArrowInvalid:
        midnight = pc.replace_substring_regex(texts, r"[ T]00:00(:00(\.0+)?)?$", "")
        days = pc.utf8_trim_whitespace(midnight).cast(pa.date32())
    _refuse_beyond(days.cast(pa.int32()), _FIRST_DAY, _LAST_DAY)
    return days.cast(kind)


def _timestamp(texts: Texts, kind: pa.DataType, form: TextForm) -> pa.Array:
    if form.dates:
        texts = iso_texts(texts, form.dates)
    convert = partial(_zoned, timezone=form.timezone) if kind.tz else _naive
    unit = pa.timestamp(kind.unit, "UTC" if kind.tz else None)
    try:
        moments = convert(texts, unit)
    except pa.ArrowInvalid:
        moments = convert(_tidied_moments(texts), unit)
    per_day = 86_400 * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
    if kind.unit != "ns":
        _refuse_beyond(moments.cast(pa.int64()), _FIRST_DAY * per_day, (_LAST_DAY + 1) * per_day - 1)
    return moments.cast(kind)


def _naive(texts: Texts, kind: pa.DataType) -> pa.Array:
    return texts.cast(kind)


def _zoned(texts: Texts, kind: pa.DataType, timezone: str) -> pa.Array:
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:
        has_zone = pc.match_substring_regex(texts, r"[ T].*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$")
        if timezone:
            local = pc.if_else(has_zone, None, texts).cast(pa.timestamp(kind.unit))
            instants = pc.if_else(has_zone, texts, None).cast(kind)
            return pc.coalesce(instants, pc.assume_timezone(local, timezone).cast(kind))
        has_clock = pc.match_substring(texts, ":")
        suffix = pc.if_else(has_zone, "", pc.if_else(has_clock, "Z", "T00:00:00Z"))
        return pc.binary_join_element_wise(texts, suffix, "").cast(kind)


def _tidied_moments(texts: Texts) -> Texts:
    zeros = r"(?:(:[0-9]{2}\.[0-9]*[1-9])0+|(:[0-9]{2})\.0+)( ?(?:Z|z|UTC|[+-][0-9:]+))?$"
    texts = pc.replace_substring_regex(texts, zeros, r"\1\2\3")
    return pc.replace_substring_regex(pc.replace_substring_regex(texts, r" ?(z|UTC)$", "Z"), r" ([+-])", r"\1")


def _time(texts: Texts, kind: pa.DataType, form: TextForm) -> pa.Array:
    unit = pa.timestamp("us" if kind.unit == "ns" else kind.unit)
    moments = pc.binary_join_element_wise("1970-01-01", texts, " ")
    return _timestamp(moments, unit, ISO).cast(kind)


def _with_point(texts: Texts, form: TextForm) -> Texts:
    if form.decimal_mark == ".":
        return texts
    _refuse_if(pc.any(pc.match_substring(texts, ".")).as_py())
    return pc.replace_substring(texts, form.decimal_mark, ".")


def _without_odd_zeros(texts: Texts) -> Texts:
    """The texts. Refuses 007 and 0x1F, which are identifiers or numbers to another base."""
    starts = pc.or_(pc.starts_with(texts, "0"), pc.or_(pc.starts_with(texts, "-0"), pc.starts_with(texts, "+0")))
    _refuse_if(pc.any(pc.match_substring_regex(texts.filter(starts), _ODD_ZERO)).as_py())
    return texts


def _refuse_beyond(values: pa.Array, least: int, most: int) -> None:
    ends = pc.min_max(values)
    if ends["min"].is_valid:
        _refuse_if(not least <= ends["min"].as_py() <= ends["max"].as_py() <= most)


def _refuse_if(is_refused: bool | None) -> None:
    if is_refused:
        raise pa.ArrowInvalid("not exact")


def _is_text(kind: pa.DataType) -> bool:
    return any(test(kind) for test in (is_type.is_string, is_type.is_large_string, is_type.is_string_view))


def _is_binary(kind: pa.DataType) -> bool:
    return any(test(kind) for test in (is_type.is_binary, is_type.is_large_binary, is_type.is_fixed_size_binary))


_CONVERTERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Texts, pa.DataType, TextForm], pa.Array]], ...] = (
    (is_type.is_integer, _integer),
    (is_type.is_floating, _float),
    (is_type.is_decimal, _decimal),
    (is_type.is_boolean, _boolean),
    (is_type.is_date, _date),
    (is_type.is_timestamp, _timestamp),
    (is_type.is_time, _time),
    (_is_binary, _binary),
    (lambda _: True, _text),
)

"""The type of a text column, guessed from its values: the first type of which every value is exactly one.

Text stays text where another type would change it, or where the order of day and month is not clear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import pyarrow as pa
import pyarrow.compute as pc

from supertable.adapters.readers.values.exact_values import ISO, TextForm, plain_values

_NUMBERS = {
    pa.int64(): r"^-?[0-9]{1,19}$",
    pa.decimal128(38, 0): r"^-?[0-9]{1,38}$",
    pa.float64(): r"^-?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$|^(?i)(nan|[+-]?inf(inity)?)$",
}
_MOMENTS = (pa.date32(), pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("us", "UTC"), pa.time64("us"))
_BOOLEANS = ("true", "false")
_LIKE_MOMENTS = re.compile(r"[0-9]{1,4}[-/.:][0-9]")
_FEW, _MANY = 50, 1_000
_EXACT_DIGITS = 15
"""Integers of so many digits are the same as floats."""
_LIKE_WORDS = re.compile(r"[A-HJ-MO-Za-hj-mo-z]")
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
_YEAR_FIRST = tuple(f"%Y{mark}%m{mark}%d{clock}" for mark, clock in product("/.", _CLOCKS))
_DAY_FIRST = tuple(f"%d{mark}%m{mark}%Y{clock}" for mark, clock in product("/.-", _CLOCKS))
_MONTH_FIRST = tuple(f"%m{mark}%d{mark}%Y{clock}" for mark, clock in product("/.-", _CLOCKS))
_GUESSED_FORMATS = frozenset({"", *_YEAR_FIRST, *_DAY_FIRST, *_MONTH_FIRST})


@dataclass(frozen=True, slots=True)
class Guess:
    """`note`: what a person should know of it, if anything."""

    kind: pa.DataType
    form: TextForm = ISO
    note: str = ""

    @property
    def is_given_format(self) -> bool:
        return self.form.dates not in _GUESSED_FORMATS


class ColumnGuess:
    """Narrows down the type of one column while its values are added."""

    def __init__(self, form: TextForm, is_json: bool = False) -> None:
        """`form`: the marks that are given. `is_json`: the texts are JSON strings, neither numbers nor booleans."""
        self._left = [] if is_json else [Guess(pa.bool_(), form), *(Guess(kind, form) for kind in _NUMBERS)]
        self._left += _moments(form)
        self._is_empty = True

    def add(self, texts: pa.StringArray) -> None:
        texts = texts.drop_null()
        if len(texts):
            first = texts[0].as_py().strip()
            self._left = [guess for guess in self._left if _may_fit(first, guess)]
            for part in (texts[:_FEW], texts) if len(texts) > _MANY else (texts,):
                self._left = _fitting(self._left, part)
            self._is_empty = False

    def merge(self, other: ColumnGuess) -> None:
        """Keep what fits the values of both."""
        if not other._is_empty:
            self._left = [guess for guess in self._left if guess in other._left]
            self._is_empty = False

    @property
    def guess(self) -> Guess:
        if self._is_empty or not self._left:
            return Guess(pa.string())
        first = self._left[0]
        others = {guess.form.dates for guess in self._left} & {*_DAY_FIRST, *_MONTH_FIRST}
        if len(others) > 1:
            return Guess(pa.string(), note="its dates do not tell day from month, so it stays text; name their format")
        return first


def guessed(columns: Iterable[pa.StringArray], form: TextForm = ISO) -> Guess:
    column = ColumnGuess(form)
    for texts in columns:
        column.add(texts)
    return column.guess


def _moments(form: TextForm) -> list[Guess]:
    if form.dates:
        own = [Guess(kind, form) for kind in (pa.date32(), pa.timestamp("us"), pa.timestamp("us", "UTC"))]
        return [*own, *(Guess(kind) for kind in _MOMENTS)]
    formats = (*_YEAR_FIRST, *_DAY_FIRST, *_MONTH_FIRST)
    return [
        *(Guess(kind) for kind in _MOMENTS),
        *(Guess(pa.timestamp("us") if "%H" in dates else pa.date32(), TextForm(dates)) for dates in formats),
    ]


def _may_fit(text: str, guess: Guess) -> bool:
    """A quick test, which spares most columns most of the types."""
    if guess.kind in _NUMBERS:
        return not _LIKE_WORDS.match(text)
    if pa.types.is_boolean(guess.kind):
        return text.lower() in _BOOLEANS
    return guess.is_given_format or bool(_LIKE_MOMENTS.match(text))


def _fitting(guesses: Iterable[Guess], texts: pa.StringArray) -> list[Guess]:
    """Those that fit all texts. What short integers are is known without trying the other numbers."""
    fitting: list[Guess] = []
    for guess in guesses:
        is_number = guess.kind in _NUMBERS and fitting and fitting[0].kind == pa.int64()
        if (is_number and pc.max(pc.binary_length(texts)).as_py() <= _EXACT_DIGITS) or _fits(texts, guess):
            fitting.append(guess)
    return fitting


def _fits(texts: pa.StringArray, guess: Guess) -> bool:
    pattern = _NUMBERS.get(guess.kind)
    try:
        if pattern and not pc.all(pc.match_substring_regex(_numbers(texts, guess.form), pattern)).as_py():
            return False
        if pa.types.is_boolean(guess.kind):
            return bool(pc.all(pc.is_in(pc.utf8_lower(texts), pa.array(_BOOLEANS))).as_py())
        if guess.kind == pa.timestamp("us", "UTC") and not _name_zones(texts, guess.form):
            return False
        plain_values(texts, guess.kind, guess.form)
    except pa.ArrowInvalid:
        return False
    return True


def _numbers(texts: pa.StringArray, form: TextForm) -> pa.StringArray:
    texts = pc.utf8_trim_whitespace(texts)
    return texts if form.decimal_mark == "." else pc.replace_substring(texts, form.decimal_mark, ".")


def _name_zones(texts: pa.StringArray, form: TextForm) -> bool:
    pattern = r"[T ].*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
    return bool("%z" in form.dates or pc.all(pc.match_substring_regex(texts, pattern)).as_py())

"""Text that is not exactly a value of its column's type, although DuckDB reads it as one.

DuckDB rounds 1.5 to the integer 2 and 1.005 to the decimal 1.01, cuts off digits of seconds and times of dates, reads
1e40 as an infinite FLOAT, and drops offsets from timestamps without a zone. Cheap tests come before regular
expressions, which would double the time of a load.
"""

from __future__ import annotations

import re

from supertable.adapters.readers.text.text_scanner import identifier

_INTEGERS = frozenset(f"{sign}{name}INT" for sign in ("", "U") for name in ("TINY", "SMALL", "BIG", "HUGE")) | {
    "INTEGER",
    "UINTEGER",
}
_SECONDS = {"TIMESTAMP_S": 0, "TIMESTAMP_MS": 3, "TIMESTAMP": 6, "TIME": 6, "TIMESTAMP_NS": 9}
_ZONED = "TIMESTAMP WITH TIME ZONE"
_DECIMAL = re.compile(r"DECIMAL\(\d+,(\d+)\)")


def inexact_sql(name: str, kind: str) -> str | None:
    """A condition on the text of a column: true where it is not exactly a `kind`. None: all text that is read is."""
    text = identifier(name)
    decimal = _DECIMAL.fullmatch(kind)
    if kind in _INTEGERS or decimal:
        return _rounded(text, kind, int(decimal[1]) if decimal else 0)
    if kind in ("FLOAT", "DOUBLE"):
        long = f"(contains({text}, 'e') OR contains({text}, 'E') OR strlen({text}) > 38)"
        return f"{long} AND isinf(try_cast({text} AS {kind})) AND regexp_matches({text}, '[0-9]')"
    if kind == "DATE":
        clock = f"regexp_extract({text}, '[ T]([0-9]+:[0-9:.]*)', 1)"
        return f"contains({text}, ':') AND regexp_matches({clock}, '[1-9]')"
    if kind == _ZONED:
        return _too_fine(text, 6)
    if kind in _SECONDS:
        sign = f"(contains({text}, '+') OR contains(substr({text}, 12), '-'))"
        return f"({_too_fine(text, _SECONDS[kind])}) OR ({sign} AND regexp_matches({text}, ':[0-9.]+ ?[+-][0-9]'))"
    return None


def _rounded(text: str, kind: str, scale: int) -> str:
    """Numbers with an exponent are compared as floats, others by their digits."""
    as_floats = f"try_cast({text} AS DOUBLE) <> try_cast(try_cast({text} AS {kind}) AS DOUBLE)"
    digits = f"regexp_matches({text}, '[.][0-9]{{{scale}}}[0-9]*[1-9]')"
    exponent = f"(contains({text}, 'e') OR contains({text}, 'E'))"
    return f"({exponent} OR {_has_digits(text, scale)}) AND CASE WHEN {exponent} THEN {as_floats} ELSE {digits} END"


def _too_fine(text: str, digits: int) -> str:
    return f"{_has_digits(text, digits)} AND regexp_matches({text}, ':[0-9]{{2}}[.][0-9]{{{digits}}}[0-9]*[1-9]')"


def _has_digits(text: str, more_than: int) -> str:
    """Whether more characters than that follow the first point."""
    return f"contains({text}, '.') AND strlen({text}) - strpos({text}, '.') > {more_than}"

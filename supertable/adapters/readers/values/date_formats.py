"""Dates and timestamps in other formats than ISO 8601, rewritten to it. What they say is checked when it is read."""

from __future__ import annotations

import re
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from supertable.domain.errors import InvalidInput

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_PARTS = {
    "Y": r"(?P<Y>[0-9]{4})",
    "y": r"(?P<y>[0-9]{2})",
    "m": r"(?P<m>[0-9]{1,2})",
    "d": r"(?P<d>[0-9]{1,2})",
    "H": r"(?P<H>[0-9]{1,2})",
    "I": r"(?P<I>[0-9]{1,2})",
    "M": r"(?P<M>[0-9]{1,2})",
    "S": r"(?P<S>[0-9]{1,2})",
    "f": r"(?P<f>[0-9]{1,9})",
    "p": r"(?P<p>[AaPp][Mm])",
    "z": r"(?P<z>Z|[+-][0-9]{2}:?[0-9]{2})",
    "b": r"(?P<b>[A-Za-z]{3})",
    "B": r"(?P<b>[A-Za-z]{3,9})",
    "%": "%",
}


def checked_date_format(text: str) -> str:
    """The format. Raises `InvalidInput` for one that cannot be used, or does not say the year, month and day."""
    _pattern(text)
    return text


def has_clock(text: str) -> bool:
    return "%H" in text or "%I" in text


def iso_texts(texts: pa.StringArray, date_format: str) -> pa.StringArray:
    """The texts in ISO 8601. Raises `pa.ArrowInvalid` for one that does not have the format."""
    found = pc.extract_regex(pc.utf8_trim_whitespace(texts), _pattern(date_format))
    if found.null_count > texts.null_count:
        raise pa.ArrowInvalid(f"not like {date_format}")
    parts = {field.name: found.field(i) for i, field in enumerate(found.type)}
    result = _joined("-", _year(parts), _month(parts), _padded(parts["d"]))
    if "H" in parts or "I" in parts:
        zero = pc.if_else(pc.is_valid(texts), "00", None)
        clock = _joined(":", _hour(parts), _padded(parts.get("M", zero)), _padded(parts.get("S", zero)))
        result = _joined(" ", result, _joined(".", clock, parts["f"]) if "f" in parts else clock)
    result = _joined("", result, parts["z"]) if "z" in parts else result
    return pc.if_else(pc.is_valid(texts), result, pa.scalar(None, pa.string()))


@lru_cache(maxsize=64)
def _pattern(date_format: str) -> str:
    pieces = re.split(r"%(.)", date_format)
    directives = pieces[1::2]
    known = {"b" if name == "B" else name for name in directives}
    if not set(directives) <= set(_PARTS) or len(known) < len(directives) or "%" in "".join(pieces[::2]):
        raise InvalidInput(f"The date format {date_format!r} has a part that is not known. The parts are {_known()}.")
    if not ({"Y", "y"} & known and {"m", "b"} & known and "d" in known) or ("I" in known) != ("p" in known):
        raise InvalidInput(
            f"The date format {date_format!r} must say year (%Y), month (%m) and day (%d); %I goes with %p."
        )
    return "^" + "".join(_PARTS[p] if i % 2 else re.escape(p) for i, p in enumerate(pieces)) + "$"


def _known() -> str:
    return ", ".join(f"%{name}" for name in _PARTS)


def _year(parts: dict[str, pa.Array]) -> pa.Array:
    """Two digits are the years 1969 to 2068, as in POSIX."""
    if "Y" in parts:
        return parts["Y"]
    century = pc.if_else(pc.greater_equal(parts["y"], "69"), "19", "20")
    return _joined("", century, parts["y"])


def _month(parts: dict[str, pa.Array]) -> pa.Array:
    if "m" in parts:
        return _padded(parts["m"])
    number = pc.index_in(pc.utf8_slice_codeunits(pc.utf8_lower(parts["b"]), 0, 3), pa.array(_MONTHS))
    return _padded(pc.fill_null(pc.add(number, 1), 0).cast(pa.string()))


def _hour(parts: dict[str, pa.Array]) -> pa.Array:
    if "H" in parts:
        return _padded(parts["H"])
    is_afternoon = pc.starts_with(pc.utf8_lower(parts["p"]), "p")
    hour = _number(parts["I"])
    hour = pc.if_else(pc.or_(pc.equal(hour, 0), pc.greater(hour, 12)), 99, pc.if_else(pc.equal(hour, 12), 0, hour))
    return _padded(pc.add(hour, pc.if_else(is_afternoon, 12, 0)).cast(pa.string()))


def _number(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(texts, ""), "0", texts).cast(pa.int32())


def _padded(texts: pa.Array) -> pa.Array:
    return pc.utf8_lpad(texts, 2, "0")


def _joined(separator: str, *parts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(*parts, separator)

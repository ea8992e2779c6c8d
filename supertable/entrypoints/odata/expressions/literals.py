"""Values from their texts, without loss: no decimal or integer passes through a binary fraction."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.expressions.lexer import Token, Tokens
from supertable.entrypoints.odata.expressions.syntax import Literal, LiteralValue

_MOST_DIGITS = 38
_DURATION = re.compile(
    r"(?P<sign>[+-]?)P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d{1,12})?)S)?)?"
)
_MICROSECONDS = {"days": 86_400_000_000, "hours": 3_600_000_000, "minutes": 60_000_000, "seconds": 1_000_000}
_WORDS: dict[str, tuple[str, LiteralValue]] = {
    "null": ("null", None),
    "true": ("Edm.Boolean", True),
    "false": ("Edm.Boolean", False),
    "inf": ("Edm.Double", float("inf")),
    "nan": ("Edm.Double", float("nan")),
}


def literal_of(tokens: Tokens) -> Literal | None:
    """The value that the current token is or begins, which is consumed; None: it is none. Raises `InvalidInput`."""
    token = tokens.current
    if token.kind == "mark" and token.text in "+-":
        return _signed(tokens)
    if token.kind == "name" and token.text.lower() in _WORDS:
        tokens.next()
        kind, value = _WORDS[token.text.lower()]
        return Literal(kind, value, token.text, token.at)
    read = _READERS.get(token.kind)
    if read is None:
        return None
    tokens.next()
    return read(tokens, token)


def read_as(literal: Literal, kind: str) -> Literal | None:
    """The value of a type that a string is the text of; None: of none. OData 4.01 reads strings so in `cast`, and where
    a duration is expected."""
    text = str(literal.value)
    prefix = {"Edm.Duration": "duration", "Edm.Binary": "binary"}.get(kind)
    try:
        tokens = Tokens(f"{prefix}'{text}'" if prefix else text, "")
        found = literal_of(tokens)
        tokens.end()
    except (InvalidInput, NotSupported):
        return None
    return replace(found, at=literal.at) if found is not None and found.kind == kind else None


def _signed(tokens: Tokens) -> Literal | None:
    sign = tokens.current
    following = tokens.text[tokens.position : tokens.position + 4]
    if not following[:1].isdigit() and following[:3].upper() != "INF":
        return None
    tokens.next()
    token = tokens.next()
    if token.kind == "name" and token.text.upper() == "INF":
        return Literal("Edm.Double", float(f"{sign.text}inf"), sign.text + token.text, sign.at)
    if token.kind != "number":
        raise tokens.error("expected a number after the sign", token.at)
    return _number(tokens, Token("number", sign.text + token.text, sign.at, sign.spaced))


def _number(tokens: Tokens, token: Token) -> Literal:
    text = token.text.removeprefix("+")
    if len(text) > 400:
        raise tokens.error("a number with more than 400 digits", token.at)
    if re.fullmatch(r"-?\d+", text):
        whole = int(text)
        kind = "Edm.Int64" if len(str(abs(whole))) <= _MOST_DIGITS else "Edm.Double"
        return Literal(kind, whole if kind == "Edm.Int64" else float(text), text, token.at)
    value = Decimal(text)
    plain = f"{value:f}" if abs(value.adjusted()) <= _MOST_DIGITS else "9" * 99
    if len(plain.removeprefix("-").replace(".", "")) <= _MOST_DIGITS:
        return Literal("Edm.Decimal", Decimal(plain), text, token.at)
    return Literal("Edm.Double", float(text), text, token.at)


def _string(_: Tokens, token: Token) -> Literal:
    return Literal("Edm.String", token.text[1:-1].replace("''", "'"), token.text, token.at)


def _json_string(tokens: Tokens, token: Token) -> Literal:
    try:
        return Literal("Edm.String", json.loads(token.text), token.text, token.at)
    except ValueError:
        raise tokens.error("a text that is not valid JSON", token.at) from None


def _typed(tokens: Tokens, token: Token) -> Literal:
    name, _, rest = token.text.partition("'")
    text = rest[:-1].replace("''", "'")
    if name.lower() == "duration":
        return Literal("Edm.Duration", _microseconds(tokens, token, text), token.text, token.at)
    if name.lower() == "binary":
        return Literal("Edm.Binary", _bytes(tokens, token, text), token.text, token.at)
    if name.lower() in ("geography", "geometry") or "." in name:
        raise NotSupported(f"{tokens.option}, position {token.at}: geographies and enumerations are not supported.")
    raise tokens.error(f"no type of literals is called {name!r}; a string is written 'text'", token.at)


def _microseconds(tokens: Tokens, token: Token, text: str) -> int:
    found = _DURATION.fullmatch(text.upper())
    parts = {unit: found[unit] for unit in _MICROSECONDS if found[unit]} if found else {}
    if found is None or not parts or text.upper().endswith("T") or len(text) > 60:
        raise tokens.error("this is no duration, such as duration'P1DT2H30M'", token.at)
    total = sum(Decimal(parts[unit]) * _MICROSECONDS[unit] for unit in parts)
    if total != int(total) or total >= 2**62:
        raise tokens.error("a duration has whole microseconds, and less than 146,000 years", token.at)
    return -int(total) if found["sign"] == "-" else int(total)


def _bytes(tokens: Tokens, token: Token, text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4) if "=" not in text else text
    try:
        return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (ValueError, binascii.Error):
        raise tokens.error("this is no base64url text", token.at) from None


def _moment(tokens: Tokens, token: Token) -> Literal:
    text = token.text.upper()
    if not re.search(r"(Z|[+-]\d\d:\d\d)$", text):
        raise tokens.error(f"a moment needs a zone, such as {token.text}Z", token.at)
    _check_date(tokens, token)
    _check_clock(tokens, token, text.partition("T")[2])
    return Literal("Edm.DateTimeOffset", text, token.text, token.at)


def _date(tokens: Tokens, token: Token) -> Literal:
    _check_date(tokens, token)
    return Literal("Edm.Date", token.text, token.text, token.at)


def _clock(tokens: Tokens, token: Token) -> Literal:
    _check_clock(tokens, token, token.text)
    return Literal("Edm.TimeOfDay", token.text, token.text, token.at)


def _check_date(tokens: Tokens, token: Token) -> None:
    year, month, day = token.text[:1].replace("-", "") + token.text[1:].partition("T")[0].partition("t")[0], 0, 0
    numbers = [int(part) for part in re.findall(r"\d+", year)[:3]]
    year_number, month, day = numbers
    leap = year_number % 4 == 0 and (year_number % 100 != 0 or year_number % 400 == 0)
    days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if token.text.startswith("-") or not 1 <= month <= 12 or not 1 <= day <= days[month - 1]:
        raise tokens.error("there is no such date", token.at)


def _check_clock(tokens: Tokens, token: Token, text: str) -> None:
    hours, minutes, *seconds = (int(part) for part in re.findall(r"\d+", text)[:3])
    if hours > 23 or minutes > 59 or (seconds and seconds[0] > 59 and text.count(":") > 1):
        raise tokens.error("there is no such time of day", token.at)


def _guid(_: Tokens, token: Token) -> Literal:
    return Literal("Edm.Guid", token.text.lower(), token.text, token.at)


_READERS: dict[str, Callable[[Tokens, Token], Literal]] = {
    "number": _number,
    "string": _string,
    "json": _json_string,
    "typed": _typed,
    "moment": _moment,
    "date": _date,
    "clock": _clock,
    "guid": _guid,
}

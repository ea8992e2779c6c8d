"""Random expressions: the text of each, and a function of a row that says what it must be.

Operands have parentheses where the table of precedences needs them, and sometimes where it does not.
"""

from __future__ import annotations

import datetime as dt
import operator
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from tests.support.odata import meanings
from tests.support.odata.odd_rows import BIGS, CLOCKS, DAYS, INTEGERS, MOMENTS, PRICES, RATES, TEXTS

Row = Mapping[str, Any]
_LEVELS = {"or": 1, "and": 2, "eq": 3, "ne": 3, "gt": 4, "ge": 4, "lt": 4, "le": 4, "add": 5, "sub": 5}
_LEVELS |= {"mul": 6, "div": 6, "divby": 6, "mod": 6, "in": 8}
_UNARY, _PRIMARY = 7, 9


@dataclass(frozen=True)
class Random:
    """`level`: how much its outermost operator binds."""

    text: str
    level: int
    value: Callable[[Row], Any]


class Expressions:
    """Makes expressions from one source of chance."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._variables = 0
        self._scope: dict[str, str] = {}

    def condition(self, depth: int = 3) -> Random:
        kinds = [self._compared, self._compared, self._compared, self._tested, self._flag, self._among]
        if depth > 0:
            kinds += [self._joined, self._joined, self._negated, self._quantified]
        return self._chance.choice(kinds)(depth - 1)

    def ordered(self) -> Random:
        """A value that rows can be ordered by."""
        return self.of_kind(self._chance.choice(("text", "whole", "decimal", "double", "day", "moment", "clock")), 1)

    def of_kind(self, kind: str, depth: int) -> Random:
        makers: dict[str, Callable[[int], Random]] = {
            "text": self._text,
            "whole": self._whole,
            "decimal": self._decimal,
            "double": self._double,
            "day": self._day,
            "moment": self._moment,
            "clock": self._clock,
        }
        return makers[kind](depth)

    def _operand(self, found: Random, least: int) -> str:
        needed = found.level < least
        return f"({found.text})" if needed or self._chance.random() < 0.1 else found.text

    def _infix(self, word: str, left: Random, right: Random, value: Callable[[Any, Any], Any]) -> Random:
        level = _LEVELS[word]
        text = f"{self._operand(left, level)} {word} {self._operand(right, level + 1)}"
        return Random(text, level, lambda row: value(left.value(row), right.value(row)))

    def _joined(self, depth: int) -> Random:
        word = self._chance.choice(("and", "or"))
        join = meanings.conjunction if word == "and" else meanings.disjunction
        left, right = self.condition(depth), self.condition(depth)
        return self._infix(word, left, right, lambda one, other: join((one, other)))

    def _negated(self, depth: int) -> Random:
        inner = self.condition(depth)
        text = f"not {self._operand(inner, _UNARY)}"
        return Random(text, _UNARY, lambda row: meanings.negation(inner.value(row)))

    def _compared(self, depth: int) -> Random:
        word = self._chance.choice(("eq", "ne", "gt", "ge", "lt", "le"))
        kind = self._chance.choice(("text", "whole", "decimal", "double", "day", "moment", "clock", "number", "single"))
        if kind == "single":
            left, right = self._column("Ratio", lambda found: np.float32(found)), self._single()
        elif kind == "number":
            left, right = (self.of_kind(self._chance.choice(("whole", "decimal", "double")), depth) for _ in "ab")
        else:
            left, right = self.of_kind(kind, depth), self.of_kind(kind, depth)
        if self._chance.random() < 0.08:
            right = _constant("null", None)
        if self._chance.random() < 0.2:
            left, right = right, left
        return self._infix(word, left, right, lambda one, other: meanings.compare(word, one, other))

    def _single(self) -> Random:
        text = self._chance.choice(("0.5", "-2.25", "0.1", "3", "INF", "NaN"))
        return _constant(text, np.float32(float(text.replace("INF", "inf"))))

    def _flag(self, _: int) -> Random:
        return self._column("Flag")

    def _tested(self, depth: int) -> Random:
        tests: dict[str, Callable[[str, str], bool]] = {
            "contains": lambda text, part: part in text,
            "startswith": lambda text, part: text.startswith(part),
            "endswith": lambda text, part: text.endswith(part),
        }
        name = self._chance.choice(list(tests))
        return _call(name, (self._text(depth), self._text(depth)), tests[name])

    def _among(self, depth: int) -> Random:
        kind = self._chance.choice(("text", "whole", "decimal", "double", "day"))
        value = self.of_kind(kind, depth)
        items = [self._literal(kind) for _ in range(self._chance.randint(1, 4))]
        text = f"{self._operand(value, _LEVELS['in'])} in ({','.join(item.text for item in items)})"

        def meaning(row: Row) -> bool:
            return any(meanings.compare("eq", value.value(row), item.value(row)) for item in items)

        return Random(text, _LEVELS["in"], meaning)

    def _quantified(self, depth: int) -> Random:
        word, name = self._chance.choice(("any", "all")), self._chance.choice(("Tags", "Sizes", "Lines"))
        if self._chance.random() < 0.15:
            return Random(f"{name}/any()", _PRIMARY, lambda row: bool(row[name]))
        self._variables += 1
        variable, before = f"v{self._variables}", dict(self._scope)
        self._scope[variable] = name
        inner = self._about(variable, name) if self._chance.random() < 0.7 else self.condition(depth - 1)
        self._scope = before

        def meaning(row: Row) -> bool:
            found = [inner.value({**row, variable: element}) is True for element in row[name] or ()]
            return any(found) if word == "any" else all(found)

        return Random(f"{name}/{word}({variable}:{inner.text})", _PRIMARY, meaning)

    def _about(self, variable: str, name: str) -> Random:
        """A condition on the range variable."""
        word = self._chance.choice(("eq", "ne", "gt", "lt"))
        if name == "Lines":
            member, kind = self._chance.choice((("Sku", "text"), ("N", "whole")))
            left = Random(f"{variable}/{member}", _PRIMARY, lambda row: (row[variable] or {}).get(member))
        else:
            kind = "text" if name == "Tags" else "whole"
            left = Random(variable, _PRIMARY, lambda row: row[variable])
        right = self._literal(kind) if self._chance.random() < 0.7 else self.of_kind(kind, 0)
        return self._infix(word, left, right, lambda one, other: meanings.compare(word, one, other))

    def _column(self, name: str, convert: Callable[[Any], Any] = lambda found: found) -> Random:
        text = f"$it/{name}" if self._chance.random() < 0.05 else name
        return Random(text, _PRIMARY, lambda row: None if row[name] is None else convert(row[name]))

    def _literal(self, kind: str) -> Random:
        if self._chance.random() < 0.06:
            return _constant("null", None)
        values: dict[str, tuple[Any, ...]] = {
            "text": TEXTS,
            "whole": INTEGERS + BIGS,
            "decimal": PRICES,
            "double": RATES,
            "day": DAYS,
            "moment": MOMENTS,
            "clock": CLOCKS,
        }
        value = self._chance.choice([each for each in values[kind] if each is not None])
        return _constant(literal(value), value)

    def _text(self, depth: int) -> Random:
        roll = self._chance.random()
        if depth <= 0 or roll < 0.5:
            city = Random("Address/City", _PRIMARY, lambda row: (row["Address"] or {}).get("City"))
            return self._chance.choice((self._column("Name"), self._column("Other"), city, self._literal("text")))
        inner = self._text(depth - 1)
        if roll < 0.6:
            return _call("concat", (inner, self._text(depth - 1)), lambda one, other: one + other)
        if roll < 0.75:
            start, length = self._small(), self._small()
            arguments = (inner, start, length) if self._chance.random() < 0.5 else (inner, start)
            return _call("substring", arguments, meanings.substring)
        name, change = self._chance.choice(
            (
                ("tolower", lambda text: meanings.simple_case(text, str.lower)),
                ("toupper", lambda text: meanings.simple_case(text, str.upper)),
                ("trim", lambda text: text.strip()),
            )
        )
        return _call(name, (inner,), change)

    def _small(self) -> Random:
        value = self._chance.choice((0, 1, 2, 3, -1, -2, -9, 40))
        return _constant(str(value), value)

    def _whole(self, depth: int) -> Random:
        roll = self._chance.random()
        if depth <= 0 or roll < 0.45:
            zip_code = Random("Address/Zip", _PRIMARY, lambda row: (row["Address"] or {}).get("Zip"))
            columns = (self._column("Qty"), self._column("Big"), self._column("Huge"), self._column("id"), zip_code)
            return self._chance.choice((*columns, self._literal("whole")))
        if roll < 0.6:
            return self._chance.choice((self._length, self._counted, self._part))(depth)
        if roll < 0.68:
            inner = self._whole(depth - 1)
            text = inner.text if inner.level == _PRIMARY and inner.text[0] not in "-" else f"({inner.text})"
            return Random(f"-{text}", _UNARY, lambda row: _with(operator.neg, inner.value(row)))
        if roll < 0.8:
            divisor = self._chance.choice((1, 2, 3, 7, -2, 1000))
            word = self._chance.choice(("div", "mod"))
            found = _strict(meanings.truncated if word == "div" else meanings.remainder)
            return self._infix(word, self._whole(0), _constant(str(divisor), divisor), found)
        name, meaning = self._chance.choice((("add", operator.add), ("sub", operator.sub)))
        if self._chance.random() < 0.3:
            return self._infix("mul", self._column("Qty"), self._literal_small(), _strict(operator.mul))
        return self._infix(name, self._whole(depth - 1), self._whole(0), _strict(meaning))

    def _literal_small(self) -> Random:
        value = self._chance.choice((0, 1, 3, -5, 100))
        return _constant(str(value), value)

    def _length(self, depth: int) -> Random:
        if self._chance.random() < 0.5:
            return _call("length", (self._text(depth - 1),), len)
        return _call("indexof", (self._text(depth - 1), self._text(0)), lambda text, part: text.find(part))

    def _counted(self, _: int) -> Random:
        name = self._chance.choice(("Tags", "Sizes", "Lines"))
        return Random(f"{name}/$count", _PRIMARY, lambda row: len(row[name] or ()))

    def _part(self, _: int) -> Random:
        if self._chance.random() < 0.5:
            name = self._chance.choice(("year", "month", "day"))
            value = self._chance.choice((self._day(0), self._moment(0)))
        else:
            name = self._chance.choice(("hour", "minute", "second"))
            value = self._chance.choice((self._clock(0), self._moment(0)))
        return _call(name, (value,), lambda found: getattr(found, name))

    def _decimal(self, depth: int) -> Random:
        roll = self._chance.random()
        if depth <= 0 or roll < 0.5:
            return self._chance.choice((self._column("Price"), self._literal("decimal")))
        if roll < 0.6:
            return _call(
                "fractionalseconds", (self._chance.choice((self._clock(0), self._moment(0))),), meanings.fraction
            )
        if roll < 0.7:
            name = self._chance.choice(("round", "floor", "ceiling"))
            return _call(name, (self._decimal(0),), lambda value: meanings.rounded(name, value))
        if roll < 0.8:
            divisor = self._chance.choice((2, 3, 7, -4))
            dividend = self._column("Qty")
            found = _strict(lambda one, other: meanings.exact_quotient(Decimal(one), Decimal(other), 12))
            return self._infix("divby", dividend, _constant(str(divisor), divisor), found)
        name, meaning = self._chance.choice((("add", operator.add), ("sub", operator.sub), ("mul", operator.mul)))
        other = self._chance.choice((self._column("Qty"), self._literal_small(), _constant("0.25", Decimal("0.25"))))
        return self._infix(name, self._decimal(0), other, _strict(meaning))

    def _double(self, depth: int) -> Random:
        roll = self._chance.random()
        if depth <= 0 or roll < 0.5:
            return self._column("Rate") if roll < 0.35 or depth <= 0 else _constant("INF", float("inf"))
        if roll < 0.65:
            name = self._chance.choice(("round", "floor", "ceiling"))
            return _call(name, (self._column("Rate"),), lambda value: meanings.rounded(name, value))
        word, meaning = self._chance.choice(
            (
                ("add", lambda one, other: float(one) + float(other)),
                ("sub", lambda one, other: float(one) - float(other)),
                ("mul", lambda one, other: float(one) * float(other)),
                ("div", lambda one, other: meanings.divided(float(one), float(other))),
                ("mod", lambda one, other: meanings.remainder(float(one), float(other))),
            )
        )
        other = self._chance.choice((self._column("Rate"), self._column("Qty"), self._literal_small()))
        return self._infix(word, self._column("Rate"), other, _strict(meaning))

    def _day(self, depth: int) -> Random:
        if depth > 0 and self._chance.random() < 0.3:
            return _call("date", (self._moment(0),), lambda moment: moment.date())
        return self._chance.choice((self._column("Day"), self._literal("day")))

    def _clock(self, depth: int) -> Random:
        if depth > 0 and self._chance.random() < 0.3:
            return _call("time", (self._moment(0),), lambda moment: moment.time())
        return self._chance.choice((self._column("Clock"), self._literal("clock")))

    def _moment(self, depth: int) -> Random:
        columns = (self._column("At"), self._column("Seen"))
        if depth > 0 and self._chance.random() < 0.3:
            text, length = self._chance.choice((("P1D", dt.timedelta(1)), ("-PT0.000001S", dt.timedelta(0, 0, -1))))
            duration = _constant(f"duration'{text}'", length)
            word, meaning = self._chance.choice((("add", operator.add), ("sub", operator.sub)))
            return self._infix(word, self._chance.choice(columns), duration, _strict(meaning))
        return self._chance.choice((*columns, self._literal("moment")))


def literal(value: Any) -> str:
    """The value as OData writes it."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, dt.datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, float):
        return {"nan": "NaN", "inf": "INF", "-inf": "-INF"}.get(repr(value), repr(value))
    return str(value)


def _constant(text: str, value: Any) -> Random:
    return Random(text, _PRIMARY, lambda row: value)


def _with(meaning: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None else meaning(value)


def _strict(meaning: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Null with null operands."""
    return lambda one, other: None if one is None or other is None else meaning(one, other)


def _call(name: str, arguments: tuple[Random, ...], meaning: Callable[..., Any]) -> Random:
    def value(row: Row) -> Any:
        values = [argument.value(row) for argument in arguments]
        return None if None in values else meaning(*values)

    return Random(f"{name}({','.join(argument.text for argument in arguments)})", _PRIMARY, value)

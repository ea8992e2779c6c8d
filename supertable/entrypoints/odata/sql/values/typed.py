"""SQL with its type, and what types have in common."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from supertable.domain.schema.types import DataType
from supertable.entrypoints.odata.expressions.syntax import Literal
from supertable.entrypoints.odata.model.entity_types import Collection, Complex, EdmType, Primitive

BOOLEAN, STRING = Primitive("Edm.Boolean"), Primitive("Edm.String")
INT32, INT64, DOUBLE = Primitive("Edm.Int32"), Primitive("Edm.Int64"), Primitive("Edm.Double")
DATE, TIME, MOMENT = Primitive("Edm.Date"), Primitive("Edm.TimeOfDay", 6), Primitive("Edm.DateTimeOffset", 6)
DURATION = Primitive("Edm.Duration", 6)
NULL = Primitive("null")
INTEGER_DIGITS = {"Edm.Byte": 3, "Edm.SByte": 3, "Edm.Int16": 5, "Edm.Int32": 10, "Edm.Int64": 19}
FLOATS = frozenset({"Edm.Single", "Edm.Double"})
NUMBERS = FLOATS | {"Edm.Decimal"} | INTEGER_DIGITS.keys()
MOST_DIGITS = 38


@dataclass(frozen=True, slots=True)
class Typed:
    """SQL of a value.

    `type`: `NULL` for the value null. The precision of an integer type is the number of digits that its values can
    have. `literal`: the value, if it is a literal; the SQL is empty then, since it is bound as what it is compared
    with. `zoned`: whether a moment is a TIMESTAMP WITH TIME ZONE. `stored`: the column's type. `fails`: whether some
    values end the query with an error, as a division by zero does. Durations are whole microseconds in SQL.
    """

    sql: str
    type: EdmType
    literal: Literal | None = None
    zoned: bool = False
    stored: DataType | None = None
    fails: bool = False

    @property
    def name(self) -> str:
        """The name of a primitive type; else `Complex` or `Collection`."""
        return self.type.name if isinstance(self.type, Primitive) else type(self.type).__name__

    @property
    def is_null(self) -> bool:
        return self.name == "null"

    @property
    def is_number(self) -> bool:
        return self.name in NUMBERS

    @property
    def digits(self) -> int:
        """The digits that a whole or decimal number can have."""
        assert isinstance(self.type, Primitive)
        if self.literal is not None and isinstance(self.literal.value, int | Decimal):
            return max(len(f"{abs(self.literal.value):f}".replace(".", "").lstrip("0")), self.scale, 1)
        return self.type.precision or INTEGER_DIGITS.get(self.name, MOST_DIGITS)

    @property
    def scale(self) -> int:
        """The digits after the point."""
        assert isinstance(self.type, Primitive)
        if self.literal is not None and isinstance(self.literal.value, Decimal):
            return len(f"{self.literal.value:f}".partition(".")[2])
        return (self.type.scale or 0) if self.name == "Edm.Decimal" else 0


def type_text(kind: EdmType) -> str:
    """The type's name, for messages."""
    if isinstance(kind, Collection):
        return f"Collection({type_text(kind.element)})"
    return "null" if isinstance(kind, Primitive) and kind == NULL else kind.name


def is_complex(kind: EdmType) -> bool:
    return isinstance(kind, Complex | Collection)


def decimal(digits: int, scale: int) -> Primitive:
    """The type of decimals that are no wider than the engine's."""
    return Primitive("Edm.Decimal", min(max(digits, scale), MOST_DIGITS), scale)


def text_literal(text: str) -> str:
    """The SQL of a text that is ours, such as the name of a member. Values of callers are bound."""
    return "'" + text.replace("'", "''") + "'"

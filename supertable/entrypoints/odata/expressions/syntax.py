"""The trees of expressions. `at`: where the expression begins in its text, from 0."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

LiteralValue: TypeAlias = bool | int | float | Decimal | str | bytes | None


@dataclass(frozen=True, slots=True)
class Literal:
    """A value. `kind`: `null`, or the name of its type, like `Edm.Int64`.

    Whole numbers are `Edm.Int64` whatever their size; numbers that a DECIMAL of 38 digits holds are `Edm.Decimal`, and
    others `Edm.Double`. Dates, times, moments and GUIDs are their texts, durations whole microseconds. `text`: as it
    was written.
    """

    kind: str
    value: LiteralValue
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Path:
    """Names between slashes. The first may be `$it` or a range variable, the last `$count`."""

    names: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`operator`: `not` or `-`."""

    operator: str
    operand: Expression
    at: int


@dataclass(frozen=True, slots=True)
class Binary:
    """A comparison or arithmetic, like `eq` and `add`; `has` too."""

    operator: str
    left: Expression
    right: Expression
    at: int


@dataclass(frozen=True, slots=True)
class Junction:
    """Two or more operands between `and` or `or`."""

    operator: str
    operands: tuple[Expression, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Among:
    """`operand in (…)`. `items`: the values, or the path of a collection."""

    operand: Expression
    items: tuple[Expression, ...] | Path
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments. Names are in lower case."""

    name: str
    arguments: tuple[Expression, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Case:
    """`case(condition:value,…)`."""

    branches: tuple[tuple[Expression, Expression], ...]
    at: int


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type, as `cast` and `isof` name one."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Quantified:
    """`path/any(variable:condition)` or `all`. Without a condition: whether there is any element."""

    word: str
    path: Path
    variable: str
    condition: Expression | None
    at: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list of values, as a parameter alias gives one."""

    items: tuple[Expression, ...]
    at: int


Expression: TypeAlias = Literal | Path | Unary | Binary | Junction | Among | Call | Case | TypeName | Quantified | Items


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """A word or phrase of `$search`."""

    text: str


@dataclass(frozen=True, slots=True)
class SearchNot:
    operand: SearchExpression


@dataclass(frozen=True, slots=True)
class SearchJunction:
    """Operands between `AND` or `OR`."""

    operator: str
    operands: tuple[SearchExpression, ...]


SearchExpression: TypeAlias = SearchTerm | SearchNot | SearchJunction


@dataclass(frozen=True, slots=True)
class OrderItem:
    expression: Expression
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Computed:
    """A value with a name of its own, as in `$compute`."""

    expression: Expression
    alias: str
    at: int


@dataclass(frozen=True, slots=True)
class Aggregated:
    """One value of `aggregate(…)`. `method`: like `sum`; `$count` has no expression."""

    expression: Expression | None
    method: str
    alias: str
    at: int


@dataclass(frozen=True, slots=True)
class Filter:
    condition: Expression


@dataclass(frozen=True, slots=True)
class Search:
    expression: SearchExpression


@dataclass(frozen=True, slots=True)
class Compute:
    values: tuple[Computed, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    values: tuple[Aggregated, ...]


@dataclass(frozen=True, slots=True)
class GroupBy:
    """`steps`: what is done to each group; empty: only the groups are wanted."""

    paths: tuple[Path, ...]
    steps: tuple[Transformation, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Leading:
    """`topcount`, `bottomsum` and their kin: `amount` is a count, sum or percentage of `expression`."""

    name: str
    amount: Literal
    expression: Expression
    at: int


@dataclass(frozen=True, slots=True)
class Ordered:
    items: tuple[OrderItem, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """`top(n)` or `skip(n)`."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Identity:
    pass


Transformation: TypeAlias = Filter | Search | Compute | Aggregate | GroupBy | Leading | Ordered | Cut | Identity

"""Comparisons as OData has them: null equals null alone, NaN equals nothing, and what has two types is refused."""

from __future__ import annotations

from collections.abc import Sequence

from supertable.entrypoints.odata.expressions.syntax import Literal
from supertable.entrypoints.odata.sql.values.bindings import Bindings, outside_ns
from supertable.entrypoints.odata.sql.values.typed import FLOATS, MOST_DIGITS, Typed

_SQL = {"eq": "=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}


def comparable(left: Typed, right: Typed) -> bool:
    """Whether two values can be compared."""
    if left.is_null or right.is_null:
        return True
    return (left.is_number and right.is_number) or (
        left.name == right.name and left.name not in ("Complex", "Collection")
    )


def compared(bindings: Bindings, operator: str, left: Typed, right: Typed, exact: bool) -> str:
    """The condition that two comparable values are in this relation.

    `exact`: it is true or false; else it may be null instead of false, which filters can use of statistics.
    """
    if operator == "ne":
        return f"NOT ({compared(bindings, 'eq', left, right, True)})"
    if left.is_null or right.is_null:
        return _with_null(bindings, operator, left, right)
    sql_left, sql_right = _operands(bindings, left, right)
    condition = f"{sql_left} {_SQL[operator]} {sql_right}{_without_nan(operator, (left, sql_left), (right, sql_right))}"
    if not exact:
        return (
            f"({condition})"
            if operator != "eq" or left.literal or right.literal
            else _or_nulls(condition, sql_left, sql_right)
        )
    if operator == "eq" and left.literal is None and right.literal is None:
        return f"coalesce({condition}, {sql_left} IS NULL AND {sql_right} IS NULL)"
    return f"coalesce({condition}, FALSE)"


def one_of(bindings: Bindings, value: Typed, items: Sequence[Typed], exact: bool) -> str:
    """The condition that the value equals one of the items."""
    plain = [item for item in items if not item.is_null]
    if not items:
        return "FALSE"
    if any(item.literal is None for item in plain) or value.is_null:
        return f"({' OR '.join(compared(bindings, 'eq', value, item, exact) for item in items)})"
    if value.name in FLOATS or len({item.name for item in plain}) > 1 or value.name == "Edm.DateTimeOffset":
        conditions = [compared(bindings, "eq", value, item, exact) for item in plain]
    else:
        pairs = [_operands(bindings, value, item) for item in plain]
        lists: dict[str, list[str]] = {}
        for left, right in pairs:
            lists.setdefault(left, []).append(right)
        conditions = [f"{left} IN ({', '.join(rights)})" for left, rights in lists.items()]
        conditions = [f"coalesce({each}, FALSE)" if exact else each for each in conditions]
    if len(plain) < len(items):
        conditions.append(f"{value.sql or bindings.sql(value)} IS NULL")
    return f"({' OR '.join(conditions)})"


def _or_nulls(condition: str, left: str, right: str) -> str:
    return f"({condition} OR ({left} IS NULL AND {right} IS NULL))"


def _with_null(bindings: Bindings, operator: str, left: Typed, right: Typed) -> str:
    if operator != "eq":
        return "FALSE"
    if left.is_null and right.is_null:
        return "TRUE"
    other = right if left.is_null else left
    return "FALSE" if other.literal else f"{other.sql} IS NULL"


def _operands(bindings: Bindings, left: Typed, right: Typed) -> tuple[str, str]:
    if left.is_number and right.is_number:
        return _numbers(bindings, left, right)
    if left.name == "Edm.DateTimeOffset":
        return _moments(bindings, left, right)
    return bindings.sql(left, right), bindings.sql(right, left)


def _numbers(bindings: Bindings, left: Typed, right: Typed) -> tuple[str, str]:
    names = {left.name, right.name}
    whole = max(left.digits - left.scale, right.digits - right.scale) if not names & FLOATS else 0
    too_wide = whole + max(left.scale, right.scale) > MOST_DIGITS if whole else False
    if "Edm.Double" in names or too_wide:
        return bindings.float(left, "DOUBLE"), bindings.float(right, "DOUBLE")
    if "Edm.Single" in names:
        return bindings.float(left, "FLOAT"), bindings.float(right, "FLOAT")
    mixed = bool(left.scale or right.scale)
    return _exact_number(bindings, left, mixed), _exact_number(bindings, right, mixed)


def _exact_number(bindings: Bindings, value: Typed, as_decimal: bool) -> str:
    sql = bindings.sql(value)
    if not as_decimal or value.scale:
        return sql
    return f"CAST({sql} AS DECIMAL({min(value.digits, MOST_DIGITS)}, 0))"


def _moments(bindings: Bindings, left: Typed, right: Typed) -> tuple[str, str]:
    sql_left, sql_right = bindings.sql(left, right), bindings.sql(right, left)
    if left.literal is None and right.literal is None and left.zoned != right.zoned:
        return in_utc(left, sql_left), in_utc(right, sql_right)
    return _coarser(sql_left, left, right.literal), _coarser(sql_right, right, left.literal)


def in_utc(value: Typed, sql: str) -> str:
    """The moment as a TIMESTAMP without a zone."""
    return f"timezone('UTC', {sql})" if value.zoned else sql


def in_microseconds(value: Typed, sql: str) -> str:
    """The moment as a TIMESTAMP of microseconds, cut off. The engine rounds nanoseconds, even into the next year."""
    if value.stored is None or value.stored.unit != "ns" or value.zoned or value.name != "Edm.DateTimeOffset":
        return in_utc(value, sql)
    return f"make_timestamp(epoch_ns({sql}) // 1000 - CASE WHEN epoch_ns({sql}) % 1000 < 0 THEN 1 ELSE 0 END)"


def _coarser(sql: str, value: Typed, other: Literal | None) -> str:
    """Microseconds beside a literal that nanoseconds cannot hold."""
    in_ns = value.stored is not None and value.stored.unit == "ns" and not value.zoned
    return f"CAST({sql} AS TIMESTAMP)" if in_ns and outside_ns(other) else sql


def _without_nan(operator: str, left: tuple[Typed, str], right: tuple[Typed, str]) -> str:
    """What keeps NaN out, which the engine has for the greatest number and equal to itself."""
    value, sql = left if operator in ("eq", "gt", "ge") else right
    other = right[0] if operator in ("eq", "gt", "ge") else left[0]
    if not {value.name, other.name} & FLOATS or (value.literal is not None and value.literal.text.lower() != "nan"):
        return ""
    if operator == "eq" and other.literal is not None and other.literal.text.lower() != "nan":
        return ""
    if value.name not in FLOATS and value.literal is None:
        return ""
    return f" AND NOT isnan({sql})"

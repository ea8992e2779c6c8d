"""The keys that a condition asks for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

import pyarrow as pa

from supertable.application.storage.arrow.arrow_schemas import arrow_type
from supertable.domain.scan.predicates import Compare, IsIn, Predicate, conjuncts, is_equality
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import SIGNED, UNSIGNED, DataType, Scalar, is_integer

_MOST_KEYS = 100_000


def wanted_keys(predicate: Predicate, schema: Schema, keys: Sequence[str]) -> pa.Table | None:
    """The keys of all rows that meet the condition, each once; None if it does not say.

    `keys`: the names of the table's key columns, which `schema` defines.
    """
    columns = [(schema.find(name), _values(predicate, name)) for name in keys]
    given = [(field, values) for field, values in columns if field and values is not None and _is_plain(field.type)]
    if len(given) < len(keys) or prod(len(values) for _, values in given) > _MOST_KEYS:
        return None
    rows = list(product(*(_held(field.type, values) for field, values in given)))
    columns_of = {
        field.name: _column(field.type, [row[number] for row in rows]) for number, (field, _) in enumerate(given)
    }
    return pa.table(columns_of)


def asks_for_keys_alone(predicate: Predicate, keys: Sequence[str]) -> bool:
    """Whether the predicate says nothing but which keys are wanted."""
    named = [part.column for part in conjuncts(predicate) if isinstance(part, Compare | IsIn) and is_equality(part)]
    return len(named) == len(conjuncts(predicate)) and sorted(named) == sorted(keys)


def _values(predicate: Predicate, column: str) -> Sequence[Scalar] | None:
    for part in conjuncts(predicate):
        if isinstance(part, IsIn) and part.column == column:
            return list(dict.fromkeys(part.values))
        if isinstance(part, Compare) and part.column == column and is_equality(part):
            return [part.value]
    return None


def _is_plain(kind: DataType) -> bool:
    """Whether conditions compare such a column with values of its own type: there are no units, and no rounding."""
    return is_integer(kind) or kind.name in ("bool", "string", "date")


def _held(kind: DataType, values: Sequence[Scalar]) -> list[Scalar]:
    """Those that a column of this type can hold."""
    if kind.name == "bool":
        return [value for value in values if isinstance(value, bool)]
    if kind.name == "string":
        return [value for value in values if isinstance(value, str)]
    bits = 32 if kind.name == "date" else (SIGNED | UNSIGNED)[kind.name]
    low, high = (0, 2**bits) if kind.name in UNSIGNED else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    return [value for value in values if isinstance(value, int) and low <= value < high]


def _column(kind: DataType, values: Sequence[Scalar]) -> pa.Array:
    """Dates are days since 1970."""
    return pa.array(values, pa.int32()).cast(pa.date32()) if kind.name == "date" else pa.array(values, arrow_type(kind))

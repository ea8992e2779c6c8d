"""Values of columns as Spark's SQL, by the types that views carry."""

from __future__ import annotations

from decimal import Context, Decimal

from supertable.adapters.engines.spark.relations.values import carried_type
from supertable.adapters.engines.spark.translation import constants
from supertable.domain.schema.types import UNITS, DataType, Scalar

_EXACT = Context(prec=80)


def null(kind: DataType) -> str:
    return f"CAST(NULL AS {carried_type(kind)})"


def constant(kind: DataType, value: Scalar) -> str:
    """A value in the units of column ranges, which compares exactly with a column of the type."""
    if isinstance(value, str):
        return constants.text(value)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return constants.double(value)
    if kind.name == "decimal":
        return f"CAST('{Decimal(value).scaleb(-kind.scale, _EXACT):f}' AS DECIMAL({kind.precision},{kind.scale}))"
    if kind.name == "date":
        return f"date_from_unix_date({value})"
    if kind.name == "timestamp" and kind.unit != "ns":
        moment = f"timestamp_micros({_microseconds(kind, value)}L)"
        return moment if kind.timezone else f"CAST({moment} AS TIMESTAMP_NTZ)"
    if kind.name == "time":
        return f"CAST('{_microseconds(kind, value)}' AS DECIMAL(38,0))"
    return f"CAST('{value}' AS DECIMAL(38,0))"


def _microseconds(kind: DataType, value: int) -> int:
    return value // 1_000 if kind.unit == "ns" else value * int(10 ** (UNITS["us"] - UNITS[kind.unit]))

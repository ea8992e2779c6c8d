"""Evaluates constant expressions of a validated statement by DuckDB itself."""

from __future__ import annotations

import duckdb

from supertable.adapters.engines.duckdb.errors import scrubbed, split_kind
from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.statement.conditions.constants import PURE, Evaluate, consists_of
from supertable.adapters.engines.duckdb.statement.parse_tree import Node, call, cast
from supertable.adapters.engines.duckdb.statement.rendering import render_unvalidated_select
from supertable.adapters.engines.duckdb.statement.validation.allowed_functions import TIMES
from supertable.application.ports.engines.parsed_statements import TagAt, TimestampAt, VersionAt
from supertable.domain.errors import InvalidInput, InvalidStatement, StatementRefused
from supertable.domain.names import checked_tag, version_or_tag

_TYPES = {
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamp_ns": "TIMESTAMP_NS",
    "zoned": "TIMESTAMP WITH TIME ZONE",
}
_INTEGERS = frozenset(
    f"{sign}{name}" for name in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT") for sign in ("", "U")
)
_FUNCTIONS = PURE | TIMES | {"*", "||"}
_YEAR_1_US = -62_135_596_800_000_000
_YEAR_10000_US = 253_402_300_800_000_000

At = VersionAt | TagAt | TimestampAt


def requested_version(cursor: duckdb.DuckDBPyConnection, at_clause: Node | None) -> At | None:
    """The version, tag or timestamp that an AT clause requests. A timestamp without a zone is UTC."""
    if at_clause is None:
        return None
    expression = at_clause["expr"]
    if not consists_of(expression, _FUNCTIONS):
        raise StatementRefused(
            "AT (…) takes a constant: a version number, a tag or a timestamp, which functions of time may compute."
        )
    return _version(cursor, expression) if at_clause["unit"] == "VERSION" else _moment(cursor, expression)


def evaluator(instance: DuckDBInstance) -> Evaluate:
    def evaluate(expression: Node, target: str) -> tuple[str, int | None]:
        microseconds = call("epoch_us", cast(expression, _TYPES[target]))
        attempt = {"class": "OPERATOR", "type": "OPERATOR_TRY", "alias": "", "children": [microseconds]}
        cursor = instance.cursor()
        try:
            kind, value = _row(cursor, call("typeof", expression), attempt)
            return str(kind), value if isinstance(value, int) else None
        except (duckdb.Error, InvalidStatement):
            return "", None
        finally:
            cursor.close()

    return evaluate


def _version(cursor: duckdb.DuckDBPyConnection, expression: Node) -> VersionAt | TagAt:
    """The version or tag that the expression names. '7' is a version number."""
    kind, value = _evaluated(cursor, "a version number or a tag", call("typeof", expression), expression)
    if kind != "VARCHAR" and kind not in _INTEGERS:
        raise InvalidStatement(f"AT (VERSION => …) needs a version number or a tag, not a value of the type {kind}.")
    try:
        version = version_or_tag(value)
        return VersionAt(version) if isinstance(version, int) else TagAt(checked_tag(version))
    except InvalidInput as error:
        raise InvalidStatement(f"AT (VERSION => …) needs a version number or a tag. {error}") from None


def _moment(cursor: duckdb.DuckDBPyConnection, expression: Node) -> TimestampAt:
    (value,) = _evaluated(cursor, "a timestamp", call("epoch_us", cast(expression, _TYPES["zoned"])))
    if not isinstance(value, int) or not _YEAR_1_US <= value < _YEAR_10000_US:
        raise InvalidStatement("AT (TIMESTAMP => …) needs a timestamp in the years 1 to 9999.")
    return TimestampAt(value)


def _evaluated(cursor: duckdb.DuckDBPyConnection, wanted: str, *expressions: Node) -> tuple[object, ...]:
    try:
        return _row(cursor, *expressions)
    except duckdb.Error as error:
        raise InvalidStatement(f"AT (…) needs {wanted}: {scrubbed(split_kind(error)[1], {})}") from None


def _row(cursor: duckdb.DuckDBPyConnection, *expressions: Node) -> tuple[object, ...]:
    return tuple(cursor.execute(render_unvalidated_select(cursor, *expressions)).fetchone() or ())

"""Evaluates constant expressions of a validated statement by DuckDB itself."""

from __future__ import annotations

import duckdb

from supertable.adapters.engines.duckdb.errors import scrubbed, split_kind
from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.statement.conditions.constants import Evaluate
from supertable.adapters.engines.duckdb.statement.parse_tree import Node, call, cast, nodes
from supertable.adapters.engines.duckdb.statement.rendering import render_unvalidated_select
from supertable.application.ports.engines import TagAt, TimestampAt, VersionAt
from supertable.domain.errors import InvalidName, InvalidStatement, StatementRefused
from supertable.domain.names import checked_tag

_TYPES = {"date": "DATE", "time": "TIME", "timestamp": "TIMESTAMP", "zoned": "TIMESTAMP WITH TIME ZONE"}


At = VersionAt | TagAt | TimestampAt


def requested_version(cursor: duckdb.DuckDBPyConnection, at_clause: Node | None) -> At | None:
    """The version, tag or timestamp that an AT clause requests. A timestamp without a zone is UTC."""
    if at_clause is None:
        return None
    expression = at_clause["expr"]
    if not _is_constant(expression):
        raise StatementRefused("AT (…) takes a constant: a version number, a tag or a timestamp.")
    if at_clause["unit"] == "VERSION":
        tag = _tag(cursor, expression)
        return tag or VersionAt(_integer(cursor, cast(expression, _type("BIGINT")), "a version number or a tag"))
    moment = call("epoch_us", cast(expression, _type(_TYPES["zoned"])))
    return TimestampAt(_integer(cursor, moment, "a timestamp"))


def evaluator(instance: DuckDBInstance) -> Evaluate:
    def evaluate(expression: Node, target: str) -> tuple[str, int | None]:
        microseconds = call("epoch_us", cast(expression, _type(_TYPES[target])))
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


def _tag(cursor: duckdb.DuckDBPyConnection, expression: Node) -> TagAt | None:
    """The tag that the expression names; None if it is not the text of a valid tag. '7' is a version number."""
    try:
        kind, value = _row(cursor, call("typeof", expression), expression)
        return TagAt(checked_tag(value)) if kind == "VARCHAR" else None
    except (duckdb.Error, InvalidName):
        return None


def _integer(cursor: duckdb.DuckDBPyConnection, expression: Node, what: str) -> int:
    try:
        (value,) = _row(cursor, expression)
    except duckdb.Error as error:
        raise InvalidStatement(f"AT (…) needs {what}: {scrubbed(split_kind(error)[1], {})}") from None
    if not isinstance(value, int):
        raise InvalidStatement(f"AT (…) needs {what}.")
    return value


def _row(cursor: duckdb.DuckDBPyConnection, *expressions: Node) -> tuple[object, ...]:
    return tuple(cursor.execute(render_unvalidated_select(cursor, *expressions)).fetchone() or ())


def _is_constant(expression: Node) -> bool:
    """Whether the expression has neither columns nor subqueries nor parameters."""
    varying = ("COLUMN_REF", "STAR", "SUBQUERY", "PARAMETER", "WINDOW")
    return not any(node.get("class") in varying for node in nodes(expression))


def _type(name: str) -> Node:
    return {"id": name, "type_info": None}

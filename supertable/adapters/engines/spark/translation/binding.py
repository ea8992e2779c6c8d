"""Binds a checked statement in DuckDB, over empty tables, and takes the plan of it: what the statement means.

In that plan each name is resolved, each `*` written out, each implicit cast explicit, each expression typed, and each
expression of constants computed, all by the engine whose answers are right by definition.
"""

from __future__ import annotations

import copy
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb.errors import about_statement, split_kind
from supertable.adapters.engines.duckdb.exact_results import exact_stream
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.duckdb.statement.parse_tree import Node, nodes
from supertable.adapters.engines.duckdb.statement.rendering import render_unvalidated, serialized
from supertable.adapters.engines.duckdb.statement.validation.literal_lists import LiteralList, with_lists
from supertable.adapters.engines.duckdb.types import literal, quoted
from supertable.adapters.engines.spark.translation.refusals import refused
from supertable.application.ports.engines.parsed_statements import Parameters
from supertable.domain.errors import InvalidStatement

_SETTINGS = (
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL error_on_division_by_zero = false",
    "SET GLOBAL lambda_syntax = 'ENABLE_SINGLE_ARROW'",
    "SET threads = 1",
    "SET memory_limit = '256MB'",
    "SET temp_directory = ''",
)
_LOCKED = ("SET enable_external_access = false", "SET lock_configuration = true")
_FOLDING = "expression_rewriter"
"""The one optimizer that runs: it computes constants. The others would use the statistics of empty tables."""
_BATCH_ROWS = 2048
_OPTIONS = "skip_null := true, skip_empty := true, skip_default := true, optimize := true"
_NOT_FINITE = re.compile(r'(?<=[,{]"value":)(-?)(nan|inf(?:inity)?)(?=[,}])', re.IGNORECASE)
_PLAIN_PARAMETERS = re.compile(
    r"(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UBIGINT|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)|VARCHAR|BLOB|BOOLEAN|DATE|TIME|"
    r"TIMESTAMP(_NS| WITH TIME ZONE)?)(\[\])?"
)


@dataclass(frozen=True, slots=True)
class SparkView:
    """A relation in Spark. `name`: of the view, made by us. `columns`: their names and DuckDB's types, in its order."""

    name: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BoundPlan:
    """`tree`: DuckDB's plan. `schema`: of the answer, as LITE gives it."""

    tree: Node
    schema: pa.Schema


class Binder:
    """A database in memory that holds empty tables, each for as long as one statement is bound."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._database: duckdb.DuckDBPyConnection | None = None

    def bound(
        self,
        statement: DuckDBStatement,
        views: Mapping[int, SparkView],
        parameters: Parameters = (),
    ) -> BoundPlan:
        """Raises `InvalidStatement` as LITE does, and `NotOnSpark`."""
        if statement.explain:
            raise refused("EXPLAIN")
        cursor = self._cursor()
        try:
            for number, view in views.items():
                columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in view.columns)
                token = statement.tokens[number]
                cursor.execute(f"CREATE TEMP TABLE {quoted(table_of(token))} ({columns})")
                cursor.execute(f"CREATE TEMP VIEW {quoted(token)} AS FROM {quoted(table_of(token))}")
            plan = _plan(cursor, _with_values(cursor, statement, parameters))
            return BoundPlan(plan, _schema(cursor, statement.rendered, parameters))
        except duckdb.Error as error:
            raise _invalid(error, statement, views.values()) from None
        finally:
            cursor.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._database is None:
                self._database = _opened()
            return self._database.cursor()

    def close(self) -> None:
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None


def table_of(token: str) -> str:
    """The empty table in the plan. The statement has a view of it, since views have no `rowid`, as in LITE."""
    return f"{token}_table"


def _opened() -> duckdb.DuckDBPyConnection:
    config = {"autoinstall_known_extensions": "false", "python_enable_replacements": "false"}
    database = duckdb.connect(":memory:", config=dict(config))
    names = [str(name) for (name,) in database.execute("SELECT name FROM duckdb_optimizers()").fetchall()]
    others = ",".join(name for name in names if name != _FOLDING)
    for setting in (*_SETTINGS, f"SET GLOBAL disabled_optimizers = {literal(others)}", *_LOCKED):
        database.execute(setting)
    return database


def _plan(cursor: duckdb.DuckDBPyConnection, sql: str) -> Node:
    ((text,),) = cursor.execute(f"SELECT json_serialize_plan({literal(sql)}, {_OPTIONS})").fetchall()
    try:
        report = json.loads(_NOT_FINITE.sub(_json_number, str(text)))
    except RecursionError:
        raise refused("statements that are nested so deeply") from None
    except ValueError:  # DuckDB writes the constants of some types as no JSON
        raise refused("constants of such a type") from None
    if report["error"] and report.get("error_type") not in (None, "not implemented"):
        raise duckdb.Error(report["error_message"])
    if report["error"] or len(report["plans"]) != 1:
        raise refused("this kind of statement")
    tree: Node = report["plans"][0]
    return tree


def _invalid(error: duckdb.Error, statement: DuckDBStatement, views: Iterable[SparkView]) -> InvalidStatement:
    columns = dict.fromkeys(name for view in views for name, _ in view.columns)
    return InvalidStatement(about_statement(split_kind(error)[1], statement.names, tuple(columns)))


def _schema(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters) -> pa.Schema:
    """The names and types that the answer has in LITE. The statement does not run."""
    columns = [(str(row[0]), str(row[1])) for row in cursor.execute(f"DESCRIBE {sql}", parameters or None).fetchall()]
    nothing = ", ".join(f"CAST(NULL AS {kind})" for _, kind in columns)
    types = exact_stream(cursor, f"SELECT {nothing}", (), _BATCH_ROWS).schema.types
    return pa.schema([(name, kind) for (name, _), kind in zip(columns, types, strict=True)])


def _json_number(found: re.Match[str]) -> str:
    return found[1] + ("NaN" if found[2].lower() == "nan" else "Infinity")


def _with_values(cursor: duckdb.DuckDBPyConnection, statement: DuckDBStatement, parameters: Parameters) -> str:
    """The SQL of the statement with typed constants in the place of its parameters."""
    if not parameters and not any(node.get("class") == "PARAMETER" for node in nodes(statement.tree)):
        return statement.rendered
    named = parameters if isinstance(parameters, Mapping) else {str(i): v for i, v in enumerate(parameters, 1)}
    tree = copy.deepcopy(statement.tree)
    used = {node["identifier"]: node for node in nodes(tree) if node.get("class") == "PARAMETER"}
    if used.keys() != named.keys():
        raise InvalidStatement("The parameters are not those of the statement.")
    values = {name: _constant(cursor, value) for name, value in named.items()}
    for node in nodes(tree):
        if node.get("class") == "PARAMETER":
            alias, value = node["alias"], values[node["identifier"]]
            node.clear()
            node.update(copy.deepcopy(value), alias=alias)
    return with_lists(render_unvalidated(cursor, tree), {one.name: one for one in _lists(tree)})


def _constant(cursor: duckdb.DuckDBPyConnection, value: Any) -> Node:
    """The parse tree of a constant of the type that the parameter has."""
    kind, text = _described(cursor, value)
    if kind == "VARCHAR" and text is not None:
        return _parsed(cursor, literal(text))  # no cast: as in LITE, what it is compared with decides its type
    if text is not None and not _PLAIN_PARAMETERS.fullmatch(kind):
        raise refused(f"parameters of the type {kind}")
    if kind.endswith("[]"):
        items = ", ".join(_cast_sql(cursor, item) for item in value)
        sql = f"CAST([{items}] AS {kind})"
    else:
        sql = "NULL" if text is None else f"CAST({literal(text)} AS {kind})"
    return _parsed(cursor, sql)


def _parsed(cursor: duckdb.DuckDBPyConnection, sql: str) -> Node:
    found: Node = json.loads(serialized(cursor, f"SELECT {sql}"))["statements"][0]["node"]["select_list"][0]
    return found


def _described(cursor: duckdb.DuckDBPyConnection, value: Any) -> tuple[str, str | None]:
    """The type that a parameter has, and its value as text."""
    ((kind, text),) = cursor.execute("SELECT typeof($1), CAST($1 AS VARCHAR)", [value]).fetchall()
    return str(kind), text


def _cast_sql(cursor: duckdb.DuckDBPyConnection, item: Any) -> str:
    kind, text = _described(cursor, item)
    return "NULL" if text is None else f"CAST({literal(text)} AS {kind})"


def _lists(tree: Any) -> Iterator[LiteralList]:
    stack = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, LiteralList):
            yield item
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)

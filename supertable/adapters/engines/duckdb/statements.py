"""A statement as the caller wrote it, turned into one that has been judged and may run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from supertable.adapters.engines.duckdb.errors import scrubbed, split_kind, syntax_error
from supertable.adapters.engines.duckdb.judge import Judge, Node, Reference
from supertable.adapters.engines.duckdb.rendering import loaded, nodes, rendered, serialized
from supertable.application.ports.engines import Relation, TimestampAt, VersionAt
from supertable.domain.errors import InvalidStatement, StatementRefused
from supertable.domain.predicates import ALWAYS, Predicate
from supertable.domain.schemas import Schema

_EXPLAIN_OPTION = re.compile(rb"(?:\(\s*)?(?:analyze|verbose|format)\b", re.IGNORECASE)
MAX_SQL_BYTES = 1_000_000
_ONLY_SELECT = "Only a query can run: SELECT, VALUES, FROM, DESCRIBE or SUMMARIZE of a table, EXPLAIN of these."


@dataclass(frozen=True, slots=True)
class DuckDBStatement:
    """`pieces` are the rendered SQL, cut where the relations `order` go. `tree` is judged; nobody changes it again."""

    relations: tuple[Relation, ...]
    explain: bool
    pieces: tuple[str, ...]
    order: tuple[int, ...]
    tree: Node

    def predicate(self, relation_id: int, schemas: Mapping[int, Schema]) -> Predicate:  # noqa: ARG002
        return ALWAYS

    def sql(self, sources: Mapping[int, str]) -> str:
        """The statement over `sources`, SQL of a subquery for each relation."""
        filled = [f"({sources[relation]}){piece}" for relation, piece in zip(self.order, self.pieces[1:], strict=True)]
        return self.pieces[0] + "".join(filled)


def parsed(cursor: duckdb.DuckDBPyConnection, sql: str) -> DuckDBStatement:
    """Parse and judge one statement. Raises `InvalidStatement` and `StatementRefused`."""
    check_text(sql)
    query, explain = _without_explain(sql)
    tree, prefix = parse_tree(cursor, query)
    judge = Judge(prefix)
    judge.walk("select", tree)
    relations = tuple(
        Relation(number, reference.parts, _asked_version(cursor, reference))
        for number, reference in enumerate(judge.references)
    )
    pieces, order = _cut(rendered(cursor, tree), prefix)
    return DuckDBStatement(relations, explain, pieces, order, tree)


def parse_tree(cursor: duckdb.DuckDBPyConnection, sql: str) -> tuple[Node, str]:
    """DuckDB's tree of the one statement in `sql`, and a prefix for names that occurs nowhere in it."""
    text = serialized(cursor, sql)
    answer = loaded(text)
    if answer["error"]:
        raise _problem(sql, answer)
    statements = answer["statements"]
    if len(statements) != 1:
        raise StatementRefused(f"One statement at a time; this text has {len(statements)}.")
    prefix = "st_q"
    while prefix in text.lower():
        prefix += "q"
    return statements[0], prefix


def check_text(sql: str) -> None:
    if len(sql.encode("utf-8", "surrogatepass")) > MAX_SQL_BYTES:
        raise InvalidStatement(f"The statement is longer than {MAX_SQL_BYTES:,} bytes.")
    if "\x00" in sql:
        raise InvalidStatement("The statement has a NUL character.")


def _without_explain(sql: str) -> tuple[str, bool]:
    """The statement with a leading EXPLAIN blanked out, so that positions stay right, and whether there was one."""
    raw = sql.encode("utf-8", "surrogatepass")
    tokens = duckdb.tokenize(sql)[:2] if "explain" in sql.lower() else []
    if not tokens or raw[tokens[0][0] : tokens[0][0] + 7].lower() != b"explain":
        return sql, False
    start, end = tokens[0][0], tokens[0][0] + 7
    if len(tokens) > 1 and _EXPLAIN_OPTION.match(raw, tokens[1][0]):
        raise StatementRefused("EXPLAIN takes no options here: EXPLAIN SELECT …")
    return (raw[:start] + b" " * (end - start) + raw[end:]).decode("utf-8", "surrogatepass"), True


def _problem(sql: str, answer: Node) -> InvalidStatement:
    if answer["error_type"] != "not implemented":
        return syntax_error(sql, answer)
    raw, tokens = sql.encode("utf-8", "surrogatepass"), duckdb.tokenize(sql)
    words = re.match(rb"\w+", raw[tokens[0][0] :]) if tokens else None
    if words and words[0].lower() == b"pivot":
        return StatementRefused("PIVOT needs its values here: PIVOT … ON column IN (…).")
    return StatementRefused(_ONLY_SELECT)


def _asked_version(cursor: duckdb.DuckDBPyConnection, reference: Reference) -> VersionAt | TimestampAt | None:
    if reference.at_clause is None:
        return None
    expression = reference.at_clause["expr"]
    if not _is_constant(expression):
        raise StatementRefused("AT (…) takes a constant: a version number or a timestamp.")
    if reference.at_clause["unit"] == "VERSION":
        return VersionAt(_evaluated(cursor, expression, "{}::BIGINT", "a version number"))
    return TimestampAt(_evaluated(cursor, expression, "epoch_us({}::TIMESTAMPTZ)", "a timestamp"))


def _is_constant(expression: Node) -> bool:
    """Whether the expression has neither columns nor subqueries nor parameters."""
    varying = ("COLUMN_REF", "STAR", "SUBQUERY", "PARAMETER", "WINDOW")
    return not any(node.get("class") in varying for node in nodes(expression))


def _evaluated(cursor: duckdb.DuckDBPyConnection, expression: Node, form: str, what: str) -> int:
    """The value of a judged constant expression, as an integer. Plain timestamps are taken as UTC."""
    tree = skeleton(cursor)
    tree["node"]["select_list"] = [expression]
    try:
        sql = rendered(cursor, tree).removeprefix("SELECT ")
        row = cursor.execute(f"SELECT {form.format(f'({sql})')}").fetchone()
    except duckdb.Error as error:
        raise InvalidStatement(f"AT (…) needs {what}: {scrubbed(split_kind(error)[1], {})}") from None
    if row is None or not isinstance(row[0], int):
        raise InvalidStatement(f"AT (…) needs {what}.")
    return row[0]


def skeleton(cursor: duckdb.DuckDBPyConnection) -> Node:
    """The tree of `SELECT 1`, to put other expressions into."""
    return parse_tree(cursor, "SELECT 1")[0]


def _cut(sql: str, prefix: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    parts = re.split(rf"{prefix}_r(\d+)", sql)
    return tuple(parts[::2]), tuple(int(number) for number in parts[1::2])

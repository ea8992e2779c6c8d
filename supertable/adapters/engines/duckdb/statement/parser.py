"""Parses one statement with DuckDB's own parser, judges it, and renders what was judged."""

from __future__ import annotations

import re
from typing import Any

import duckdb

from supertable.adapters.engines.duckdb.errors import syntax_error
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.duckdb.statement.constant_evaluation import asked_version
from supertable.adapters.engines.duckdb.statement.constants import Evaluate
from supertable.adapters.engines.duckdb.statement.count_only import only_counted
from supertable.adapters.engines.duckdb.statement.fallibility import may_fail
from supertable.adapters.engines.duckdb.statement.parse_tree import Node
from supertable.adapters.engines.duckdb.statement.redacted_sql import first_word, shape_of
from supertable.adapters.engines.duckdb.statement.rendering import keep_names, loaded, rendered, serialized, unvalidated
from supertable.adapters.engines.duckdb.statement.validator import StatementValidator
from supertable.application.ports.engines import Relation
from supertable.domain.errors import InvalidStatement, StatementRefused

MAX_SQL_BYTES = 1_000_000
MAX_OPERATOR_COMMENTS = 20
"""DuckDB reads a run of operator characters to its end once for each comment that opens in it: 400 kB take minutes."""
_OPERATORS = re.compile(r"[-+*/<>=~!@#%^&|`?]{40,}")
_EXPLAIN_OPTION = re.compile(rb"(?:\(\s*)?(?:analyze|verbose|format)\b", re.IGNORECASE)
_ONLY_SELECT = "Only a query can run: SELECT, VALUES, FROM, DESCRIBE or SUMMARIZE of a table, EXPLAIN of these."


def parsed(cursor: duckdb.DuckDBPyConnection, sql: str, evaluate: Evaluate) -> DuckDBStatement:
    """Parse and judge one statement. Raises `InvalidStatement` and `StatementRefused`."""
    query, explain = _without_explain(checked_text(sql))
    tree, prefix = parse_tree(cursor, query)
    keep_names(cursor, tree)
    judge = StatementValidator(prefix)
    judge.walk("select", tree)
    relations = tuple(
        Relation(number, reference.parts, asked_version(cursor, reference.at_clause), reference.changes)
        for number, reference in enumerate(judge.references)
    )
    tokens = tuple(reference.token for reference in judge.references)
    text = rendered(cursor, tree)
    pieces = re.split(rf"{prefix}_r(\d+)", text)
    return DuckDBStatement(
        relations=relations,
        explain=explain,
        pieces=tuple(pieces[::2]),
        order=tuple(int(number) for number in pieces[1::2]),
        tree=tree,
        tokens=tokens,
        names=judge.names,
        evaluate=evaluate,
        counted=only_counted(tree, tokens),
        may_fail=may_fail(tree),
        shape=shape_of(text, judge.names),
    )


def refused_shape(cursor: duckdb.DuckDBPyConnection, sql: str) -> str:
    """As `DuckDBStatement.shape`, of a statement that was refused; empty where it makes no sense."""
    try:
        query, _ = _without_explain(checked_text(sql))
        return shape_of(unvalidated(cursor, parse_tree(cursor, query)[0]), {})
    except StatementRefused:
        return first_word(sql)
    except InvalidStatement:
        return ""


def parse_tree(cursor: duckdb.DuckDBPyConnection, sql: str, before: str = "") -> tuple[Node, str]:
    """DuckDB's tree of the one statement in `sql`, and a prefix for names that occurs nowhere in it.

    `before`: lines that the caller did not write; messages count the others.
    """
    text = serialized(cursor, sql)
    answer = loaded(text)
    if answer["error"]:
        raise _problem(sql, answer, before)
    statements: list[Any] = answer["statements"]
    if len(statements) != 1:
        raise StatementRefused(f"One statement at a time; this text has {len(statements)}.")
    prefix, lower = "st_q", text.lower()
    while prefix in lower:
        prefix += "q"
    return statements[0], prefix


def checked_text(sql: str) -> str:
    """The text, if it is one that may be given to the parser at all."""
    try:
        size = len(sql.encode())
    except UnicodeEncodeError:
        raise InvalidStatement("The statement is not valid Unicode text.") from None
    if size > MAX_SQL_BYTES:
        raise InvalidStatement(f"The statement is longer than {MAX_SQL_BYTES:,} bytes.")
    if any(run[0].count("/*") > MAX_OPERATOR_COMMENTS for run in _OPERATORS.finditer(sql)):
        raise InvalidStatement("The statement has too many comments in a row without a space.")
    if "\x00" in sql:
        raise InvalidStatement("The statement has a NUL character.")
    return sql


def _without_explain(sql: str) -> tuple[str, bool]:
    """The statement with a leading EXPLAIN blanked out, so that positions stay right, and whether there was one."""
    raw = sql.encode()
    tokens = duckdb.tokenize(sql)[:2] if "explain" in sql.lower() else []
    if not tokens or raw[tokens[0][0] : tokens[0][0] + 7].lower() != b"explain":
        return sql, False
    if len(tokens) > 1 and _EXPLAIN_OPTION.match(raw, tokens[1][0]):
        raise StatementRefused("EXPLAIN takes no options here: EXPLAIN SELECT …")
    start = tokens[0][0]
    return (raw[:start] + b" " * 7 + raw[start + 7 :]).decode(), True


def _problem(sql: str, answer: Node, before: str) -> InvalidStatement:
    if not str(answer["error_message"]).startswith("Only SELECT"):
        return syntax_error(sql, answer, before)
    tokens = duckdb.tokenize(sql)
    word = re.match(rb"\w+", sql.encode()[tokens[0][0] :]) if tokens else None
    if word and word[0].lower() == b"pivot":
        return StatementRefused("PIVOT needs its values here: PIVOT … ON column IN (…).")
    return StatementRefused(_ONLY_SELECT)

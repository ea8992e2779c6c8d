"""Parses a statement with DuckDB's own parser, validates the tree, and renders the validated tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import duckdb

from supertable.adapters.engines.duckdb.errors import syntax_error
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.duckdb.statement.columns_read import has_repeatable_sample, names_in, tables_needed
from supertable.adapters.engines.duckdb.statement.conditions.constant_evaluation import At, requested_version
from supertable.adapters.engines.duckdb.statement.conditions.constants import Evaluate
from supertable.adapters.engines.duckdb.statement.conditions.fallibility import may_fail
from supertable.adapters.engines.duckdb.statement.count_only import count_column, counted_relations
from supertable.adapters.engines.duckdb.statement.extensions.pivots import fill, with_markers
from supertable.adapters.engines.duckdb.statement.extensions.version_calls import with_versions_call
from supertable.adapters.engines.duckdb.statement.extensions.views import ViewQueries
from supertable.adapters.engines.duckdb.statement.parse_tree import Node
from supertable.adapters.engines.duckdb.statement.redacted_sql import first_word, shape_of
from supertable.adapters.engines.duckdb.statement.refused_verbs import reason
from supertable.adapters.engines.duckdb.statement.rendering import (
    keep_column_names,
    loaded,
    render_unvalidated,
    rendered,
    serialized,
    text_of,
)
from supertable.adapters.engines.duckdb.statement.repeatable import is_repeatable
from supertable.adapters.engines.duckdb.statement.summarised import summaries_of
from supertable.adapters.engines.duckdb.statement.validation.literal_lists import with_lists
from supertable.adapters.engines.duckdb.statement.validation.validator import StatementValidator
from supertable.application.ports.engines.parsed_statements import NOTHING_KNOWN, Known, Relation
from supertable.domain.errors import InvalidStatement, StatementRefused

MAX_SQL_BYTES = 1_000_000
MAX_OPERATOR_COMMENTS = 20
"""DuckDB rescans a run of operator characters for each comment that opens in it: 400 kB would take minutes."""
_OPERATORS = re.compile(r"[-+*/<>=~!@#%^&|`?]{40,}")
_ANALYZE = re.compile(rb"analyze\b", re.IGNORECASE)
_EXPLAIN_OPTION = re.compile(rb"(?:\(\s*)?(?:analyze|verbose|format)\b", re.IGNORECASE)
_RENAMED = re.compile(r'"class":"SUBQUERY"|"schema":"[^"]|"function_name":"row"|"column_names":\["[^]]*","[^]]*","')
_WHAT_RUNS = (
    "This statement does not run. SELECT, VALUES, FROM, PIVOT, DESCRIBE, SUMMARIZE, SHOW and EXPLAIN of these do, and "
    "statements that change tables, such as INSERT."
)


def parsed(
    cursor: duckdb.DuckDBPyConnection, sql: str, evaluate: Evaluate, known: Known = NOTHING_KNOWN
) -> DuckDBStatement:
    """Parses and validates one statement. `known`: see the port. Raises `InvalidStatement` and `StatementRefused`."""
    query, explain, analyze = _query_of(sql)
    tree, prefix, marker = _tree(cursor, query)
    unknown = fill(tree, marker, known.pivots) if marker else None
    values_query = render_unvalidated(cursor, unknown) if unknown else ""
    views = ViewQueries(known.views, lambda text: _view_tree(cursor, text))
    validator = StatementValidator(views.unused(prefix), views)
    validator.validate("select", tree)
    versions = _versions(cursor)
    relations = tuple(
        Relation(
            number,
            reference.parts,
            versions(reference.at_clause),
            reference.changes,
            reference.show,
            reference.view,
        )
        for number, reference in enumerate(validator.references)
    )
    tokens = tuple(reference.token for reference in validator.references)
    text = rendered(cursor, tree)
    pieces = re.split(rf"{prefix}_r(\d+)", with_lists(text, validator.lists))
    return DuckDBStatement(
        relations=relations,
        explain=explain,
        analyze=analyze,
        pieces=tuple(pieces[::2]),
        order=tuple(int(number) for number in pieces[1::2]),
        tree=tree,
        tokens=tokens,
        names=validator.names,
        evaluate=evaluate,
        counted=counted_relations(tree, tokens),
        count_column="" if explain else count_column(tree, tokens),
        summaries=() if explain else summaries_of(tree, tokens),
        names_read=names_in(tree),
        is_sampled=has_repeatable_sample(tree),
        tables=tables_needed(tree, tokens),
        may_fail=may_fail(tree),
        shape=shape_of(text, validator.names),
        has_lists=bool(validator.lists),
        repeatable=is_repeatable(tree),
        values_query=values_query,
    )


def shape_of_refused(cursor: duckdb.DuckDBPyConnection, sql: str) -> str:
    """Like `DuckDBStatement.shape`, for a statement that was refused. Empty if it cannot be parsed."""
    try:
        query, *_ = _query_of(sql)
        return shape_of(render_unvalidated(cursor, _tree(cursor, query)[0]), {})
    except StatementRefused:
        return first_word(sql)
    except InvalidStatement:
        return ""


def _versions(cursor: duckdb.DuckDBPyConnection) -> Callable[[Node | None], At | None]:
    """Finds the versions that AT clauses request. Equal clauses request the same, whatever the time is."""
    found: dict[str, At | None] = {}

    def version(at_clause: Node | None) -> At | None:
        text = text_of(at_clause) if at_clause else ""
        if text not in found:
            found[text] = requested_version(cursor, at_clause)
        return found[text]

    return version


def _query_of(sql: str) -> tuple[str, bool, bool]:
    """The query in the text, whether its plan is wanted, and whether it is run for that."""
    query, explain, analyze = _without_explain(checked_text(sql))
    return with_versions_call(query), explain, analyze


def _tree(cursor: duckdb.DuckDBPyConnection, query: str) -> tuple[Node, str, str]:
    """`parse_tree` of the query, and the marker for the values that its PIVOTs do not name; empty: they name all."""
    try:
        return *parse_tree(cursor, query), ""
    except StatementRefused as refused:
        marked, marker = with_markers(query) if "pivot" in query.lower() else (query, "")
        if marked == query:
            raise
        try:
            return *parse_tree(cursor, marked), marker
        except InvalidStatement:
            raise refused from None


def _view_tree(cursor: duckdb.DuckDBPyConnection, query: str) -> Node:
    """The tree of the query of a view. Raises `StatementRefused` where it is no plain query."""
    text, explain, _ = _query_of(query)
    tree, _, marker = _tree(cursor, text)
    if explain or marker:
        raise StatementRefused("A view has one query, not its plan, and its PIVOTs name their values with IN (…).")
    return tree


def parse_tree(cursor: duckdb.DuckDBPyConnection, sql: str, before: str = "") -> tuple[Node, str]:
    """DuckDB's tree of the one statement in `sql`, and a prefix for generated names that does not occur in it.

    The tree has the names that DuckDB derives for columns, where generated names would change them.

    `before`: the start of `sql` that the caller did not write. Error messages count lines after it.
    """
    text = serialized(cursor, sql)
    report = loaded(text)
    if report["error"]:
        raise _parse_error(sql, report, before)
    statements: list[Any] = report["statements"]
    if len(statements) != 1:
        raise _not_one(len(statements))
    prefix = unused_prefix("st_q", text)
    if _RENAMED.search(text):  # else the walk is not worth its time
        keep_column_names(cursor, statements[0])
    return statements[0], prefix


def unused_prefix(start: str, text: str) -> str:
    """`start`, whose last letter is repeated until it does not occur in the text."""
    if start not in text.casefold():  # takes a tenth of the time of the search
        return start
    runs = re.findall(f"{start}+", text, re.IGNORECASE)
    return start + start[-1] * (max(map(len, runs)) - len(start) + 1) if runs else start


def checked_text(sql: str) -> str:
    """Returns the text unchanged. Raises `InvalidStatement` where the parser must not get it."""
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


def _without_explain(sql: str) -> tuple[str, bool, bool]:
    """The statement with a leading EXPLAIN or EXPLAIN ANALYZE replaced by spaces, which keeps positions, and whether
    there was one, and ANALYZE."""
    tokens = _tokens(sql)[:3] if "explain" in sql.lower() else []
    raw = sql.encode()
    if not tokens or raw[tokens[0][0] : tokens[0][0] + 7].lower() != b"explain":
        return sql, False, False
    raw = _blank(raw, tokens[0][0])
    analyze = len(tokens) > 1 and _ANALYZE.match(raw, tokens[1][0]) is not None
    if analyze:
        raw, tokens = _blank(raw, tokens[1][0]), tokens[1:]
    if len(tokens) > 1 and _EXPLAIN_OPTION.match(raw, tokens[1][0]):
        raise StatementRefused("EXPLAIN takes no options here. Use EXPLAIN SELECT … or EXPLAIN ANALYZE SELECT ….")
    return raw.decode(), True, analyze


def _blank(raw: bytes, start: int) -> bytes:
    """The text with spaces in place of EXPLAIN or ANALYZE, which both have seven letters."""
    return raw[:start] + b" " * 7 + raw[start + 7 :]


def _parse_error(sql: str, report: Node, before: str) -> InvalidStatement:
    if not str(report["error_message"]).startswith("Only SELECT"):
        return syntax_error(sql, report, before)
    starts = _starts(sql)
    if len(starts) != 1:
        return _not_one(len(starts))
    return StatementRefused(reason(sql.encode()[starts[0] :].decode()) or _WHAT_RUNS)


def _starts(sql: str) -> list[int]:
    """Where each statement of the text begins."""
    raw, starts, begins = sql.encode(), [], True
    for start, _ in _tokens(sql):
        ends = raw[start : start + 1] == b";"
        if begins and not ends:
            starts.append(start)
        begins = ends
    return starts


def _not_one(count: int) -> InvalidStatement:
    if not count:
        return InvalidStatement("The text has no statement.")
    return StatementRefused(f"One statement at a time; this text has {count}.")


def _tokens(sql: str) -> list[tuple[int, Any]]:
    """The start and kind of each token but comments."""
    return [token for token in duckdb.tokenize(sql) if token[1] != duckdb.token_type.comment]

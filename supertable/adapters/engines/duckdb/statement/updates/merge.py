"""MERGE as a query: the target joined with the source, and for each pair the first action whose condition is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import duckdb

from supertable.adapters.engines.duckdb.statement.updates.clauses import (
    NamedTable,
    WrittenAction,
    assignments,
    column_names,
    distinct,
    expression,
    named_table,
    refuse_returning,
    row_of,
    syntax_error,
    value,
)
from supertable.adapters.engines.duckdb.statement.updates.qualified_columns import qualified
from supertable.adapters.engines.duckdb.statement.updates.tokens import Piece
from supertable.adapters.engines.duckdb.statement.updates.written import Names, WrittenUpdate
from supertable.adapters.engines.duckdb.types import quoted
from supertable.application.ports.engines.updates import Action, ActionKind, SourceColumns
from supertable.domain.errors import StatementRefused
from supertable.domain.table.commits import Operation

_MOST_CLAUSES = 50


class _Match(Enum):
    BOTH = ("matched",)
    SOURCE = ("not", "matched", "by", "target")
    TARGET = ("not", "matched", "by", "source")


@dataclass(frozen=True, slots=True)
class _Clause:
    """`condition`: its SQL; empty: always. `action`: None: DO NOTHING."""

    match: _Match
    condition: str
    action: WrittenAction | None


@dataclass(frozen=True, slots=True)
class _Merge:
    target: NamedTable
    source: str
    alias: str
    condition: str
    clauses: Sequence[_Clause]

    @property
    def matches(self) -> set[_Match]:
        return {clause.match for clause in self.clauses}

    @property
    def is_marked(self) -> bool:
        """Whether the join may have rows without a row of the source, which a mark tells apart."""
        return _Match.TARGET in self.matches

    @property
    def takes_source_rows(self) -> bool:
        return any(clause.action and clause.action.action.source for clause in self.clauses)


def written_merge(cursor: duckdb.DuckDBPyConnection, piece: Piece, before: str, names: Names) -> WrittenUpdate:
    """`piece`: the statement, without the common table expressions `before` it."""
    refuse_returning(piece)
    merge = _merge(cursor, piece, names)
    actions = [clause.action for clause in merge.clauses if clause.action]
    total = sum(len(one.values) for one in actions)
    done, number, cases = 0, 0, []
    for clause in merge.clauses:
        row = "NULL"
        if clause.action:
            row = row_of(number, done, clause.action, total)
            done, number = done + len(clause.action.values), number + 1
        cases.append(f"WHEN {_matched(clause.match, merge, names)}{clause.condition} THEN {row}")
    target, joined = quoted(merge.target.alias), _joined(merge, names)
    new = f"CASE {' '.join(cases)} END"
    sql = f"{before}SELECT {target}.{names.row_id} AS {names.found}, {new} AS {names.new} FROM {joined}"
    marked = merge.alias if merge.is_marked else ""
    return WrittenUpdate(Operation.MERGE, merge.target, sql, tuple(one.action for one in actions), marked)


def _matched(match: _Match, merge: _Merge, names: Names) -> str:
    target = f"{quoted(merge.target.alias)}.{names.row_id}"
    source = f"{quoted(merge.alias)}.{names.mark} IS NOT NULL AND " if merge.is_marked else ""
    match match:
        case _Match.BOTH:
            return f"{source}{target} IS NOT NULL"
        case _Match.SOURCE:
            return f"{target} IS NULL"
        case _Match.TARGET:
            return f"{quoted(merge.alias)}.{names.mark} IS NULL"


def _joined(merge: _Merge, names: Names) -> str:
    """The join that keeps the rows which the clauses need. The condition of an inner join prunes the target's files."""
    more = [f"true AS {names.mark}"] if merge.is_marked else []
    more += [f"{names.source} AS {names.source}"] if merge.takes_source_rows else []
    source = f"{merge.source}\n"
    if merge.takes_source_rows:
        source = f"(FROM {source}) AS {names.source}"
    if more:
        source = f"(SELECT *, {', '.join(more)} FROM {source}) AS {quoted(merge.alias)}"
    kinds = {(False, False): "JOIN", (True, False): "LEFT JOIN", (False, True): "RIGHT JOIN", (True, True): "FULL JOIN"}
    kind = kinds[_Match.SOURCE in merge.matches, _Match.TARGET in merge.matches]
    return f"{source} {kind} {names.target} AS {quoted(merge.target.alias)} ON {merge.condition}"


def _merge(cursor: duckdb.DuckDBPyConnection, piece: Piece, names: Names) -> _Merge:
    end = len(piece.tokens)
    using = piece.find({"using"})
    on = piece.find({"on", "using"}, using + 1)
    when = piece.find({"when"}, on)
    if piece.words[1:2] != ("into",) or when == end:
        raise syntax_error("a MERGE is MERGE INTO table USING source ON condition WHEN [NOT] MATCHED … THEN …")
    target = named_table(piece.part(2, using), "MERGE INTO")
    source = piece.part(using + 1, on)
    alias = _source_alias(source)
    if alias.lower() == target.alias.lower():
        raise StatementRefused(f"Target and source of the MERGE are both named {alias!r}. Give one of them an alias.")
    scopes = {_Match.SOURCE: (alias, target.alias), _Match.TARGET: (target.alias, alias)}
    clauses = []
    if piece.words.count("when") > _MOST_CLAUSES:
        raise StatementRefused(f"A MERGE has up to {_MOST_CLAUSES} WHEN clauses.")
    while when < end:
        following = piece.find({"when"}, when + 1)
        clauses.append(_clause(cursor, piece.part(when + 1, following), scopes, names))
        when = following
    condition = _condition(piece.part(on, piece.find({"when"}, on)), target.alias, alias)
    return _Merge(target, source.text, alias, condition, clauses)


def _condition(piece: Piece, target: str, source: str) -> str:
    """The SQL of `ON condition` or `USING (columns)`."""
    rest = piece.part(1)
    if piece.words[0] == "on":
        return expression(rest, "ON")
    names = [quoted(name) for name in column_names(rest.within_parentheses())]
    return f"({' AND '.join(f'{quoted(target)}.{name} = {quoted(source)}.{name}' for name in names)})"


def _source_alias(piece: Piece) -> str:
    """The name of the source in the rest of the statement."""
    words = [token for token in piece.tokens if token.depth == piece.tokens[0].depth]
    if any(token.text == "," or token.word in ("join", "lateral", "tablesample") for token in words):
        raise StatementRefused("A MERGE has one source. Put a join into a subquery: USING (SELECT …) AS source.")
    named = piece.find({"as"})
    if named < len(piece.tokens):
        return named_table(piece.part(named + 1, named + 2), "AS").alias
    if words and words[-1].text == ")" and len(words) > 3:  # (…) source(columns), name source(columns)
        words = words[:-2]
    if words and words[-1].is_name and (len(words) == 1 or words[-2].text != "("):
        return words[-1].name
    raise StatementRefused("The source of the MERGE needs a name: USING (…) AS source.")


def _clause(
    cursor: duckdb.DuckDBPyConnection, piece: Piece, scopes: dict[_Match, tuple[str, str]], names: Names
) -> _Clause:
    then = piece.find({"then"})
    both = piece.find({"and"})
    match = _match(piece.part(0, min(both, then)))
    condition = piece.part(both + 1, then) if both < then else None
    action = _action(piece.part(then + 1), match, names)
    sql = f" AND {expression(condition, 'AND')}" if condition is not None else ""
    if match in scopes:
        own, other = scopes[match]
        sql = sql and f" AND {qualified(cursor, sql.removeprefix(' AND '), own, other)}"
        if action and action.action.source is None:
            action = WrittenAction(action.action, [qualified(cursor, one, own, other) for one in action.values])
    elif action and action.action.kind is ActionKind.INSERT:
        raise syntax_error("only WHEN NOT MATCHED [BY TARGET] can INSERT")
    return _Clause(match, sql, action)


def _match(piece: Piece) -> _Match:
    words = piece.words
    if words == ("not", "matched"):
        return _Match.SOURCE
    found = next((match for match in _Match if match.value == words), None)
    if found is None:
        raise syntax_error("a clause is WHEN MATCHED, WHEN NOT MATCHED [BY TARGET] or WHEN NOT MATCHED BY SOURCE")
    return found


def _action(piece: Piece, match: _Match, names: Names) -> WrittenAction | None:
    words = piece.words
    if words == ("do", "nothing"):
        return None
    if words == ("delete",) and match is not _Match.SOURCE:
        return WrittenAction(Action(ActionKind.DELETE), [])
    if words[:1] == ("update",) and match is not _Match.SOURCE:
        rest = piece.part(2 if words[1:2] == ("set",) else 1)
        source = _source_columns(rest)
        if source and match is _Match.TARGET:
            raise syntax_error("WHEN NOT MATCHED BY SOURCE has no row of the source")
        if source:
            return _with_source(ActionKind.UPDATE, source, names)
        return assignments(rest if words[1:2] == ("set",) else piece)
    if words[:1] == ("insert",) and match is not _Match.TARGET:
        source = _source_columns(piece.part(1))
        return _with_source(ActionKind.INSERT, source, names) if source else _insert(piece)
    raise syntax_error(
        f"this clause cannot do {piece.text!r}. It can UPDATE, DELETE, INSERT or DO NOTHING, by its rows"
    )


def _source_columns(piece: Piece) -> SourceColumns | None:
    text = " ".join(token.word or token.text for token in piece.tokens)
    if text in ("", "*"):
        return SourceColumns.BY_POSITION
    return SourceColumns.BY_NAME if text in ("by name", "by name *") else None


def _with_source(kind: ActionKind, source: SourceColumns, names: Names) -> WrittenAction:
    return WrittenAction(Action(kind, None, 1, source), [names.source])


def _insert(piece: Piece) -> WrittenAction:
    """`INSERT [(columns)] VALUES (values)` and `INSERT DEFAULT VALUES`."""
    if piece.words[1:] == ("default", "values"):
        return WrittenAction(Action(ActionKind.INSERT), [])
    values = piece.find({"values"})
    columns = piece.part(1, values)
    given = piece.part(values + 1).within_parentheses()
    if values == len(piece.tokens) or given is None:
        raise syntax_error("INSERT takes [(columns)] VALUES (values)")
    names = distinct(column_names(columns.within_parentheses())) if columns else None
    sql = [value(part, "VALUES") for part in given.split(",")]
    if names is not None and len(names) != len(sql):
        raise syntax_error(f"INSERT has {len(names)} columns but {len(sql)} values")
    return WrittenAction(Action(ActionKind.INSERT, names, len(sql)), sql)

"""The clauses that UPDATE and MERGE share: names, assignments, and expressions as texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from supertable.adapters.engines.duckdb.statement.updates.tokens import Piece
from supertable.adapters.engines.duckdb.types import quoted
from supertable.application.ports.engines.updates import Action, ActionKind
from supertable.domain.errors import InvalidStatement, StatementRefused

_QUERIES = frozenset({"select", "from", "with", "values", "table", "pivot", "unpivot", "describe", "summarize"})


@dataclass(frozen=True, slots=True)
class NamedTable:
    """A table's name as written, and its name in the rest of the statement."""

    parts: tuple[str, ...]
    alias: str


@dataclass(frozen=True, slots=True)
class WrittenAction:
    """An action, and the SQL of its values."""

    action: Action
    values: Sequence[str]


def named_table(piece: Piece, after: str) -> NamedTable:
    """The table that `piece` names, with or without an alias. `after`: the keyword before it, for the error."""
    tokens = piece.tokens
    count = 1
    while count + 1 < len(tokens) and tokens[count].text == ".":
        count += 2
    names, rest = tokens[:count:2], tokens[count:]
    if rest and rest[0].word == "as":
        rest = rest[1:]
    if not names or len(rest) > 1 or not all(token.is_name for token in (*names, *rest)):
        raise syntax_error(f"{after} takes the name of a table, and an alias if you want one: {piece.text!r}")
    parts = tuple(token.name for token in names)
    return NamedTable(parts, rest[0].name if rest else parts[-1])


def expression(piece: Piece, of: str) -> str:
    """The SQL of an expression, in parentheses. `of`: what it belongs to, for the error."""
    if not piece:
        raise syntax_error(f"{of} lacks an expression")
    if piece.tokens[0].word in _QUERIES:
        raise syntax_error(f"{of} needs parentheses around its subquery")
    return f"({piece.text}\n)"


def value(piece: Piece, of: str) -> str:
    """The same for the value of a column, where DEFAULT is null, since columns have no other default."""
    return "NULL" if [token.word for token in piece.tokens] == ["default"] else expression(piece, of)


def assignments(piece: Piece) -> WrittenAction:
    """The action of `SET column = value, …`; `piece` is what follows SET."""
    pairs = [pair for part in piece.split(",") for pair in _assigned(part)]
    if not pairs:
        raise syntax_error("SET lacks its columns")
    columns = distinct([column for column, _ in pairs])
    return WrittenAction(Action(ActionKind.UPDATE, columns, len(columns)), [sql for _, sql in pairs])


def distinct(columns: Sequence[str]) -> tuple[str, ...]:
    """Raises `InvalidStatement` where a column is named twice."""
    seen: set[str] = set()
    for column in columns:
        if column.lower() in seen:
            raise InvalidStatement(f"Column {column!r} is set twice.")
        seen.add(column.lower())
    return tuple(columns)


def column_names(piece: Piece | None) -> list[str]:
    """The columns of a list, which is given without its parentheses."""
    parts = piece.split(",") if piece else []
    if not parts or not all(len(part.tokens) == 1 and part.tokens[0].is_name for part in parts):
        raise syntax_error("a list of columns takes the names of columns alone, with commas between them")
    return [part.tokens[0].name for part in parts]


def sources_of(piece: Piece, after: str) -> str:
    """The tables that a statement joins to its target. `after`: the keyword before them, for the error."""
    if not piece:
        raise syntax_error(f"{after} lacks a table")
    return piece.text


def refuse_returning(piece: Piece) -> None:
    if piece.find({"returning"}) < len(piece.tokens):
        raise StatementRefused("RETURNING is not available here. The answer has the number of rows; query them after.")


def syntax_error(reason: str) -> InvalidStatement:
    return InvalidStatement(f"syntax error: {reason}.")


def _assigned(part: Piece) -> list[tuple[str, str]]:
    left, *rest = part.split("=")
    if not rest:
        raise syntax_error(f"SET takes column = value: {part.text!r}")
    right = part.part(len(left.tokens) + 1)
    several = left.within_parentheses()
    if several is not None:
        return _several(column_names(several), right)
    if len(left.tokens) != 1 or not left.tokens[0].is_name:
        raise StatementRefused(
            f"SET takes the name of a column alone, not {left.text!r}. A part of a value cannot be set: set the whole."
        )
    return [(left.tokens[0].name, value(right, "SET"))]


def _several(columns: list[str], right: Piece) -> list[tuple[str, str]]:
    inner = right.within_parentheses()
    if inner and inner.tokens[0].word in _QUERIES:
        raise StatementRefused("SET (…) = (SELECT …) is not available. Use UPDATE … FROM (SELECT …).")
    values = inner.split(",") if inner else []
    if len(values) != len(columns):
        raise syntax_error(f"SET has {len(columns)} columns but {len(values)} values")
    return [(column, value(piece, "SET")) for column, piece in zip(columns, values, strict=True)]


def row_of(action: int, before: int, written: WrittenAction, total: int) -> str:
    """The struct of an action's values: its number, and null for the values of other actions."""
    values = ["NULL"] * total
    values[before : before + len(written.values)] = written.values
    return struct_of(str(action), values)


def struct_of(action: str, values: Sequence[str]) -> str:
    fields = {"st_action": action, **{f"st_{number}": sql for number, sql in enumerate(values)}}
    return f"{{{', '.join(f'{quoted(name)}: {sql}' for name, sql in fields.items())}}}"

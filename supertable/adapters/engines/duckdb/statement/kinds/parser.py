"""The parser of statements that change something.

DuckDB serializes the trees of queries only. So the forms of other statements are read here, and only these forms run.
Their parts that are SQL, such as the query of an INSERT, are checked as every query is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.statement.column_types import column_type
from supertable.adapters.engines.duckdb.statement.kinds.alter import parsed_alter_table
from supertable.adapters.engines.duckdb.statement.kinds.create import parsed_create_table
from supertable.adapters.engines.duckdb.statement.kinds.delete import parsed_delete, parsed_truncate
from supertable.adapters.engines.duckdb.statement.kinds.drop_and_comment import (
    parsed_comment_on_column,
    parsed_comment_on_table,
    parsed_drop_table,
)
from supertable.adapters.engines.duckdb.statement.kinds.insert import parsed_insert
from supertable.adapters.engines.duckdb.statement.kinds.tokens import TokenReader, statements_in, tokens_of
from supertable.adapters.engines.duckdb.statement.kinds.views import (
    parsed_alter_view,
    parsed_comment_on_view,
    parsed_create_view,
    parsed_drop_view,
)
from supertable.adapters.engines.duckdb.statement.parser import checked_text
from supertable.adapters.engines.duckdb.statement.validation.allowed_functions import FUNCTIONS, TABLE_FUNCTIONS
from supertable.application.ports.engines.statements import (
    ChangingStatement,
    MergeStatement,
    ScriptPart,
    UpdateStatement,
)
from supertable.domain.errors import StatementRefused
from supertable.domain.schema.types import DataType

Parse = Callable[[TokenReader], ChangingStatement]
"""Reads a statement after its first words."""

_PARSERS: Mapping[str, Parse] = {
    "alter table": parsed_alter_table,
    "alter view": parsed_alter_view,
    "comment on column": parsed_comment_on_column,
    "comment on table": parsed_comment_on_table,
    "comment on view": parsed_comment_on_view,
    "create or replace table": lambda reader: parsed_create_table(reader, replaces=True),
    "create or replace view": lambda reader: parsed_create_view(reader, replaces=True),
    "create table": lambda reader: parsed_create_table(reader, replaces=False),
    "create view": lambda reader: parsed_create_view(reader, replaces=False),
    "delete": parsed_delete,
    "drop table": parsed_drop_table,
    "drop view": parsed_drop_view,
    "insert": parsed_insert,
    "merge": lambda *_: MergeStatement(),
    "truncate": parsed_truncate,
    "update": lambda *_: UpdateStatement(),
}
"""By the first words of the statement. A new kind is one more line here."""

_FIRST = frozenset(words.split()[0] for words in _PARSERS)
_AFTER_WITH = ("insert", "delete", "update", "merge")
_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/|;)*(\w*)", re.DOTALL)
_MAY_FOLLOW_WITH = re.compile(r"\b(?:insert|delete|update|merge)\b", re.IGNORECASE)
_SEVERAL = (
    "One statement at a time; this text has {}. To run a script, each statement with a commit of its own, use "
    "`supertable query --file script.sql`."
)


class DuckDBStatementParser:
    def __init__(self, instance: DuckDBInstance) -> None:
        self._instance = instance

    def parse(self, sql: str) -> ChangingStatement | None:
        if not _may_change(sql):
            return None
        statements = list(statements_in(tokens_of(checked_text(sql))))
        reader = TokenReader(sql, statements[0] if statements else [], self._type_of)
        reader.pass_ctes(_AFTER_WITH)
        parse = next((parse for words, parse in _PARSERS.items() if reader.take(*words.split())), None)
        if parse is None:
            return None
        if len(statements) > 1:
            raise StatementRefused(_SEVERAL.format(len(statements)))
        return parse(reader)

    def split(self, script: str) -> list[ScriptPart]:
        raw = script.encode()
        parts = []
        for tokens in statements_in(tokens_of(script)):
            line = raw[: tokens[0].start].count(b"\n") + 1
            text = raw[tokens[0].start : tokens[-1].end].decode()
            parts.append(ScriptPart("\n" * (line - 1) + text, line))
        return parts

    def functions(self) -> list[str]:
        return sorted(name for name in {*FUNCTIONS, *TABLE_FUNCTIONS} if name.isidentifier())

    def _type_of(self, text: str) -> DataType:
        cursor = self._instance.cursor()
        try:
            return column_type(cursor, text)
        finally:
            cursor.close()


def _may_change(sql: str) -> bool:
    """Whether the text may be more than a query. It is quick, since every query passes here."""
    found = _FIRST_WORD.match(sql)
    word = found[1].lower() if found else ""
    return word in _FIRST or (word == "with" and _MAY_FOLLOW_WITH.search(sql) is not None)

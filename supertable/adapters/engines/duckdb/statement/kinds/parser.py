"""The parser of statements that change something.

DuckDB serializes the trees of queries only. So the forms of other statements are read here, and only these forms run.
Their parts that are SQL, such as the query of an INSERT, are checked as every query is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from supertable.adapters.engines.duckdb.statement.kinds.delete import parsed_delete, parsed_truncate
from supertable.adapters.engines.duckdb.statement.kinds.insert import parsed_insert
from supertable.adapters.engines.duckdb.statement.kinds.tokens import TokenReader, statements_in, tokens_of
from supertable.adapters.engines.duckdb.statement.parser import checked_text
from supertable.application.ports.statements import ChangingStatement, ScriptPart
from supertable.domain.errors import StatementRefused

Parse = Callable[[TokenReader, tuple[int, int]], ChangingStatement]
"""Reads a statement after its first word. The range is that of a WITH clause before it; (0, 0): there is none."""

_PARSERS: Mapping[str, Parse] = {
    "delete": parsed_delete,
    "insert": parsed_insert,
    "truncate": parsed_truncate,
}
"""By the first word of the statement. A new kind is one more line here."""

_AFTER_WITH = ("insert", "delete", "update", "merge")
_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/|;)*(\w*)", re.DOTALL)
_MAY_FOLLOW_WITH = re.compile(r"\b(?:insert|delete|update|merge)\b", re.IGNORECASE)
_SEVERAL = (
    "One statement at a time; this text has {}. To run a script, each statement with a commit of its own, use "
    "`supertable query --file script.sql`."
)


class DuckDBStatementParser:
    def parse(self, sql: str) -> ChangingStatement | None:
        if not _may_change(sql):
            return None
        statements = list(statements_in(tokens_of(checked_text(sql))))
        reader = TokenReader(sql, statements[0] if statements else [])
        ctes = _passed_ctes(reader)
        parse = next((parse for word, parse in _PARSERS.items() if reader.take(word)), None)
        if parse is None:
            return None
        if len(statements) > 1:
            raise StatementRefused(_SEVERAL.format(len(statements)))
        return parse(reader, ctes)

    def split(self, script: str) -> list[ScriptPart]:
        raw = script.encode()
        parts = []
        for tokens in statements_in(tokens_of(script)):
            line = raw[: tokens[0].start].count(b"\n") + 1
            text = raw[tokens[0].start : tokens[-1].end].decode()
            parts.append(ScriptPart("\n" * (line - 1) + text, line))
        return parts


def _may_change(sql: str) -> bool:
    """Whether the text may be more than a query. It is quick, since every query passes here."""
    found = _FIRST_WORD.match(sql)
    word = found[1].lower() if found else ""
    return word in _PARSERS or (word == "with" and _MAY_FOLLOW_WITH.search(sql) is not None)


def _passed_ctes(reader: TokenReader) -> tuple[int, int]:
    """Passes a WITH clause before another word than SELECT, and returns its range; (0, 0): there is none."""
    if not reader.at("with"):
        return 0, 0
    reader.skip_until(*((word,) for word in (*_AFTER_WITH, "select", "values", "from")))
    if not any(reader.at(word) for word in _AFTER_WITH):
        reader.position = 0
        return 0, 0
    return 0, reader.position

"""Completion of commands, keywords, functions, tables and columns."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from supertable.domain.errors import SupertableError
from supertable.entrypoints.cli.shell.commands import COMMANDS, MODES

if TYPE_CHECKING:
    from supertable.entrypoints.sdk.lakes.lake import Lake

_KEYWORDS = re.findall(
    r"\w+",
    """
    ALL ALTER AND AS ASC AT BETWEEN BY CASE CAST COLUMN COMMENT CREATE CROSS DATE DELETE DESC DESCRIBE DISTINCT DROP
    ELSE END EXCEPT EXISTS EXPLAIN FALSE FILTER FROM FULL GROUP HAVING ILIKE IN INNER INSERT INTERSECT INTERVAL INTO IS
    JOIN LEFT LIKE LIMIT NOT NULL OFFSET ON OR ORDER OUTER OVER PARTITION PIVOT QUALIFY RENAME RETURNING RIGHT SELECT
    SET SHOW SUMMARIZE TABLE TABLES TABLESAMPLE THEN TIMESTAMP TO TRUE TRUNCATE UNION UNPIVOT UPDATE USING VALUES
    VERSION VERSIONS WHEN WHERE WINDOW WITH
    """,
)
_KEPT_SECONDS = 20.0
_COLUMNS = "SELECT table_name, column_name FROM information_schema.columns ORDER BY ALL"


class Completion:
    """What a word may become. Names of tables and columns are read anew after some seconds, or after `forget`."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._columns: dict[str, list[str]] = {}
        self._read_at = -_KEPT_SECONDS

    def forget(self) -> None:
        """Read the names of tables anew at the next completion."""
        self._read_at = -_KEPT_SECONDS

    def candidates(self, line: str, word: str) -> list[str]:
        """The words that begin like `word`, the last one of the `line` up to the cursor."""
        before = line[: len(line) - len(word)].lstrip()
        if word.startswith(".") and not before:
            return _like(word, COMMANDS)
        if before.startswith(".mode"):
            return _like(word, MODES)
        table, dot, _ = word.rpartition(".")
        columns = self._tables()
        if dot:
            owner = next((name for name in columns if name.lower() == table.lower()), None)
            return _like(word, (f"{table}.{column}" for column in columns.get(owner or "", ())))
        if before.startswith(".schema"):
            return _like(word, columns)
        names = [*columns, *sorted({column for found in columns.values() for column in found})]
        functions = [f"{name}(" for name in self._lake.functions()]
        keywords = [keyword.lower() if word[:1].islower() else keyword for keyword in _KEYWORDS]
        return list(dict.fromkeys([*_like(word, names), *_like(word, keywords), *_like(word, functions)]))

    def _tables(self) -> dict[str, list[str]]:
        """The columns by table. What was known stays if the names cannot be read."""
        if time.monotonic() - self._read_at > _KEPT_SECONDS:
            self._read_at = time.monotonic()
            found: dict[str, list[str]] = {}
            try:
                for table, column in self._lake.sql(_COLUMNS):
                    found.setdefault(table, []).append(column)
                self._columns = found
            except SupertableError:
                return self._columns
        return self._columns


def _like(word: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.lower().startswith(word.lower())]

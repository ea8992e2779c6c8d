"""A statement, and where its right answer comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.oracles.table_history import TableHistory

Row = tuple[Any, ...]
Expected = list[Row]
Histories = Mapping[str, TableHistory]
Answer = Callable[[Histories], Expected]

LITERAL, MODEL, SQLITE, DUCKDB = "literal", "model", "SQLite", "DuckDB"
ORACLES = (LITERAL, MODEL, SQLITE, DUCKDB)
CALLERS = ("owner", "role")


@dataclass(frozen=True)
class Case:
    """`kind`: what it is a statement of. `expected`: the rows of a literal, or the function of a model.

    `DUCKDB`: the answer of the reference alone, which shares the engine. The others are compared with it, too, for the
    names and types of their columns. `supertable`: where it is asked. `callers`: who is answered.
    `standard`: the answer is that of standard SQL, which the reference does not follow.
    """

    kind: str
    sql: str
    oracle: str
    expected: Expected | Answer | None = None
    supertable: str = "main"
    callers: tuple[str, ...] = CALLERS
    standard: bool = False


def literals(kind: str, given: Iterable[tuple[str, Expected]], **options: Any) -> list[Case]:
    return [Case(kind, sql, LITERAL, expected, **options) for sql, expected in given]


def values(kind: str, given: Iterable[tuple[str, Any]]) -> list[Case]:
    """Expressions without a table, each with its value."""
    return [Case(kind, f"select {sql}", LITERAL, [(value,)]) for sql, value in given]


def models(kind: str, given: Iterable[tuple[str, Answer]], **options: Any) -> list[Case]:
    return [Case(kind, sql, MODEL, answer, **options) for sql, answer in given]


def lines(kind: str, oracle: str, text: str) -> list[Case]:
    return [Case(kind, sql, oracle) for sql in text.strip().splitlines()]


def file(path: Path, oracle: str) -> list[Case]:
    """A statement on each line; lines that begin with `--` name the kind of those that follow."""
    found: list[Case] = []
    kind = path.stem
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("-- "):
            kind = line.removeprefix("-- ")
        elif line:
            found.append(Case(kind, line, oracle))
    return found

"""A relation in Spark's SQL: one SELECT whose columns have the names c0, c1, …"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from supertable.adapters.engines.spark.translation.kinds import Kind


@dataclass(frozen=True, slots=True)
class SparkRelation:
    """`sql`: a SELECT. `kinds`: the types of its columns."""

    sql: str
    kinds: tuple[Kind, ...]

    def aliased(self, alias: str) -> str:
        return f"({self.sql}) AS {alias}"

    def columns(self, alias: str) -> list[str]:
        return [f"{alias}.c{i}" for i in range(len(self.kinds))]


class Aliases:
    """Generates the names of tables."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count()

    def next(self) -> str:
        return f"t{next(self._numbers)}"


def selected(values: Sequence[str]) -> str:
    """The items of a SELECT; a relation without columns has one that nothing reads."""
    return ", ".join(f"{value} AS c{i}" for i, value in enumerate(values)) or "1 AS c0"

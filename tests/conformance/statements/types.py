"""Comparing, ordering, grouping and joining values of every type. The model knows the ranks of values alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from tests.conformance.cases import MODEL, Case, Expected
from tests.conformance.world.columns import IDS, TABLES, Column

LOW, HIGH = 1, 3
"""The ranks of the values that statements name."""


class Ranked:
    """The model of one column: the rank of each row, by id."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self.low, self.high = LOW % len(column.values), HIGH % len(column.values)
        self.ranks = [column.rank(id) for id in range(IDS)]

    def ids(self, holds: Callable[[int | None], bool]) -> Expected:
        return [(id,) for id, rank in enumerate(self.ranks) if holds(rank)]

    def all(self) -> Expected:
        return [(id, self._value(rank)) for id, rank in enumerate(self.ranks)]

    def counts(self) -> Expected:
        return [(self._value(rank), count) for rank, count in sorted(Counter(self.ranks).items(), key=_nulls_last)]

    def extremes(self) -> Expected:
        known = [rank for rank in self.ranks if rank is not None]
        return [(IDS, len(known), self._value(min(known)), self._value(max(known)))]

    def greatest(self) -> Expected:
        known = [(id, rank) for id, rank in enumerate(self.ranks) if rank is not None]
        first = sorted(known, key=lambda one: (-one[1], one[0]))[:5]
        return [(id, self._value(rank)) for id, rank in first]

    def pairs(self) -> Expected:
        return [
            (a, b)
            for a, rank in enumerate(self.ranks)
            for b in range(a + 1, IDS)
            if rank is not None and rank == self.ranks[b]
        ]

    def windows(self) -> Expected:
        """The rank with gaps, nulls first, and the value of the row before."""
        keys = [-1 if rank is None else rank for rank in self.ranks]
        before: list[int | None] = [None, *self.ranks[:-1]]
        return [(id, 1 + sum(other < key for other in keys), self._value(before[id])) for id, key in enumerate(keys)]

    def distinct(self) -> Expected:
        some = {rank for id, rank in enumerate(self.ranks) if id % 2 == 0}
        return [(self._value(rank),) for rank in sorted(some, key=lambda rank: -1 if rank is None else rank)]

    def among(self) -> Expected:
        wanted = {self.ranks[id] for id in (1, 5, 9)} - {None}
        return self.ids(lambda rank: rank in wanted)

    def filled(self) -> Expected:
        return [
            (id, self._value(self.low if rank is None else rank), self._value(None if rank == self.high else rank))
            for id, rank in enumerate(self.ranks)
        ]

    def _value(self, rank: int | None) -> object:
        return None if rank is None else self._column.values[rank]


def _nulls_last(item: tuple[int | None, int]) -> tuple[bool, int]:
    return (item[0] is None, item[0] or 0)


def _statements(kinds: str, column: Column) -> Iterator[tuple[str, Callable[[Ranked], Expected]]]:
    c = column.name
    model = Ranked(column)
    low, high = column.literal(column.values[model.low]), column.literal(column.values[model.high])
    yield f"select id, {c} from {kinds} order by id", Ranked.all
    yield f"select {c}, count(*) from {kinds} group by {c} order by {c} nulls last", Ranked.counts
    yield f"select id from {kinds} where {c} = {low} order by id", lambda m: m.ids(lambda rank: rank == m.low)
    yield (
        f"select id from {kinds} where {c} is distinct from {low} order by id",
        lambda m: m.ids(lambda rank: rank != m.low),
    )
    yield (
        f"select id from {kinds} where not {c} in ({low}, {high}) or {c} is null order by id",
        lambda m: m.ids(lambda rank: rank not in (m.low, m.high)),
    )
    yield f"select a.id, b.id from {kinds} a join {kinds} b on a.{c} = b.{c} and a.id < b.id order by all", Ranked.pairs
    yield (
        f"select id from {kinds} where {c} in (select {c} from {kinds} where id in (1, 5, 9)) order by id",
        Ranked.among,
    )
    yield f"select id, coalesce({c}, {low}), nullif({c}, {high}) from {kinds} order by id", Ranked.filled
    yield f"select distinct {c} from {kinds} where id % 2 = 0 order by {c} nulls first", Ranked.distinct
    if c == "entries":
        return  # maps have no order that SQL defines
    yield f"select count(*), count({c}), min({c}), max({c}) from {kinds}", Ranked.extremes
    yield (
        f"select id from {kinds} where {c} >= {low} and {c} < {high} order by id",
        lambda m: m.ids(lambda rank: rank is not None and m.low <= rank < m.high),
    )
    yield (
        f"select id, {c} from {kinds} where {c} is not null order by {c} desc, id limit 5",
        Ranked.greatest,
    )
    yield (
        f"select id, rank() over (order by {c} nulls first), lag({c}) over (order by id) from {kinds} order by id",
        Ranked.windows,
    )


def _kind(column: Column) -> str:
    return "nested types" if column.nested else "scalar types"


def _case(column: Column, sql: str, model: Callable[[Ranked], Expected]) -> Case:
    return Case(_kind(column), sql, MODEL, lambda _: model(Ranked(column)))


CASES = [
    _case(column, sql, model)
    for table, columns in TABLES.items()
    for column in columns
    for sql, model in _statements(table, column)
]

"""The rows of several writers that share a commit, and each writer's share of the change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from supertable.application.commits.committer import CannotShareCommit
from supertable.application.ports.engines.row_finders import RowFinder
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.keys.key_resolution import Resolution
from supertable.domain.table.commits import CommitInfo, Counts, KeyUse, Share
from supertable.domain.table.idempotency import is_key_used

_NUMBER = "number"


@dataclass(frozen=True, slots=True, eq=False)
class RowRange:
    """Consecutive rows of a table, which several writers may share."""

    source: pa.Table
    start: int
    count: int

    @classmethod
    def all_of(cls, rows: pa.Table) -> RowRange:
        return cls(rows, 0, rows.num_rows)

    @property
    def rows(self) -> pa.Table:
        return self.source.slice(self.start, self.count)

    def joined(self, other: RowRange) -> RowRange | None:
        """Both as one range; None unless `other` follows this one in the same table."""
        if other.source is not self.source or other.start != self.start + self.count:
            return None
        return RowRange(self.source, self.start, self.count + other.count)


def all_rows(ranges: Iterable[RowRange]) -> pa.Table:
    """The rows of all ranges, in order."""
    merged: list[RowRange] = []
    for each in ranges:
        longer = merged[-1].joined(each) if merged else None
        if longer:
            merged[-1] = longer
        else:
            merged.append(each)
    return pa.concat_tables([each.rows for each in merged]).combine_chunks()


@dataclass(frozen=True, slots=True)
class GroupedWrite:
    """One writer's rows, with the columns that they are staged under. `table`: as that writer opened it. `request`: the
    id of the writer's request."""

    table: OpenTable
    rows: RowRange
    idempotency_key: str | None
    key_use: KeyUse | None = None
    request: str = ""

    @property
    def info(self) -> CommitInfo:
        return CommitInfo(idempotency_key=self.idempotency_key, key_use=self.key_use)


@dataclass(frozen=True, slots=True)
class GroupedWrites:
    """Writes to one table that share a commit, in order of arrival. All have the same access and the same columns."""

    parts: Sequence[GroupedWrite]

    @property
    def table(self) -> OpenTable:
        return self.parts[0].table

    def rows(self) -> pa.Table:
        return all_rows(part.rows for part in self.parts)

    def check(self, newest: OpenTable) -> None:
        """Raises `CannotShareCommit` if an idempotency key was committed already."""
        if any(is_key_used(newest.snapshot.replies, part.info) for part in self.parts):
            raise CannotShareCommit

    def shares(self, resolution: Resolution, finder: RowFinder) -> tuple[Share, ...]:
        """Each writer's counts, as if the writers had committed one after the other.

        On a table with a sequence only rows that win are counted. `resolution`: of all rows, with the keys kept; unused
        on a table without keys.
        """
        counts = self._by_key(resolution, finder) if self.table.snapshot.definition.keys else self._all_inserted()
        return tuple(
            Share(part.idempotency_key, count, part.key_use) for part, count in zip(self.parts, counts, strict=True)
        )

    def _all_inserted(self) -> list[Counts]:
        return [Counts(inserted=part.rows.count) for part in self.parts]

    def _by_key(self, resolution: Resolution, finder: RowFinder) -> list[Counts]:
        snapshot = self.table.snapshot
        names, sequence = snapshot.key_names, snapshot.sequence_name
        rows = self.rows()
        winners = finder.duplicates(rows, names, sequence) if sequence else None
        winning = None if winners is None else frozenset(winners.to_pylist())
        owner = np.repeat(np.arange(len(self.parts)), [part.rows.count for part in self.parts]).tolist()
        first_stale = len(owner) + sum(keys.num_rows for keys in resolution.superseding)
        inserted, updated = [0] * len(self.parts), [0] * len(self.parts)
        for numbers in _numbers_by_key([rows.select(names), *resolution.superseding, *resolution.stale], names):
            own = sorted(number for number in numbers if number < len(owner))
            lost = sequence is not None and any(number >= first_stale for number in numbers)
            known = len(own) < len(numbers)
            for part in [] if lost else _counted(own, owner, sequence is not None, winning):
                (updated if known else inserted)[part] += 1
                known = True
        return [Counts(inserted=new, updated=old) for new, old in zip(inserted, updated, strict=True)]


def _numbers_by_key(tables: Sequence[pa.Table], names: list[str]) -> list[list[int]]:
    """The numbers of the rows with the same key, for each key. Rows are numbered through all tables."""
    named = [_named(table, names).replace_schema_metadata(None) for table in tables]
    keys = pa.concat_tables(named, promote_options="permissive")
    keys = keys.append_column(_free_name(names), pa.array(np.arange(keys.num_rows)))
    grouped = keys.group_by(names, use_threads=False).aggregate([(_free_name(names), "list")])
    found: list[list[int]] = grouped.column(f"{_free_name(names)}_list").to_pylist()
    return found


def _counted(own: list[int], owner: list[int], in_sequence: bool, winning: frozenset[int] | None) -> list[int]:
    """The writers that a key counts for, in order. `winning`: the rows that win among all; None: all rows."""
    if in_sequence and winning is not None:
        own = [number for number in own if number in winning]
    return list(dict.fromkeys(owner[number] for number in own))


def _named(keys: pa.Table, names: list[str]) -> pa.Table:
    """Only the key columns, which come first, under `names`."""
    return keys.select(range(len(names))).rename_columns(names)


def _free_name(names: list[str]) -> str:
    """A column name that no key has."""
    name = _NUMBER
    while name in names or f"{name}_list" in names:
        name += "_"
    return name

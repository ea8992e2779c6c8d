"""Which writes share a commit, and what each of them is counted for."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pyarrow as pa

from supertable.application.ports.engines.row_finders import RowFinder
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.grouped_writes import GroupedWrite, GroupedWrites, RowRange, all_rows
from supertable.application.writes.groups.group_forming import MOST_ROWS, Candidate, WriteKind, joins
from supertable.application.writes.groups.write_reading import WaitingWrite
from supertable.application.writes.keys.key_resolution import Resolution
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.access.sessions import owner
from supertable.domain.table.commits import CommitInfo, TableDefinition
from supertable.domain.table.registry import TableEntry
from supertable.domain.table.snapshots import replayed
from tests.support.domain_builders import commit, created

NAMESPACE = Namespace("acme", "main", owner("acme"))
KIND = WriteKind(WriteMode.UPSERT, (), None, (1, 2))
NO_FINDER = cast(RowFinder, None)
"""Only tables with a sequence need one."""


def table(keys: tuple[int, ...] = (1,)) -> OpenTable:
    snapshot = replayed(None, [created(), commit(2, definition=TableDefinition(keys))])
    assert snapshot
    return OpenTable(TableEntry("t", "id"), "acme/main/tables/id", snapshot, NAMESPACE)


def rows(*keys: int) -> pa.Table:
    return pa.table({"id": pa.array(keys, pa.int64()), "value": ["x"] * len(keys)})


def candidate(kind: WriteKind = KIND, count: int = 1) -> Candidate:
    given = rows(*range(count))
    write = WaitingWrite(NAMESPACE, "t", lambda _: given, kind.mode, CommitInfo(), 100, "")
    return Candidate(write, kind, GroupedWrite(table(), RowRange.all_of(given), None))


def part(given: pa.Table, key: str | None = None, keys: tuple[int, ...] = (1,)) -> GroupedWrite:
    return GroupedWrite(table(keys), RowRange.all_of(given), key)


def counts(group: GroupedWrites, resolution: Resolution) -> list[tuple[int, int]]:
    return [(share.counts.inserted, share.counts.updated) for share in group.shares(resolution, NO_FINDER)]


def test_the_first_write_begins_a_group_whatever_its_size() -> None:
    assert joins(candidate(count=MOST_ROWS + 1), [], 0)


def test_writes_of_one_kind_share_a_commit() -> None:
    assert joins(candidate(), [candidate()], 1)


def test_writes_of_another_kind_do_not() -> None:
    for other in (
        replace(KIND, mode=WriteMode.APPEND),
        replace(KIND, properties=(("from", "elsewhere"),)),
        replace(KIND, columns=(1,)),
    ):
        assert not joins(candidate(other), [candidate()], 1)


def test_a_group_has_so_many_rows_at_most() -> None:
    assert joins(candidate(count=10), [candidate()], MOST_ROWS - 10)
    assert not joins(candidate(count=10), [candidate()], MOST_ROWS - 9)


def test_without_keys_every_row_is_inserted() -> None:
    parts = [part(rows(1, 1), "a", keys=()), part(rows(1), keys=())]
    assert counts(GroupedWrites(parts), Resolution()) == [(2, 0), (1, 0)]
    assert [share.idempotency_key for share in GroupedWrites(parts).shares(Resolution(), NO_FINDER)] == ["a", None]


def test_a_key_of_the_table_is_updated_and_a_new_one_inserted_by_the_first_writer_only() -> None:
    group = GroupedWrites([part(rows(1, 2)), part(rows(2, 3))])
    in_table = Resolution(superseding=(pa.table({"id": pa.array([1], pa.int64())}),))
    assert counts(group, in_table) == [(1, 1), (1, 1)]
    assert counts(group, Resolution()) == [(2, 0), (1, 1)]


def test_a_writer_counts_a_key_once_however_often_it_gives_it() -> None:
    assert counts(GroupedWrites([part(rows(1, 1, 1))]), Resolution()) == [(1, 0)]


def test_the_rows_of_writers_are_joined_in_order_wherever_they_are() -> None:
    shared, other = rows(1, 2, 3, 4), rows(5)
    ranges = [RowRange(shared, 0, 1), RowRange(shared, 1, 2), RowRange.all_of(other), RowRange(shared, 3, 1)]
    assert all_rows(ranges)["id"].to_pylist() == [1, 2, 3, 5, 4]
    assert all_rows([RowRange(shared, 2, 1), RowRange(shared, 0, 1)])["id"].to_pylist() == [3, 1]

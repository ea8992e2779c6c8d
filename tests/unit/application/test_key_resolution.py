"""What one attempt to commit learns about a write's keys, and what of that the next attempt may keep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from supertable.application.ports.engines.row_finders import KeyMatches
from supertable.application.writes.keys.key_resolution import Resolution
from supertable.application.writes.keys.write_keys import KeyChunk
from supertable.domain.table.commits import Operation, TableDefinition
from supertable.domain.table.snapshots import Snapshot, replayed
from tests.support.domain_builders import commit, created, data_file

A, B = data_file("a"), data_file("b")
STAGED = data_file("staged")
NOTHING = pa.array([], pa.int64())


def snapshot(sequence: int | None = None) -> Snapshot:
    found = replayed(None, [created(), commit(2, definition=TableDefinition((1,), sequence), added=(A,))])
    assert found
    return found


def chunk(*keys: int, first_row: int = 0) -> KeyChunk:
    return KeyChunk(STAGED, np.arange(first_row, first_row + len(keys)), pa.table({"id": list(keys)}))


def matches(superseded: dict[str, list[int]], by: list[int], stale: list[int]) -> KeyMatches:
    found = {path: pa.array(rows, pa.int64()) for path, rows in superseded.items()}
    return KeyMatches(found, pa.array(by, pa.int64()), pa.array(stale, pa.int64()))


def resolved(keep_keys: bool = False) -> Resolution:
    chunks = [
        (chunk(7, 8), matches({A.path: [3]}, by=[1], stale=[0])),
        (chunk(9, first_row=2), matches({A.path: [5]}, by=[0], stale=[])),
    ]
    return Resolution().with_matches(snapshot(), chunks, keep_keys)


def dead(resolution: Resolution) -> dict[str, list[int]]:
    return {path: rows.tolist() for path, rows in resolution.dead.positions.items()}


def test_superseded_rows_of_the_table_and_stale_staged_rows_are_dead() -> None:
    assert dead(resolved()) == {A.path: [3, 5], STAGED.path: [0]}
    assert set(resolved().dead.probed) == {A.path}
    assert resolved().dead.version == 2


def test_keys_are_kept_on_request_only() -> None:
    assert (resolved().superseding, resolved().stale) == ((), ())
    kept = resolved(keep_keys=True)
    assert [keys.column("id").to_pylist() for keys in kept.superseding] == [[8], [9]]
    assert [keys.column("id").to_pylist() for keys in kept.stale] == [[7], []]


def test_the_next_attempt_adds_what_it_finds_in_new_files() -> None:
    newest = replayed(snapshot(), [commit(3, added=(B,))])
    assert newest
    first = resolved()
    second = first.valid_in(newest).with_matches(newest, [(chunk(7), matches({B.path: [1]}, [0], []))], False)
    assert dead(second) == {A.path: [3, 5], STAGED.path: [0], B.path: [1]}
    assert set(second.dead.probed) == {A.path, B.path}
    assert dead(first) == {A.path: [3, 5], STAGED.path: [0]}


def test_nothing_is_kept_on_a_table_with_a_sequence() -> None:
    assert resolved().valid_in(snapshot()) is not None
    assert dead(resolved().valid_in(snapshot(sequence=2))) == {}


def test_nothing_is_kept_after_a_restore() -> None:
    restored = replace(commit(3), change=replace(commit(3, Operation.RESTORE).change, restored=1))
    newest = replayed(snapshot(), [restored])
    assert newest
    assert dead(resolved().valid_in(newest)) == {}
    assert resolved().valid_in(newest).dead.probed == {}

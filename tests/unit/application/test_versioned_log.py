"""The commit protocol, over the in-memory adapters."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from supertable.adapters.catalogs.memory import InMemoryCatalog
from supertable.adapters.clocks.system import SystemClock
from supertable.adapters.codecs.table_logs import table_log_codec
from supertable.adapters.object_stores.memory import InMemoryObjectStore
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.transaction_log.heads import Heads
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.errors import CommitUncertain, FormatTooNew, ObjectDamaged, ObjectMissing, StoreUnavailable
from supertable.domain.maintenance.record_values import without_values
from supertable.domain.storage_layout import checkpoint_key, record_key
from supertable.domain.table.commits import Commit
from supertable.domain.table.snapshots import Snapshot, replayed
from tests.support.domain_builders import commit, created, data_file
from tests.support.faulty_store import Fault, FaultyStore

LOG = "acme/main/tables/t1"


@dataclass
class Process:
    """One process: its own caches over a store and a catalog that may be shared."""

    store: ObjectStore
    catalog: InMemoryCatalog
    probe_every_read: bool = True

    def __post_init__(self) -> None:
        self.heads = Heads(self.store, self.catalog, SystemClock(), self.probe_every_read)
        self.log: VersionedLog[Commit, Snapshot] = VersionedLog(
            self.store, self.heads, table_log_codec(), replayed, lambda snapshot: len(snapshot.files)
        )

    def newest(self) -> Snapshot | None:
        heads = self.heads.cut({LOG: self.log.known(LOG)})
        return self.log.state_at(LOG, heads[LOG]) if heads else None

    def read(self, key: str) -> bytes:
        data = self.store.read(key)
        assert data is not None
        return data

    def snapshot(self) -> Snapshot:
        found = self.newest()
        assert found is not None
        return found

    def append(self, record: Commit) -> bool:
        base = self.newest()
        assert (base.version if base else 0) == record.version - 1
        return self.log.append(LOG, base, record) is not None


def filled(process: Process, versions: int) -> Process:
    process.append(created())
    for version in range(2, versions + 1):
        assert process.append(commit(version, added=(data_file(str(version)),)))
    return process


@pytest.fixture
def first() -> Process:
    return Process(InMemoryObjectStore(), InMemoryCatalog())


def test_an_unknown_log_has_no_state(first: Process) -> None:
    assert first.newest() is None


def test_another_process_reads_the_commits(first: Process) -> None:
    filled(first, 5)
    second = Process(first.store, first.catalog)
    assert second.newest() == first.newest()


def test_of_two_commits_for_one_version_the_first_wins(first: Process) -> None:
    filled(first, 2)
    second = Process(first.store, first.catalog)
    base = second.newest()
    assert first.append(commit(3, added=(data_file("ours"),)))
    assert second.log.append(LOG, base, replace(commit(3, added=(data_file("theirs"),)), id="theirs")) is None
    assert "data/ours.parquet" in second.snapshot().files


def test_a_writer_knows_its_record_although_a_vacuum_replaced_it(first: Process) -> None:
    filled(first, 2)
    second = Process(first.store, first.catalog)
    base = second.newest()
    written = commit(3, added=(data_file("ours"),))
    assert first.append(written)
    first.log.replace_record(LOG, without_values(written, {"data/ours.parquet"}))
    assert second.log.append(LOG, base, written) is not None
    assert first.read(record_key(LOG, 3)) != first.catalog.cut({LOG: 2}).heads[LOG].records[0]


@pytest.mark.parametrize("versions", [1, 63, 64, 65, 200])
def test_a_wiped_catalog_loses_no_commits(first: Process, versions: int) -> None:
    expected = filled(first, versions).newest()
    second = Process(first.store, InMemoryCatalog())
    assert second.newest() == expected


def test_every_version_can_be_read(first: Process) -> None:
    filled(first, 130)
    second = Process(first.store, InMemoryCatalog())
    for version in (1, 2, 63, 64, 65, 128, 129, 130):
        state = second.log.state(LOG, version)
        assert (state.version, len(state.files)) == (version, version - 1)


@pytest.mark.parametrize("probe_every_read", [True, False])
def test_an_unannounced_commit_is_found(first: Process, probe_every_read: bool) -> None:
    filled(first, 3)
    silent = Process(first.store, InMemoryCatalog())
    assert silent.append(commit(4, added=(data_file("4"),)))
    second = Process(first.store, first.catalog, probe_every_read)
    assert second.snapshot().version == 4
    assert first.catalog.cut({LOG: 0}).heads[LOG].version == 4


def test_a_catalog_from_an_older_backup_is_not_trusted(first: Process) -> None:
    filled(first, 3)
    old = InMemoryCatalog()
    old.advance(LOG, 1, first.read(record_key(LOG, 1)))
    assert Process(first.store, old, probe_every_read=False).snapshot().version == 3


def test_a_newest_record_lost_from_storage_is_an_error_until_the_catalog_is_rebuilt(first: Process) -> None:
    expected = filled(first, 3).newest()
    first.append(commit(4, added=(data_file("4"),)))
    first.store.delete([record_key(LOG, 4)])
    second = Process(first.store, first.catalog, probe_every_read=False)
    with pytest.raises(ObjectMissing):
        second.newest()
    first.catalog.clear("")
    assert second.newest() == expected


def test_checkpoints_save_reading_the_whole_log(first: Process) -> None:
    filled(first, 70)
    assert first.store.size(checkpoint_key(LOG, 64))
    counting = FaultyStore(first.store)
    assert Process(counting, InMemoryCatalog()).snapshot().version == 70
    assert len([call for call in counting.calls if call.startswith("read ") and "/log/" in call]) <= 8


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.LOST_ANSWER])
def test_a_fault_at_any_step_of_a_commit_neither_loses_nor_doubles_it(first: Process, fault: Fault) -> None:
    filled(first, 63)  # so that the next one writes a checkpoint too
    steps = 0
    for at in range(1, 20):
        store = InMemoryObjectStore()
        for entry in first.store.list(""):
            store.put(entry.key, first.read(entry.key))
        faulty = FaultyStore(store, fault, at)
        writer = Process(faulty, InMemoryCatalog())
        acknowledged = False
        try:
            acknowledged = writer.append(commit(64, added=(data_file("64"),)))
        except (StoreUnavailable, CommitUncertain):
            pass
        found = Process(store, InMemoryCatalog()).snapshot()
        assert found.version in ((64,) if acknowledged else (63, 64))
        assert len(found.files) == found.version - 1
        steps += faulty.met
    assert steps >= 4


def test_a_damaged_record_is_an_error_that_names_it(first: Process) -> None:
    filled(first, 3)
    key = record_key(LOG, 2)
    data = first.read(key)
    for broken in (
        data[:-1],
        data.replace(b"2.parquet", b"9.parquet"),
        b"",
        b"\xff" * 50,
        first.read(record_key(LOG, 3)),
    ):
        first.store.put(key, broken)
        with pytest.raises(ObjectDamaged) as caught:
            Process(first.store, InMemoryCatalog()).newest()
        assert caught.value.key == key


def test_a_missing_record_is_an_error_that_names_it(first: Process) -> None:
    filled(first, 5)
    first.store.delete([record_key(LOG, 3)])
    with pytest.raises(ObjectMissing) as caught:
        Process(first.store, InMemoryCatalog()).newest()
    assert caught.value.key == record_key(LOG, 3)


def test_a_damaged_record_in_the_catalog_is_read_from_storage(first: Process) -> None:
    filled(first, 2)
    catalog = InMemoryCatalog()
    catalog.advance(LOG, 2, b"nonsense")
    assert Process(first.store, catalog).newest() == first.newest()


def test_a_newer_format_is_an_error(first: Process) -> None:
    from supertable.application.storage.sealed_objects import sealed

    key = record_key(LOG, 1)
    first.store.put(key, sealed(key, b'{"format":3,"body":{"new":"things"}}'))
    with pytest.raises(FormatTooNew):
        Process(first.store, InMemoryCatalog()).newest()

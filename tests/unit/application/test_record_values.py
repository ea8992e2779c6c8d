"""Several vacuums of one table at the same time, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from supertable.adapters.catalogs.memory import InMemoryCatalog
from supertable.adapters.clocks.system import SystemClock
from supertable.adapters.codecs.table_logs import table_log_codec, value_index_codec
from supertable.adapters.object_stores.memory import InMemoryObjectStore
from supertable.application.maintenance.record_values import RecordValues
from supertable.application.transaction_log.heads import Heads
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.maintenance.record_values import without_values
from supertable.domain.storage_layout import record_key
from supertable.domain.table.commits import Commit
from supertable.domain.table.snapshots import Snapshot, replayed
from tests.support.domain_builders import commit, created, data_file
from tests.support.faulty_store import FaultyStore

LOG = "acme/main/tables/t1"
A, B, NEEDED = "data/a.parquet", "data/b.parquet", "data/c.parquet"
MINUTE_US = 60 * 1_000_000


@dataclass
class Lake:
    now_us: int = 1_800_000_000_000_000
    store: FaultyStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = FaultyStore(InMemoryObjectStore(lambda: self.now_us))
        heads = Heads(self.store, InMemoryCatalog(), SystemClock(), True)
        self.log: VersionedLog[Commit, Snapshot] = VersionedLog(
            self.store, heads, table_log_codec(), replayed, lambda snapshot: len(snapshot.files)
        )
        first = self.log.append(LOG, None, created())
        rows = tuple(replace(data_file(name), content=b"rows", bytes=4) for name in ("a", "b", "c"))
        assert self.log.append(LOG, first, commit(2, added=rows))

    def vacuum(self) -> RecordValues:
        """One that begins now."""
        return RecordValues(self.log, self.store, value_index_codec(), LOG, self.now_us)

    def later(self, minutes: int) -> None:
        self.now_us += minutes * MINUTE_US

    def reads(self, vacuum: RecordValues) -> int:
        """How often the vacuum reads the record of the second version. It must find nothing."""
        before = len(self.store.calls)
        assert vacuum.unneeded(2, {NEEDED}) == {}
        vacuum.save()
        return self.store.calls[before:].count(f"read {record_key(LOG, 2)}")


def test_what_a_slow_vacuum_puts_back_goes_with_a_later_one() -> None:
    lake = Lake()
    stale = lake.log.record(LOG, 2)  # the slow vacuum read it, and will take out only b
    second = lake.vacuum()
    second.take_out(second.unneeded(2, {NEEDED}))
    second.save()
    third = lake.vacuum()
    assert third.unneeded(2, {NEEDED}) == {}
    lake.log.replace_record(LOG, without_values(stale, {B}))
    third.save()
    lake.later(minutes=1)
    later = lake.vacuum()
    values = later.unneeded(2, {NEEDED})
    assert values == {2: {A: 4}}
    later.take_out(values)
    later.save()
    assert lake.log.record(LOG, 2) == without_values(stale, {A, B})


def test_a_third_that_never_saw_the_values_keeps_the_record_in_its_index() -> None:
    lake = Lake()
    stale = lake.log.record(LOG, 2)
    second = lake.vacuum()
    third = lake.vacuum()  # before the second stores its index
    second.take_out(second.unneeded(2, {NEEDED}))
    second.save()
    assert third.unneeded(2, {NEEDED}) == {}
    third.save()
    lake.log.replace_record(LOG, without_values(stale, {B}))
    assert lake.vacuum().unneeded(2, {NEEDED}) == {2: {A: 4}}


def test_a_record_is_read_again_until_it_has_settled() -> None:
    lake = Lake()
    vacuum = lake.vacuum()
    vacuum.take_out(vacuum.unneeded(2, {NEEDED}))
    vacuum.save()
    lake.later(minutes=59)
    assert [lake.reads(lake.vacuum()) for _ in range(2)] == [1, 1]
    lake.later(minutes=2)
    assert [lake.reads(lake.vacuum()) for _ in range(3)] == [1, 0, 0]

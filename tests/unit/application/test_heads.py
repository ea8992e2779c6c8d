"""When a head is trusted and when it is verified against storage, over the in-memory adapters."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import pytest

from supertable.adapters.catalogs.memory import InMemoryCatalog
from supertable.adapters.clocks.manual import ManualClock
from supertable.adapters.object_stores.memory import InMemoryObjectStore
from supertable.application.ports.catalogs import EXPECTED_SECONDS, Cut
from supertable.application.transaction_log.heads import Heads
from supertable.domain.errors import CatalogUnavailable, UnsafeStore
from supertable.domain.storage_layout import record_key
from tests.support.faulty_store import FaultyStore

A, B = "acme/main/tables/a", "acme/main/tables/b"


class Failing(InMemoryCatalog):
    """A catalog that does not answer while it is `down`."""

    down = False

    def _raise_if_down(self) -> None:
        if self.down:
            raise CatalogUnavailable("it is down")

    def cut(self, known: Mapping[str, int]) -> Cut:
        self._raise_if_down()
        return super().cut(known)

    def expect(self, log: str, version: int) -> None:
        self._raise_if_down()
        super().expect(log, version)

    def advance(self, log: str, version: int, record: bytes) -> bool:
        self._raise_if_down()
        return super().advance(log, version, record)


class Lake:
    def __init__(self, prove: Callable[[], None] = lambda: None) -> None:
        self.store = FaultyStore(InMemoryObjectStore())
        self.catalog = Failing()
        self.clock = ManualClock()
        self.heads = self.reader(prove)

    def reader(self, prove: Callable[[], None] = lambda: None) -> Heads:
        return Heads(self.store, self.catalog, self.clock, probe_every_read=False, prove=prove)

    def commit(self, log: str, version: int) -> bool:
        expected = self.heads.expect(log, version)
        self.put(log, version)
        return self.heads.announce(expected, b"")

    def put(self, log: str, version: int) -> None:
        self.store.put_if_absent(record_key(log, version), b"")

    def versions(self, *logs: str, known: int = 0) -> list[int]:
        heads = self.heads.cut(dict.fromkeys(logs, known))
        return [heads[log].version for log in logs]


@pytest.fixture
def lake() -> Lake:
    return Lake()


def test_a_head_is_verified_once_and_then_trusted(lake: Lake) -> None:
    lake.commit(A, 1)
    assert lake.versions(A) == [1]
    before = len(lake.store.calls)
    for _ in range(5):
        assert lake.versions(A) == [1]
    assert len(lake.store.calls) == before


def test_an_expected_commit_is_found_before_it_is_announced(lake: Lake) -> None:
    lake.commit(A, 1)
    other = lake.reader()
    assert lake.versions(A) == [1]
    other.expect(A, 2)
    assert lake.versions(A) == [1]
    lake.put(A, 2)  # and its writer dies
    assert lake.versions(A) == [2]
    before = len(lake.store.calls)
    assert lake.versions(A) == [2]
    assert len(lake.store.calls) == before


def test_a_head_is_verified_again_in_a_new_epoch(lake: Lake) -> None:
    lake.commit(A, 1)
    assert lake.versions(A) == [1]
    lake.put(A, 2)
    lake.catalog.clear("")
    lake.catalog.advance(A, 1, b"")
    assert lake.versions(A) == [2]


def test_a_head_older_than_the_known_version_is_not_trusted(lake: Lake) -> None:
    lake.commit(A, 1)
    assert lake.versions(A) == [1]
    lake.put(A, 2)
    assert lake.versions(A, known=2) == [2]


def test_without_the_catalog_reads_use_storage_and_each_outage_warns_once(
    lake: Lake, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for version in (1, 2):
        lake.commit(A, version)
        lake.commit(B, version)
    for _ in range(2):
        lake.catalog.down = True
        for known in (0, 1, 2):
            assert lake.versions(A, B, known=known) == [2, 2]
        assert lake.heads.cut({"acme/main/tables/none": 0}) == {}
        assert "it is down" in lake.heads.outage
        lake.catalog.down = False
        assert lake.versions(A, B) == [2, 2]
        assert lake.heads.outage == ""
    assert len([record for record in caplog.records if "storage alone" in record.message]) == 2


def test_a_cut_read_from_storage_is_consistent(lake: Lake) -> None:
    lake.commit(A, 1)
    lake.commit(B, 1)
    lake.catalog.down = True
    turns = iter((A, B))

    def commit_concurrently(log: str) -> Callable[[str], int | None]:
        inner = lake.store._inner.size

        def size(key: str) -> int | None:
            found = inner(key)
            following = next(turns, None) if key.startswith(f"{log}/") else None
            if following:
                lake.store._inner.put_if_absent(record_key(following, 2), b"")
            return found

        return size

    lake.store.size = commit_concurrently(A)  # type: ignore[assignment, method-assign]
    assert lake.versions(A, B, known=1) == [2, 2]


def test_a_write_stores_nothing_when_the_catalog_is_down(lake: Lake) -> None:
    lake.catalog.down = True
    with pytest.raises(CatalogUnavailable, match="Nothing was committed"):
        lake.commit(A, 1)
    assert list(lake.store.list("")) == []


@pytest.mark.parametrize(("seconds", "acknowledged"), [(0.0, True), (EXPECTED_SECONDS / 2 + 1, False)])
def test_an_unannounced_commit_is_acknowledged_only_while_it_is_certainly_expected(
    lake: Lake, seconds: float, acknowledged: bool
) -> None:
    expected = lake.heads.expect(A, 1)
    lake.put(A, 1)
    lake.clock.advance(seconds)
    lake.catalog.down = True
    assert lake.heads.announce(expected, b"") is acknowledged
    lake.catalog.down = False
    assert lake.heads.announce(expected, b"")


def test_an_unsafe_store_is_refused_before_anything_is_written() -> None:
    def prove() -> None:
        raise UnsafeStore("it overwrites")

    lake = Lake(prove)
    with pytest.raises(UnsafeStore):
        lake.heads.prepare_to_write()
    with pytest.raises(UnsafeStore):
        lake.commit(A, 1)
    assert list(lake.store.list("")) == []

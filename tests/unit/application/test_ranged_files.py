"""Reads of data files by ranges: exact bytes of one object, or an error; bounded; soon ended."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from supertable.adapters.object_stores.memory import InMemoryObjectStore
from supertable.application.ports.object_stores import ObjectRange
from supertable.application.storage.files.ranged_files import (
    PIECE_BYTES,
    TAIL_BYTES,
    KeptTails,
    RangedFile,
    RangeReads,
    Tail,
)
from supertable.domain.errors import ObjectDamaged, ObjectMissing, QueryCancelled, StoreUnavailable
from supertable.domain.table.data_files import DataFile

KEY = "t/data/a.parquet"


class Store(InMemoryObjectStore):
    """Records the ranges that were read, and the highest number of concurrent reads. `before` each read: an action."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[tuple[int, int]] = []
        self.before: Callable[[], object] = lambda: None
        self.now = self.most = 0
        self._count = threading.Lock()

    def read_range(self, key: str, start: int, length: int, fingerprint: str | None) -> ObjectRange | None:
        with self._count:
            self.reads.append((start, length))
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            self.before()
            return super().read_range(key, start, length, fingerprint)
        finally:
            with self._count:
                self.now -= 1


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def silent() -> Iterator[threading.Event]:
    """Reads that wait for it get no answer until the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def stored(store: Store, size: int, footer: int = 100) -> tuple[DataFile, bytes]:
    """A file of random bytes whose last eight say how long its footer is."""
    data = random.Random(size).randbytes(size - 8) + (footer - 8).to_bytes(4, "little") + b"PAR1"
    store.put(KEY, data)
    return DataFile("data/a.parquet", 1, size, "", 1, {}), data


def reads(
    store: Store,
    tails: KeptTails | None = None,
    requests: int = 4,
    seconds: float = 30,
    stopped: Callable[[], bool] = lambda: False,
) -> RangeReads:
    return RangeReads(store, tails or KeptTails(), requests, seconds, stopped)


def test_every_range_has_exactly_its_bytes(store: Store) -> None:
    size = 3 * PIECE_BYTES + 12_345
    file, data = stored(store, size)
    opened = reads(store).open(KEY, file)
    rng = random.Random(7)
    edges = [
        0,
        1,
        PIECE_BYTES - 1,
        PIECE_BYTES,
        PIECE_BYTES + 1,
        size - TAIL_BYTES - 1,
        size - TAIL_BYTES,
        size - 1,
        size,
    ]
    pairs = [(start, end) for start in edges for end in edges if start <= end]
    pairs += [tuple(sorted((rng.randrange(size), rng.randrange(size)))) for _ in range(50)]  # type: ignore[misc]
    for start, end in pairs:
        assert opened.read(start, end - start) == data[start:end], (start, end)
    assert max(length for _, length in store.reads) <= PIECE_BYTES


def test_threads_get_their_own_ranges(store: Store) -> None:
    file, data = stored(store, 1_000_000)
    opened = reads(store, requests=3).open(KEY, file)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda start: opened.read(start, 5_000), range(0, 900_000, 7_000)))
    assert found == [data[start : start + 5_000] for start in range(0, 900_000, 7_000)]
    assert store.most <= 3


def test_requests_at_once_are_bounded(store: Store) -> None:
    file, data = stored(store, 10 * PIECE_BYTES)
    opened = reads(store, requests=3).open(KEY, file)
    store.before = lambda: time.sleep(0.02)
    assert opened.read(0, 9 * PIECE_BYTES) == data[: 9 * PIECE_BYTES]
    assert store.most == 3


@pytest.mark.parametrize("size", [20, TAIL_BYTES, TAIL_BYTES + 1])
def test_a_small_file_takes_one_request(store: Store, size: int) -> None:
    file, data = stored(store, size, footer=16)
    opened = reads(store).open(KEY, file)
    start = max(0, size - TAIL_BYTES)
    assert opened.read(start, size - start) == data[start:]
    assert opened.read(start + 2, 5) == data[start + 2 : start + 7]
    assert store.reads == [(start, size - start)]


class TestKeptTails:
    def test_a_kept_tail_answers_for_the_footer_only(self, store: Store) -> None:
        file, data = stored(store, 300_000, footer=5_000)
        tails = KeptTails()
        reads(store, tails).open(KEY, file)
        store.reads.clear()
        opened = reads(store, tails).open(KEY, file)
        assert opened.read(300_000 - TAIL_BYTES, TAIL_BYTES) == data[-TAIL_BYTES:]
        assert opened.read(295_000, 4_992) == data[295_000:299_992]
        assert store.reads == []
        assert opened.read(294_999, 10) == data[294_999:295_009]
        assert store.reads == [(294_999, 10)]

    def test_a_long_footer_is_kept_whole(self, store: Store) -> None:
        file, data = stored(store, 300_000, footer=200_000)
        tails = KeptTails()
        reads(store, tails).open(KEY, file)
        store.reads.clear()
        assert reads(store, tails).open(KEY, file).read(100_000, 200_000) == data[100_000:]
        assert store.reads == []

    @pytest.mark.parametrize("footer", [300_001, 2**32 - 1])
    def test_a_footer_longer_than_the_file_is_not_followed(self, store: Store, footer: int) -> None:
        file, data = stored(store, 300_000, footer=footer)
        assert reads(store).open(KEY, file).read(0, 10) == data[:10]

    def test_their_bytes_are_bounded(self) -> None:
        tails = KeptTails(max_bytes=100)
        for name in "abcd":
            tails.keep(name, Tail(bytes(30), name))
            assert tails.find("a") is not None, "it was used last"
        assert tails.find("b") is None
        assert tails.find("d") == Tail(bytes(30), "d")
        tails.keep("d", Tail(bytes(101), "d"))
        assert not any(map(tails.find, "abcd"))
        KeptTails(max_bytes=0).keep("a", Tail(b"1", ""))


class TestErrors:
    def test_a_missing_object(self, store: Store) -> None:
        file, _ = stored(store, 300_000)
        opened = reads(store).open(KEY, file)
        store.delete([KEY])
        for work in (lambda: reads(store).open(KEY, file), lambda: opened.read(0, 10)):
            with pytest.raises(ObjectMissing) as caught:
                work()
            assert caught.value.key == KEY

    @pytest.mark.parametrize("change", [bytes, lambda size: bytes(size - 1), lambda size: bytes(size + 1)])
    def test_an_object_that_changed_is_never_mixed(self, store: Store, change: Callable[[int], bytes]) -> None:
        file, data = stored(store, 300_000)
        tails = KeptTails()
        query = reads(store, tails)
        opened = query.open(KEY, file)
        store.put(KEY, change(300_000))
        with pytest.raises(ObjectDamaged) as caught:
            opened.read(0, 10)
        assert isinstance(query.failure, ObjectDamaged)
        assert caught.value.key == KEY
        store.put(KEY, data)
        assert reads(store, tails).open(KEY, file).read(0, 10) == data[:10], "the tail was dropped"

    def test_an_object_that_changes_between_two_pieces(self, store: Store) -> None:
        file, data = stored(store, 4 * PIECE_BYTES)
        opened = reads(store, requests=1).open(KEY, file)
        store.before = lambda: store.put(KEY, data[::-1]) if len(store.reads) == 3 else None
        with pytest.raises(ObjectDamaged):
            opened.read(0, 3 * PIECE_BYTES)

    @pytest.mark.parametrize("size", [299_999, 300_001, 20])
    def test_an_object_of_another_size(self, store: Store, size: int) -> None:
        file, _ = stored(store, 300_000)
        stored(store, size, footer=10)
        with pytest.raises(ObjectDamaged):
            reads(store).open(KEY, file)

    def test_an_answer_of_a_wrong_length(self, store: Store) -> None:
        class Short(Store):
            def read_range(self, key: str, start: int, length: int, fingerprint: str | None) -> ObjectRange | None:
                found = super().read_range(key, start, length, fingerprint)
                assert found is not None
                return ObjectRange(found.data[:-1], found.object_bytes, found.fingerprint)

        short = Short()
        file, _ = stored(short, 300_000)
        with pytest.raises(StoreUnavailable):
            reads(short).open(KEY, file)

    @pytest.mark.parametrize(("start", "length"), [(-1, 2), (0, 300_001), (300_000, 1)])
    def test_a_range_outside_the_file(self, store: Store, start: int, length: int) -> None:
        file, _ = stored(store, 300_000)
        with pytest.raises(ObjectDamaged):
            reads(store).open(KEY, file).read(start, length)

    def test_unexpected_errors_of_a_store(self, store: Store) -> None:
        file, _ = stored(store, 300_000)
        query = reads(store)
        opened = query.open(KEY, file)

        def fail() -> None:
            raise ZeroDivisionError("secret")

        store.before = fail
        with pytest.raises(StoreUnavailable, match="ZeroDivisionError") as caught:
            opened.read(0, 10)
        assert "secret" not in str(caught.value)
        assert query.failure is caught.value
        store.before = lambda: None
        with pytest.raises(StoreUnavailable, match="ZeroDivisionError"):
            opened.read(0, 10)


class TestEnding:
    def test_a_silent_store_is_an_error(self, store: Store, silent: threading.Event) -> None:
        file, _ = stored(store, 300_000)
        opened = reads(store, seconds=0.2).open(KEY, file)
        store.before = silent.wait
        with within_a_second(), pytest.raises(StoreUnavailable, match="no answer within 0.2 s"):
            opened.read(0, 10)

    def test_a_stopped_query_ends_all_its_reads(self, store: Store, silent: threading.Event) -> None:
        """Those that wait for an answer, and those that wait for a free request."""
        file, _ = stored(store, 300_000)
        stop = threading.Event()
        opened = reads(store, requests=2, stopped=stop.is_set).open(KEY, file)
        store.before = silent.wait
        with ThreadPoolExecutor(6) as pool:
            waiting = [pool.submit(opened.read, number, 10) for number in range(6)]
            time.sleep(0.1)
            stop.set()
            with within_a_second():
                assert all(isinstance(one.exception(), QueryCancelled) for one in waiting)
        assert store.most == 2
        assert isinstance(opened.reads.failure, QueryCancelled)

    def test_the_first_error_ends_the_other_reads(self, store: Store, silent: threading.Event) -> None:
        file, _ = stored(store, 300_000)
        opened = reads(store).open(KEY, file)
        store.before = silent.wait
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(opened.read, 0, 10)
            time.sleep(0.05)
            with within_a_second():
                with pytest.raises(ObjectDamaged):
                    opened.read(299_999, 2)
                assert isinstance(waiting.exception(), ObjectDamaged)


@contextmanager
def within_a_second() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 1


def test_a_file_can_be_referred_to_weakly(store: Store) -> None:
    """Open files are forgotten when their query is."""
    import weakref

    file, _ = stored(store, 300_000)
    opened: RangedFile | None = reads(store).open(KEY, file)
    assert opened is not None
    seen = weakref.ref(opened)
    opened = None
    assert seen() is None

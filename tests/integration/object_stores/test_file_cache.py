"""The cache of remote files: correct results or an error, whatever happens to the copies, within the size limit."""

from __future__ import annotations

import errno
import multiprocessing
import os
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from supertable.adapters.object_stores.local.file_system import VolatileFileSystem
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.ports.file_caches import NoCopy
from supertable.config.backends.data_file_access import copies_folder
from supertable.config.backends.object_storage import object_store
from supertable.config.settings.settings import load_settings
from supertable.domain.errors import ObjectDamaged, ObjectMissing, QueryCancelled, QueryTimeout, StoreUnavailable
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.budgets import BUDGET, chance
from tests.support.remote_lake import MIB, fetched_files, folder_cache, remote_lake

pytestmark = pytest.mark.usefixtures("as_files")

SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.string())])
SQL = "SELECT v, count(*) AS n, sum(id) AS s FROM t GROUP BY v ORDER BY v"
FILES = 12


def rows(start: int, count: int, value: str) -> pa.Table:
    return pa.table([range(start, start + count), [value] * count], schema=SCHEMA)


def answer(lake: Lake, **limits: Any) -> list[Any]:
    return list(lake.sql(SQL, **limits).arrow().to_pylist())


def copies(root: Path) -> list[Path]:
    return sorted(root.glob("one/**/*.parquet"))


def used_bytes(root: Path) -> int:
    """The bytes of copies and of files that are being written."""
    total = 0
    for path in root.glob("one/**/*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total


class Aborted(Exception): ...


def abort() -> None:
    raise Aborted


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """A lake with a table of a dozen files, some of whose rows are superseded, and the result of `SQL` over it."""
    home = tmp_path_factory.mktemp("filled") / "home"
    lake, _ = remote_lake(home, None)
    with lake:
        lake.create_table("t", SCHEMA, keys=["id"])
        for number in range(FILES - 1):
            lake.write("t", rows(number * 1000, 1000, f"v{number}"))
        lake.write("t", rows(500, 150, "again"), mode="upsert")
        return home, answer(lake)


@pytest.fixture
def expected(home: Path, filled: tuple[Path, list[Any]]) -> list[Any]:
    """The result of `SQL` over the lake in `home`, which is a copy of `filled`."""
    shutil.copytree(filled[0], home, dirs_exist_ok=True)
    return filled[1]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache"


class TestFetching:
    def test_files_that_this_process_wrote_are_not_fetched(self, home: Path, root: Path) -> None:
        lake, remote = remote_lake(home, folder_cache(root))
        with lake:
            lake.create_table("t", SCHEMA, keys=["id"])
            lake.write("t", rows(0, 1000, "a"))
            lake.write("t", rows(0, 10, "b"), mode="upsert")
            lake.delete("t", where="id = 5")
            assert [row["n"] for row in answer(lake)] == [990, 9]
        assert fetched_files(remote) == []
        assert len(copies(root)) == 2

    def test_every_file_is_fetched_once_for_all_processes(self, home: Path, root: Path, expected: list[Any]) -> None:
        for fetches in (FILES, 0, 0):
            lake, remote = remote_lake(home, folder_cache(root))
            with lake:
                assert answer(lake) == expected
                assert answer(lake) == expected
            assert len(fetched_files(remote)) == len(set(fetched_files(remote))) == fetches

    def test_threads_that_need_the_same_file_fetch_it_once(self, home: Path, root: Path, expected: list[Any]) -> None:
        lake, remote = remote_lake(home, folder_cache(root))
        answers: list[Any] = []
        with lake:
            threads = [threading.Thread(target=lambda: answers.append(answer(lake))) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert answers == [expected] * 8
        assert len(fetched_files(remote)) == FILES

    def test_a_write_that_fails_leaves_no_copy(self, home: Path, root: Path) -> None:
        lake, remote = remote_lake(home, folder_cache(root))
        container = lake._container

        def write_half() -> None:
            with container.stored_files().open_writer("t/data/a.parquet") as target:
                target.write(b"half")
                raise Aborted

        with lake, pytest.raises(Aborted):
            write_half()
        assert remote.size("t/data/a.parquet") is None
        assert copies(root) == []
        assert used_bytes(root) == 0

    def test_a_cancelled_query_stops_fetching(self, home: Path, root: Path, expected: list[Any]) -> None:
        lake, _ = remote_lake(home, folder_cache(root), _Slow(LocalObjectStore(home / "storage")))
        with lake:
            queries = lake._container.run_query()
            query = queries.run(queries.prepare(lake._namespace, SQL), (), Limits())
            threading.Timer(0.3, query.cancel).start()
            started = time.monotonic()
            with pytest.raises(QueryCancelled):
                query.reader.read_all()
            query.close()
            with pytest.raises(QueryTimeout):
                answer(lake, timeout_seconds=0.3)
        assert time.monotonic() - started < 60, "it must not wait for all files"


class _Slow:
    """A store that is slow for every byte."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def chunks(self, key: str) -> Iterator[bytes]:
        for chunk in self._inner.chunks(key):
            for byte in chunk:
                time.sleep(0.05)
                yield bytes([byte])


def flip(file: Path, rng: random.Random) -> None:
    data = bytearray(file.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    file.write_bytes(data)


def flip_silently(file: Path, rng: random.Random) -> None:
    """Silent corruption: size and times of the file stay the same."""
    found = file.stat()
    flip(file, rng)
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))


def cut(file: Path, rng: random.Random) -> None:
    os.truncate(file, rng.randrange(file.stat().st_size))


def grow(file: Path, rng: random.Random) -> None:
    file.write_bytes(file.read_bytes() + b"x")


def swap(file: Path, rng: random.Random) -> None:
    other = rng.choice(sorted(file.parent.iterdir()))
    one, two = file.read_bytes(), other.read_bytes()
    file.write_bytes(two)
    other.write_bytes(one)


def remove(file: Path, rng: random.Random) -> None:
    file.unlink()


def zero(file: Path, rng: random.Random) -> None:
    file.write_bytes(bytes(file.stat().st_size))


DAMAGES = [flip, flip_silently, cut, grow, swap, remove, zero]


class TestDamage:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_a_damaged_copy_is_fetched_again(
        self, home: Path, root: Path, expected: list[Any], damage: Callable[[Path, random.Random], None]
    ) -> None:
        rng = random.Random(7)
        for _ in range(10):
            lake, _ = remote_lake(home, folder_cache(root))
            with lake:
                assert answer(lake) == expected
            damage(rng.choice(copies(root)), rng)
        lake, remote = remote_lake(home, folder_cache(root))
        with lake:
            assert answer(lake) == expected
            assert 1 <= len(fetched_files(remote)) <= 2
            if damage is not flip_silently:  # which only the next process detects
                damage(rng.choice(copies(root)), rng)
            assert answer(lake) == expected

    @pytest.mark.parametrize("damage", DAMAGES)
    def test_a_damaged_object_is_an_error_with_its_key(
        self, home: Path, root: Path, expected: list[Any], damage: Callable[[Path, random.Random], None]
    ) -> None:
        files = sorted((home / "storage").glob("**/data/*.parquet"))
        damage(files[3], random.Random(1))
        lake, remote = remote_lake(home, folder_cache(root))
        with lake, pytest.raises((ObjectDamaged, ObjectMissing)) as caught:
            answer(lake)
        key = str(getattr(caught.value, "key", ""))
        assert key.startswith("default/main/tables/")
        assert remote.size(key) is None or fetched_files(remote).count(key) == 2, "it must be fetched twice"
        assert not (root / "one" / key).exists()

    def test_a_transfer_error_is_corrected_by_a_second_fetch(self, home: Path, root: Path, expected: list[Any]) -> None:
        class Noisy(_Slow):
            seen: set[str] = set()  # noqa: RUF012

            def chunks(self, key: str) -> Iterator[bytes]:
                first = key not in self.seen
                self.seen.add(key)
                for chunk in self._inner.chunks(key):
                    yield chunk[:-1] + b"!" if first else chunk

        lake, remote = remote_lake(home, folder_cache(root), Noisy(LocalObjectStore(home / "storage")))
        with lake:
            assert answer(lake) == expected
        assert len(fetched_files(remote)) == 2 * FILES

    def test_without_a_cache_the_size_is_checked(self, home: Path, expected: list[Any]) -> None:
        grow(next((home / "storage").glob("**/data/*.parquet")), random.Random(1))
        lake, _ = remote_lake(home, None)
        with lake, pytest.raises(ObjectDamaged, match="were written"):
            answer(lake)


class _FullDisk(VolatileFileSystem):
    def write(self, descriptor: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


class TestNoCache:
    """Files that cannot be copied are read from the remote store."""

    def test_a_file_in_place_of_the_folder(self, home: Path, root: Path, expected: list[Any]) -> None:
        root.write_text("not a folder")
        self.check(home, folder_cache(root), expected)

    def test_a_full_disk(self, home: Path, root: Path, expected: list[Any]) -> None:
        self.check(home, folder_cache(root, file_system=_FullDisk()), expected)
        assert copies(root) == []
        assert used_bytes(root) == 0

    def test_files_that_are_too_large(self, home: Path, root: Path, expected: list[Any]) -> None:
        self.check(home, folder_cache(root, max_bytes=500), expected)
        assert copies(root) == []

    def test_one_query_copies_at_most_half_of_the_cache(self, home: Path, root: Path, expected: list[Any]) -> None:
        sizes = [path.stat().st_size for path in (home / "storage").glob("**/data/*.parquet")]
        cache = folder_cache(root, max_bytes=sum(sizes) * 19 // 10)
        lake, _ = remote_lake(home, cache)
        with lake:
            assert answer(lake) == expected
            assert copies(root) == []
            lake.sql("SELECT * FROM t WHERE id < 900").arrow()
            assert 1 <= len(copies(root)) < FILES
            assert answer(lake) == expected
            assert len(copies(root)) == FILES, "the missing files are less than half"

    def check(self, home: Path, cache: Any, expected: list[Any]) -> None:
        lake, remote = remote_lake(home, cache)
        with lake:
            assert answer(lake) == expected
            lake.write("t", rows(0, 10, "more"), mode="upsert")
            assert answer(lake)[0]["n"] == 150
        direct = [call for call in remote.calls if call.startswith("read_range ") and "/data/" in call]
        assert len(set(direct)) == FILES + 1
        assert not [call for call in remote.calls if call.startswith("size ") and "/data/" in call]


class TestCacheSpace:
    """Objects of 10,000 bytes in a cache of 150,000 bytes, of which each object may use a tenth."""

    MAX_BYTES = 150_000

    def fill(self, cache: Any, name: str) -> None:
        use = cache.use()
        with use.fill(name, 10_000) as target:
            target.write(name.encode() * (10_000 // len(name)))
        use.close()

    def fill_all(self, cache: Any, *names: str) -> None:
        for name in names:
            self.fill(cache, name)

    def names(self, root: Path) -> set[str]:
        return {path.name for path in (root / "one").iterdir() if path.is_file()}

    def test_the_least_recently_used_copies_are_evicted_first(self, root: Path) -> None:
        cache = folder_cache(root, self.MAX_BYTES)
        for number in range(10, 24):
            self.fill(cache, f"{number}")
            path = root / "one" / f"{number}"
            os.utime(path, (number * 1000, path.stat().st_mtime))
        use = cache.use()
        assert use.find({"10", "11", "99"}) == {"10", "11"}
        use.close()
        self.fill(cache, "24")
        self.fill(cache, "25")
        left = self.names(root)
        assert {"10", "11", "24", "25"} <= left
        assert "12" not in left
        assert used_bytes(root) <= self.MAX_BYTES

    def test_copies_in_use_are_never_evicted(self, root: Path) -> None:
        cache, other = folder_cache(root, self.MAX_BYTES), folder_cache(root, self.MAX_BYTES)
        for number in range(10, 24):
            self.fill(cache, f"{number}")
        for path in (root / "one").iterdir():
            os.utime(path, (1000, path.stat().st_mtime)) if path.is_file() else None
        query = cache.use()
        kept = {f"{number}" for number in range(10, 24)}
        assert query.find(kept) == kept
        with pytest.raises(NoCopy):
            self.fill_all(other, "24", "25")
        assert kept <= self.names(root)
        query.close()
        time.sleep(3)  # access times have a resolution of two seconds
        for number in range(26, 30):
            self.fill(other, f"{number}")
        assert not kept <= self.names(root)
        assert used_bytes(root) <= self.MAX_BYTES

    def test_a_fetched_copy_is_in_use_even_if_the_clock_of_the_disk_is_behind(self, root: Path) -> None:
        class Behind(VolatileFileSystem):
            def link(self, source: Path, target: Path) -> None:
                os.utime(source, (1000, 1000))
                super().link(source, target)

            def replace(self, source: Path, target: Path) -> None:
                os.utime(source, (1000, 1000))
                super().replace(source, target)

        cache = folder_cache(root, self.MAX_BYTES, Behind())
        query = cache.use()
        with query.fill("kept", 10_000) as target:
            target.write(bytes(10_000))
        for number in range(10, 40):
            self.fill(cache, f"{number}")
            os.utime(root / "one" / f"{number}", (2000, 2000))
        assert {"kept", "39"} <= self.names(root)
        assert len(self.names(root)) < 16
        query.close()

    @pytest.mark.parametrize("count", ["9" * 40, "", "nonsense"])
    def test_a_wrong_count_is_corrected(self, root: Path, count: str) -> None:
        cache = folder_cache(root, self.MAX_BYTES)
        self.fill(cache, "10")
        (root / "~bytes").write_text(count)
        self.fill(cache, "11")
        assert self.names(root) == {"10", "11"}
        assert int((root / "~bytes").read_text()) == 20_000

    def test_reserved_bytes_are_counted(self, root: Path) -> None:
        cache, other = folder_cache(root, self.MAX_BYTES), folder_cache(root, self.MAX_BYTES)
        use = cache.use()
        with ExitStack() as fills:
            for number in range(9):
                fills.enter_context(pytest.raises(Aborted))
                fills.enter_context(use.fill(f"{number}", 15_000))
                fills.callback(abort)
            (root / "~bytes").write_text("")  # a recount includes them too
            with pytest.raises(NoCopy):
                self.fill_all(other, "20", "21")
        use.close()
        assert self.names(root) <= {"20"}
        assert int((root / "~bytes").read_text()) <= 10_000


def _query_repeatedly(home: Path, root: Path, max_bytes: int, expected: list[Any], lakes: int, sender: Any) -> None:
    try:
        for _ in range(lakes):
            lake, _ = remote_lake(home, folder_cache(root, max_bytes))
            with lake:
                for _ in range(5):
                    assert answer(lake) == expected
                    time.sleep(0.05)
        sender.send("all answers were right")
    except BaseException as error:
        sender.send(repr(error))
        raise


def _fetch_slowly(home: Path, root: Path, sender: Any) -> None:
    lake, _ = remote_lake(home, folder_cache(root), _Slow(LocalObjectStore(home / "storage")))
    sender.send("begun")
    answer(lake)


def test_a_killed_process_reserves_no_space(home: Path, root: Path, expected: list[Any]) -> None:
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    worker = spawn.Process(target=_fetch_slowly, args=(home, root, sender), daemon=True)
    worker.start()
    receiver.recv()
    until = time.monotonic() + 30
    while not list(root.glob("~fills/*")) and time.monotonic() < until:
        time.sleep(0.01)
    worker.kill()
    worker.join()
    assert list(root.glob("~fills/*"))
    assert int((root / "~bytes").read_text()) > 0
    (root / "~bytes").write_text("")  # forces a recount, as a full cache does
    lake, _ = remote_lake(home, folder_cache(root))
    with lake:
        assert answer(lake) == expected
    assert not list(root.glob("~fills/*"))
    assert used_bytes(root) <= int((root / "~bytes").read_text()) <= used_bytes(root) + 1000


def test_a_slow_reader_keeps_its_copies(home: Path, root: Path) -> None:
    """Others fill the cache while it reads, including copies that DuckDB has not opened yet."""
    lake, _ = remote_lake(home, None)
    with lake:
        lake.create_table("t", SCHEMA)
        for number in range(20):
            lake.write("t", rows(number * 200_000, 200_000, "v"))
    sizes = [path.stat().st_size for path in (home / "storage").glob("**/data/*.parquet")]
    max_bytes = sum(sizes) * 21 // 10
    lake, _ = remote_lake(home, folder_cache(root, max_bytes))
    with lake:
        rows_read = 0
        kept = None
        other = folder_cache(root, max_bytes)
        for batch in lake.sql("SELECT id FROM t").batches():
            rows_read += batch.num_rows
            kept = kept or copies(root)
            if rows_read < 20 * 65_536:
                time.sleep(0.2)
                for _ in range(3):
                    _add_copy(other, max(sizes))
        assert rows_read == 20 * 200_000
        assert kept
        assert len(kept) == 20
        assert copies(root) == kept


def _add_copy(cache: Any, size: int) -> None:
    """Write another copy, which may evict others."""
    use = cache.use()
    try:
        with use.fill(f"junk{time.monotonic_ns()}", size) as target:
            target.write(b"j" * size)
    except NoCopy:
        pass
    finally:
        use.close()


@pytest.mark.slow
def test_damage_anywhere_gives_correct_results_or_errors(home: Path, root: Path, expected: list[Any]) -> None:
    """Rounds of damage to copies and objects; each round starts a new lake with the files of the last one."""
    random_choices = chance("cached files")
    objects = sorted((home / "storage").glob("**/*/data/*.parquet")) + sorted((home / "storage").glob("**/deletes/*"))
    intact = {path: path.read_bytes() for path in objects}
    answered = 0
    for turn in range(BUDGET.damages // 2):
        for path, data in intact.items():
            path.write_bytes(data)
        for file in random_choices.sample([*objects, *copies(root), *copies(root)], k=2):
            if file.exists() and file.stat().st_size:
                random_choices.choice(DAMAGES)(file, random_choices)
        lake, _ = remote_lake(home, folder_cache(root))
        with lake:
            try:
                assert answer(lake) == expected, turn
                answered += 1
            except (ObjectDamaged, ObjectMissing) as error:
                assert "/" in error.key
    assert answered > BUDGET.damages // 20


@pytest.mark.slow
def test_processes_that_evict_each_others_copies(home: Path, root: Path, expected: list[Any]) -> None:
    """Two processes read continuously, while this one writes other copies, so that theirs are evicted."""
    lake, _ = remote_lake(home, None)
    with lake:
        sizes = [path.stat().st_size for path in (home / "storage").glob("**/data/*.parquet")]
    max_bytes = sum(sizes) * 21 // 10
    spawn = multiprocessing.get_context("spawn")
    pipes = [spawn.Pipe(duplex=False) for _ in range(2)]
    workers = [
        spawn.Process(target=_query_repeatedly, args=(home, root, max_bytes, expected, 8, pipe[1]), daemon=True)
        for pipe in pipes
    ]
    for worker in workers:
        worker.start()
    most = 0
    other = folder_cache(root, max_bytes)
    while any(worker.is_alive() for worker in workers):
        _add_copy(other, max(sizes))
        most = max(most, used_bytes(root)) if root.exists() else most
        time.sleep(0.01)
    answers = [pipe[0].recv() for pipe in pipes]
    for worker in workers:
        worker.join()
    assert answers == ["all answers were right"] * 2
    # The sizes are summed while copies come and go, so that some are counted beside those that replace them.
    assert max_bytes // 2 < most <= max_bytes * 5 // 4


def test_deployments_have_folders_of_their_own(home: Path) -> None:
    base = {"storage_type": "S3", "storage_bucket": "one", "storage_region": "r", "home": home}
    others: list[dict[str, Any]] = [
        {},
        {"storage_bucket": "two"},
        {"prefix": "p"},
        {"prefix": "p/q"},
        {"storage_endpoint_url": "http://127.0.0.1:1"},
        {"storage_endpoint_url": "http://127.0.0.1:2"},
        {"storage_type": "MINIO", "storage_endpoint_url": "http://127.0.0.1:2"},
    ]
    folders = set()
    for other in others:
        settings = load_settings(**(base | other))
        folders.add(copies_folder(settings, object_store(settings)))
    assert len(folders) == len(others)


def test_an_unavailable_store_is_an_error(home: Path, root: Path, expected: list[Any]) -> None:
    class Down(_Slow):
        def chunks(self, key: str) -> Iterator[bytes]:
            raise StoreUnavailable("read", key, "the store does not respond")

    lake, _ = remote_lake(home, folder_cache(root), Down(LocalObjectStore(home / "storage")))
    with lake, pytest.raises(StoreUnavailable):
        answer(lake)
    assert used_bytes(root) < MIB


class TestRemovedCopies:
    """Copies that something else removes: between the fetch and the query, or while the query reads them."""

    @pytest.mark.parametrize("removed", [1, 5, FILES])
    def test_a_copy_that_is_removed_before_it_is_read_is_fetched_again(
        self, home: Path, root: Path, expected: list[Any], removed: int
    ) -> None:
        lake, remote = remote_lake(home, folder_cache(root))
        with lake:
            stored: Any = lake._container.stored_files()
            opened = stored.open
            times = 0

            def open_and_remove(*arguments: Any) -> Any:
                nonlocal times
                files = opened(*arguments)
                times += 1
                if times == 1:
                    for path in copies(root)[:removed]:
                        path.unlink()
                return files

            stored.open = open_and_remove
            assert answer(lake) == expected
            assert len(fetched_files(remote)) == FILES + removed

    def test_a_copy_that_is_removed_while_it_is_read_is_no_lost_data(
        self, home: Path, root: Path, expected: list[Any]
    ) -> None:
        lake, _ = remote_lake(home, folder_cache(root))
        with lake:
            stored: Any = lake._container.stored_files()
            opened = stored.open

            def open_and_remove(*arguments: Any) -> Any:
                files = opened(*arguments)
                for path in copies(root):
                    path.unlink()
                return files

            stored.open = open_and_remove
            with pytest.raises(StoreUnavailable, match="was removed while it was being read"):
                answer(lake)
            stored.open = opened
            assert answer(lake) == expected

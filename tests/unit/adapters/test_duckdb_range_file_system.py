"""The files of `RangeAccess` as DuckDB sees them: read-only, by location, each thread with its own position."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from supertable.adapters.engines.duckdb.remote.range_access import RangeAccess
from supertable.adapters.engines.duckdb.remote.range_file_system import RangeHandle
from supertable.adapters.object_stores.memory import InMemoryObjectStore
from supertable.application.ports.engines.file_sources import DirectReads
from supertable.application.storage.files.ranged_files import KeptTails, RangeReads
from supertable.domain.table.data_files import DataFile

KEY = "t/data/secret-name.parquet"
ROWS = 200_000


@pytest.fixture
def store() -> InMemoryObjectStore:
    return InMemoryObjectStore()


@pytest.fixture
def file(store: InMemoryObjectStore) -> DataFile:
    sink = pa.BufferOutputStream()
    columns = {
        name: pa.array([number * factor % 1_000_003 for number in range(ROWS)]) for name, factor in FACTORS.items()
    }
    pq.write_table(pa.table(columns), sink, row_group_size=10_000)
    data = sink.getvalue().to_pybytes()
    store.put(KEY, data)
    return DataFile("data/secret-name.parquet", ROWS, len(data), "", 1, {})


FACTORS = {"a": 1, "b": 7_919, "c": 104_729}


@pytest.fixture
def access(store: InMemoryObjectStore) -> RangeAccess:
    return RangeAccess(partial(RangeReads, store, KeptTails(), 16, 30), "s3")


@pytest.fixture
def reads(access: RangeAccess) -> Iterator[DirectReads]:
    begun = access.begin(lambda: False)
    yield begun
    begun.close()


@pytest.fixture
def database(access: RangeAccess) -> Iterator[duckdb.DuckDBPyConnection]:
    """Locked as the engine's, with more threads than the machine has cores."""
    with duckdb.connect(":memory:", config={"threads": 8}) as opened:
        opened.execute("SET enable_external_file_cache = false")
        opened.execute(f"SET allowed_directories = ['{access.attach(opened)}']")
        opened.execute("SET enable_external_access = false")
        opened.execute("SET lock_configuration = true")
        yield opened


def test_threads_that_share_a_handle_do_not_share_its_position(
    reads: DirectReads, file: DataFile, access: RangeAccess, store: InMemoryObjectStore
) -> None:
    """All threads seek before any of them reads."""
    data = store.read(KEY) or b""
    handle = RangeHandle(access._open[reads.locate(KEY, file)])
    barrier = threading.Barrier(8)

    def read(number: int) -> bytes:
        handle.seek(number * 1_000)
        barrier.wait()
        first = handle.read(300)
        barrier.wait()
        assert handle.tell() == number * 1_000 + 300
        return first + handle.read(200)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(8))) == [data[start : start + 500] for start in range(0, 8_000, 1_000)]


def test_a_thread_without_a_position_cannot_read(reads: DirectReads, file: DataFile, access: RangeAccess) -> None:
    handle = RangeHandle(access._open[reads.locate(KEY, file)])
    handle.seek(0)
    with ThreadPoolExecutor(1) as pool, pytest.raises(KeyError):
        pool.submit(handle.read, 1).result()


def test_many_threads_of_duckdb_read_the_right_bytes(
    database: duckdb.DuckDBPyConnection, reads: DirectReads, file: DataFile
) -> None:
    location = reads.locate(KEY, file)
    right = tuple(sum(number * factor % 1_000_003 for number in range(ROWS)) for factor in FACTORS.values())
    for _ in range(10):
        assert database.execute(f"SELECT sum(a), sum(b), sum(c) FROM read_parquet('{location}')").fetchone() == right


def test_a_location_is_of_one_query_and_tells_nothing(
    database: duckdb.DuckDBPyConnection, access: RangeAccess, file: DataFile
) -> None:
    first, second = access.begin(lambda: False), access.begin(lambda: False)
    locations = [first.locate(KEY, file), first.locate(KEY, file), second.locate(KEY, file)]
    assert len(set(locations)) == 3
    assert "secret-name" not in str(locations)
    first.close()
    del first
    for location in locations[:2]:
        with pytest.raises(duckdb.Error):
            database.execute(f"FROM read_parquet('{location}')")
    assert database.execute(f"SELECT count(a) FROM read_parquet('{locations[2]}')").fetchone() == (ROWS,)
    del second
    with pytest.raises(duckdb.Error):
        database.execute(f"FROM read_parquet('{locations[2]}')")


def test_the_working_folder_does_not_matter(
    database: duckdb.DuckDBPyConnection,
    reads: DirectReads,
    file: DataFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No local folder with the name of the protocol can be read, and reads go on after a change of the folder."""
    folder = tmp_path / "stobj:" / "files"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("local")
    monkeypatch.chdir(tmp_path)
    for path in ("stobj:/files/a.txt", "stobj://files/a.txt", str(folder / "a.txt")):
        with pytest.raises(duckdb.Error):
            database.execute(f"FROM read_text('{path}')")
    assert database.execute(f"SELECT count(a) FROM '{reads.locate(KEY, file)}'").fetchone() == (ROWS,)


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO '{location}'",
        "COPY (SELECT 1) TO '{folder}other.parquet'",
        "FROM read_parquet('{folder}*.parquet')",
        "FROM glob('{folder}**')",
        "FROM read_text('{folder}../../etc/passwd')",
        "FROM read_parquet('{folder}1.parquet')",
        "FROM read_parquet('stobj://other/1.parquet')",
        "ATTACH '{folder}x.db' AS x",
    ],
)
def test_nothing_can_be_written_or_listed(
    database: duckdb.DuckDBPyConnection, reads: DirectReads, file: DataFile, statement: str
) -> None:
    location = reads.locate(KEY, file)
    sql = statement.format(location=location, folder=location.rpartition("/")[0] + "/")
    try:
        assert database.execute(sql).fetchall() == []
        assert "glob" in sql
    except duckdb.Error:
        pass

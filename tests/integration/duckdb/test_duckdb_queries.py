"""Running queries: streaming, cancellation, limits and cleanup."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import duckdb
import psutil  # type: ignore[import-untyped]
import pyarrow as pa
import pytest

from supertable.adapters.engines.duckdb.running_query import DuckDBQuery, Steps
from supertable.application.ports.engines.running_queries import Limits
from supertable.domain.errors import (
    QueryCancelled,
    QueryFailed,
    QueryOutOfMemory,
    QueryTimeout,
    ResultTooLarge,
    SupertableError,
)
from tests.support.parquet_tables import ParquetTables

ENDLESS = "select count(*) from range(1000000000000) t(i) where hash(i) = 5"
ENDLESS_ROWS = "select i, hash(i) as h from range(1000000000000) t(i)"


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[ParquetTables]:
    made = ParquetTables(tmp_path / "lake", memory_limit="200MB")
    yield made
    made.engine.close()


class TestStreaming:
    def test_memory_stays_small_while_rows_stream(self, tables: ParquetTables) -> None:
        tables.query("select 1")
        process = psutil.Process()
        before = process.memory_info().rss
        reader = tables.start("select i, i * 2 as j, i::varchar as s from range(20000000) t(i)").reader
        rows = reader.read_next_batch().num_rows
        most = 0
        for number, batch in enumerate(reader):
            rows += batch.num_rows
            if number % 20 == 0:
                most = max(most, process.memory_info().rss - before)
        assert rows == 20_000_000
        assert most < 150_000_000
        print(f"{most / 1e6:.0f} MB")

    def test_the_result_as_a_c_stream(self, tables: ParquetTables) -> None:
        reader = tables.start("select * from range(300000) t(i)").reader
        assert pa.table(reader).num_rows == 300_000
        stream = tables.start("select * from range(300000) t(i)").reader
        assert duckdb.from_arrow(stream).count("*").fetchall() == [(300_000,)]

    def test_rows_do_not_wait_for_later_ones(self) -> None:
        """DuckDB gives what it has where another part of the query takes long."""
        asked: list[str] = []

        def batches() -> Iterator[pa.RecordBatch]:
            for name in ("first", "second"):
                asked.append(name)
                yield pa.record_batch({"name": [name]})

        def begin(*_: object) -> pa.RecordBatchReader:
            return pa.RecordBatchReader.from_batches(pa.schema([("name", pa.string())]), batches())

        connection = duckdb.connect()
        reader = DuckDBQuery(connection.cursor(), Steps(begin, Mock(), Mock()), Mock(), Limits()).reader
        assert reader.read_next_batch().to_pylist() == [{"name": "first"}]
        assert asked == ["first"]
        assert reader.read_all().to_pylist() == [{"name": "second"}]


class TestLimits:
    @pytest.mark.parametrize("rows", [1, 999, 100_000])
    def test_rows(self, rows: int, tables: ParquetTables) -> None:
        assert tables.query(f"select * from range({rows})", max_rows=rows).num_rows == rows
        with pytest.raises(ResultTooLarge) as caught:
            tables.query(f"select * from range({rows + 1})", max_rows=rows)
        assert caught.value.max_rows == rows

    def test_too_many_rows_are_detected_early(self, tables: ParquetTables) -> None:
        with pytest.raises(ResultTooLarge):
            tables.query(ENDLESS_ROWS, max_rows=100)

    @pytest.mark.parametrize("sql", [ENDLESS, ENDLESS_ROWS, f"explain {ENDLESS_ROWS}"])
    def test_time(self, sql: str, tables: ParquetTables) -> None:
        if sql.startswith("explain"):
            assert tables.query(sql, timeout_seconds=5).num_rows
            return
        with pytest.raises(QueryTimeout) as caught:
            tables.query(sql, timeout_seconds=0.2)
        assert caught.value.seconds == 0.2

    def test_time_of_a_slow_reader_does_not_count(self, tables: ParquetTables) -> None:
        reader = tables.start("select * from range(500000)", timeout_seconds=2).reader
        rows = 0
        for batch in reader:
            rows += batch.num_rows
            time.sleep(0.5)
        assert rows == 500_000

    def test_memory(self, tables: ParquetTables, tmp_path: Path) -> None:
        small = ParquetTables(tmp_path / "small", memory_limit="20MB")
        with pytest.raises(QueryOutOfMemory, match="20MB"):
            small.query("select list(i order by hash(i)) from range(5000000) t(i)")
        assert small.query("select 1 as a")["a"].to_pylist() == [1]


class TestStopping:
    @pytest.mark.parametrize("sql", [ENDLESS, ENDLESS_ROWS])
    def test_cancel(self, sql: str, tables: ParquetTables) -> None:
        query = tables.start(sql)
        threading.Timer(0.2, query.cancel).start()
        with pytest.raises(QueryCancelled):
            query.reader.read_all()

    def test_cancel_before_the_first_row(self, tables: ParquetTables) -> None:
        query = tables.start(ENDLESS)
        query.cancel()
        with pytest.raises(QueryCancelled):
            query.reader.read_all()

    def test_cancel_at_any_moment(self, tables: ParquetTables) -> None:
        for delay in [0.0, 0.0001, 0.0003, 0.001, 0.003, 0.01] * 3:
            query = tables.start(ENDLESS)
            threading.Timer(delay, query.cancel).start()
            with pytest.raises(QueryCancelled):
                query.reader.read_all()

    def test_cancel_after_the_end(self, tables: ParquetTables) -> None:
        query = tables.start("select 1 as a")
        assert query.reader.read_all().num_rows == 1
        query.cancel()
        query.close()
        assert tables.query("select 1 as a").num_rows == 1

    def test_cancel_one_of_two(self, tables: ParquetTables) -> None:
        one, other = (
            tables.start(ENDLESS),
            tables.start("select count(*) n from range(50000000) t(i) where hash(i) % 2 = 0"),
        )
        threading.Timer(0.05, one.cancel).start()
        with ThreadPoolExecutor() as pool:
            first, second = pool.submit(lambda: one.reader.read_all()), pool.submit(lambda: other.reader.read_all())
            with pytest.raises(QueryCancelled):
                first.result()
            assert second.result()["n"].to_pylist()[0] > 0

    def test_closed_before_the_last_row(self, tables: ParquetTables) -> None:
        query = tables.start(ENDLESS_ROWS)
        assert query.reader.read_next_batch().num_rows
        query.close()
        query.close()
        with pytest.raises(QueryCancelled):
            query.reader.read_next_batch()

    def test_abandoned_queries_are_freed(self, tables: ParquetTables) -> None:
        tables.query("select 1")
        for kept in (50, 200):
            before = psutil.Process().memory_info().rss
            for _ in range(kept):
                assert tables.start(ENDLESS_ROWS).reader.read_next_batch().num_rows
        assert psutil.Process().memory_info().rss - before < 50_000_000
        assert threading.active_count() < 20

    def test_closed_queries_free_memory_even_if_their_reader_is_kept(self, tables: ParquetTables) -> None:
        kept = []
        for count in (50, 200):
            before = psutil.Process().memory_info().rss
            for _ in range(count):
                query = tables.start(ENDLESS_ROWS)
                kept.append(query.reader)
                assert query.reader.read_next_batch().num_rows
                query.close()
        assert psutil.Process().memory_info().rss - before < 50_000_000

    @pytest.mark.parametrize("sql", [ENDLESS, ENDLESS_ROWS])
    def test_control_c(self, sql: str, tables: ParquetTables) -> None:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # background processes ignore SIGINT
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            tables.query(sql)
        signal.signal(signal.SIGINT, before)
        assert tables.query("select 1 as a").num_rows == 1


class TestErrors:
    def test_after_the_first_rows(self, tables: ParquetTables) -> None:
        reader = tables.start(
            "select case when i < 4000000 then i else (i || 'x')::int end a from range(10000000) t(i)"
        ).reader
        assert reader.read_next_batch().num_rows
        with pytest.raises(QueryFailed, match="Could not convert"):
            reader.read_all()

    def test_the_reader_raises_supertable_errors(self, tables: ParquetTables) -> None:
        reader = tables.start("select * from range(1000000)", max_rows=10).reader
        with pytest.raises(SupertableError):
            reader.read_all()


def test_a_query_is_closed_while_another_thread_takes_its_rows(tables: ParquetTables) -> None:
    query = tables.start("select count(*) from range(10000000) a(i), range(10000000) b(j) where hash(i, j) = 0")
    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        taking = pool.submit(lambda: query.reader.read_all())
        time.sleep(0.5)
        query.close()
        with pytest.raises(SupertableError):
            taking.result()
    assert time.monotonic() - started < 30


def test_concurrent_queries(tables: ParquetTables) -> None:
    tables.table("t", *(pa.table({"a": [number] * 100}) for number in range(20)), dead={0: list(range(50))})

    def count(number: int) -> int:
        answer = tables.query("select count(*) n from t where a = ?", [number % 20], prune=True)
        return int(answer["n"][0].as_py())

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(count, range(200)))
    assert found == [50 if number % 20 == 0 else 100 for number in range(200)]


def test_nothing_is_kept_between_queries(tables: ParquetTables) -> None:
    tables.table("t", pa.table({"a": [1]}), dead={0: [0]})
    tables.query("select * from t")
    cursor = tables.instance.cursor()
    assert cursor.execute("select count(*) from duckdb_variables()").fetchone() == (0,)
    assert cursor.execute("select count(*) from duckdb_views() where not internal").fetchone() == (0,)
    assert cursor.execute("select count(*) from duckdb_tables()").fetchone() == (0,)
    cursor.close()

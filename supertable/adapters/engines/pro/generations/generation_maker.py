"""Makes generations, merges the loose rows of one into the next, and refreshes them to newer versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb import DuckDBInstance
from supertable.adapters.engines.pro.generations.differences import Difference, difference
from supertable.adapters.engines.pro.generations.generation import Generation, column
from supertable.adapters.engines.pro.generations.islands import Island, PublishingIsland
from supertable.adapters.engines.pro.generations.row_streams import located_rows, whole_scan
from supertable.adapters.engines.pro.task import Task
from supertable.application.ports.engines.file_sources import FileSource
from supertable.domain.errors import QueryCancelled
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.types import Field

_BATCH_ROWS = 65_536


class GenerationMaker:
    def __init__(self, source: DuckDBInstance, stored: FileSource, maker: DuckDBInstance | None) -> None:
        """`source` reads what the caller sees of data files; `maker` writes databases, with one thread. None: they are
        made in the memory of their island."""
        self._source = source
        self._stored = stored
        self._maker = maker

    def made(self, island: Island, scan: Scan, fields: Sequence[Field], task: Task) -> Generation:
        """The generation of what the caller sees at the version of `scan`, from its files."""
        assert scan.snapshot is not None
        whole = whole_scan(scan)
        files = whole.files
        generation = Generation(
            fields={one.id: one for one in fields},
            snapshot=scan.snapshot,
            numbers={file.path: number for number, file in enumerate(files)},
            next_number=len(files),
            dead={file.path: self._stored.bitmap(scan.folder, file) for file in files if file.deletes},
        )
        rows = located_rows(self._source, self._stored, whole, fields, 0)
        with closing(rows), task.interruptible(rows.interrupt):
            self._fill(island, generation, rows.start(task.stopped), task)
        return generation

    def merged(self, island: Island, old: Generation, task: Task) -> Generation:
        """A new generation from the rows of `old`, which its caller holds."""
        names = [*map(column, old.fields.values()), "st_file", "st_row"]
        cursor = island.instance.cursor()
        with closing(cursor), task.interruptible(cursor.interrupt), island.opened(old):
            with island.lock:
                cursor.begin()
                found = cursor.sql(f"SELECT {', '.join(names)} FROM {old.name}.t")
                generation = old.copied()
            generation.loose = 0
            reader = found.to_arrow_reader(_BATCH_ROWS)
            batches = pa.RecordBatchReader.from_batches(reader.schema, _until_stopped(reader, task))
            self._fill(island, generation, batches.__arrow_c_stream__(), task)
        return generation

    def difference(self, generation: Generation, scan: Scan) -> Difference:
        """What distinguishes the version of `scan` from that of the generation."""
        assert scan.snapshot is not None
        return difference(
            generation.snapshot.files,
            generation.dead,
            scan.snapshot.files,
            lambda file: self._stored.bitmap(scan.folder, file),
        )

    def refreshed(
        self, island: Island, generation: Generation, scan: Scan, found: Difference, task: Task
    ) -> Generation:
        """The generation, brought to the version of `scan` as one transaction, by one thread at a time; or a new one,
        where those of the island never change."""
        if not isinstance(island, PublishingIsland):
            cursor = island.instance.cursor()
            with closing(cursor), task.interruptible(cursor.interrupt):
                self._move(cursor, island, generation, scan, found, task)
            return generation
        new = generation.copied()
        island.copy(generation, new)
        cursor = island.instance.cursor()
        with closing(cursor), task.interruptible(cursor.interrupt), _database(cursor, island, new):
            self._move(cursor, island, new, scan, found, task)
            cursor.execute(f"CHECKPOINT {new.name}").fetchall()
            cursor.execute(f"DETACH {new.name}")
        new.bytes = island.size_of(new, 0)
        return new

    def _move(
        self,
        cursor: duckdb.DuckDBPyConnection,
        island: Island,
        generation: Generation,
        scan: Scan,
        found: Difference,
        task: Task,
    ) -> None:
        shown = [field for field in scan.shown.fields if field.id in generation.fields]
        whole = whole_scan(scan, found.added)
        rows = located_rows(self._source, self._stored, whole, shown, generation.next_number)
        with closing(rows), task.interruptible(rows.interrupt):
            cursor.begin()
            removed = _removed(cursor, generation, found)
            added = 0
            if found.added:
                cursor.register("st_rows", rows.start(task.stopped))
                names = ", ".join([*map(column, shown), "st_file", "st_row"])
                added = _count(cursor, f"INSERT INTO {generation.name}.t ({names}) FROM st_rows")
            with island.lock:
                cursor.commit()
                _moved(generation, scan, found, whole, added, removed)

    def _fill(self, island: Island, generation: Generation, stream: Any, task: Task) -> None:
        """Makes the generation's database of a stream of its rows, and attaches it to the island."""
        keys = [f"c{key}" for key in generation.snapshot.definition.keys if key in generation.fields]
        order = f" ORDER BY {', '.join(keys)}" if keys else ""
        before = island.size()
        cursor = (self._maker or island.instance).cursor()
        with closing(cursor), task.interruptible(cursor.interrupt), _database(cursor, island, generation):
            cursor.register("st_rows", stream)
            generation.rows = _count(cursor, f"CREATE TABLE {generation.name}.t AS FROM st_rows{order}")
            cursor.unregister("st_rows")
            cursor.execute(f"CHECKPOINT {generation.name}").fetchall()
            if self._maker is not None:
                cursor.execute(f"DETACH {generation.name}")
                island.attach(generation)
        generation.bytes = island.size_of(generation, before)


@contextmanager
def _database(cursor: duckdb.DuckDBPyConnection, island: Island, generation: Generation) -> Iterator[None]:
    """Within the block, the cursor has the generation's database, which may be new. An error removes it."""
    cursor.execute(f"ATTACH {island.location(generation)}")
    try:
        yield
    except BaseException:
        cursor.execute(f"DETACH DATABASE IF EXISTS {generation.name}")
        island.discard_file(generation)
        raise


def _moved(generation: Generation, scan: Scan, found: Difference, whole: Scan, added: int, removed: int) -> None:
    """Notes the version that the generation's rows have now."""
    assert scan.snapshot is not None
    for path in found.gone:
        del generation.numbers[path]
        generation.dead.pop(path, None)
    generation.numbers |= {file.path: generation.next_number + n for n, file in enumerate(whole.files)}
    generation.next_number += len(whole.files)
    generation.dead |= found.dead
    generation.fields = {field.id: field for field in scan.shown.fields if field.id in generation.fields}
    generation.rows += added - removed
    generation.loose += added + removed
    generation.snapshot = scan.snapshot


def _removed(cursor: duckdb.DuckDBPyConnection, generation: Generation, found: Difference) -> int:
    """Deletes the rows that leave; their number."""
    table, numbers = f"{generation.name}.t", generation.numbers
    removed = 0
    if found.gone:
        gone = ", ".join(str(numbers[path]) for path in found.gone)
        removed += _count(cursor, f"DELETE FROM {table} WHERE st_file IN ({gone})")
    if found.died:
        files = [pa.repeat(pa.scalar(numbers[path], pa.int32()), len(rows)) for path, rows in found.died.items()]
        rows = [pa.array(rows) for rows in found.died.values()]
        cursor.register("st_died", pa.table({"file": pa.chunked_array(files), "row": pa.chunked_array(rows)}))
        removed += _count(cursor, f"DELETE FROM {table} WHERE (st_file, st_row) IN (SELECT file, row FROM st_died)")
    return removed


def _count(cursor: duckdb.DuckDBPyConnection, sql: str) -> int:
    """Runs a statement that changes rows; how many."""
    return int(cursor.execute(sql).fetchall()[0][0])


def _until_stopped(batches: Iterable[pa.RecordBatch], task: Task) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if task.stopped():
            raise QueryCancelled
        yield batch

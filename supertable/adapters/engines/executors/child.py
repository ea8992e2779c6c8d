"""An executor: it runs one request after the other, each over the files that the service opens for it."""

from __future__ import annotations

import math
import os
import pickle
import resource
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from supertable.adapters.engines.duckdb import DuckDBEngine, DuckDBInstance, DuckDBRowFinder
from supertable.adapters.engines.duckdb.deadlines import call_later
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.executors.files_of_service import FilesOfService
from supertable.adapters.engines.executors.messages.error_documents import error_document
from supertable.adapters.engines.executors.messages.frames import SLOT, Buffer, Kind, Lost, receive, send
from supertable.adapters.engines.executors.messages.requests import (
    LONG_SECONDS,
    ExecutorLimits,
    FindRows,
    InstanceOptions,
    Request,
    RunStatement,
)
from supertable.adapters.engines.executors.messages.ring import Ring
from supertable.adapters.engines.pro import ProOptions, PublishedGenerations
from supertable.application.ports.engines.running_queries import RunningQuery
from supertable.application.queries.result_batches import small_batches, with_distinct_names
from supertable.domain.errors import QueryFailed, QueryOutOfMemory, SupertableError

_LOW_PRIORITY = 10
_FIRST_TO_END_WHEN_MEMORY_IS_SHORT = "500"


def main(service: socket.socket, ring: Ring) -> None:
    """Serve until the service closes the socket. `ring` takes the results."""
    thread = threading.Thread(target=_serve, args=(service, ring), name="statements")
    thread.start()  # in the main thread, DuckDB would be called from a new thread for each batch
    thread.join()


def _serve(service: socket.socket, ring: Ring) -> None:
    with suppress(Lost):
        options, limits = _received(service)
        _limit(limits)
        os.environ.update(options.environment)
        parts = _Parts(service, ring, options, limits)
        parts.engine.parse("SELECT 1")
        send(service, Kind.READY)
        while True:
            parts.answer(_received(service))


def _received(service: socket.socket) -> Any:
    _, data = receive(service)
    return pickle.loads(data)  # noqa: S301 - from the service that started this process


def _limit(limits: ExecutorLimits) -> None:
    """Private writable memory is limited, not the address space, of which allocators reserve more than they use."""
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_END_WHEN_MEMORY_IS_SHORT)


def _limit_processor_time(limits: ExecutorLimits) -> None:
    """Let the kernel end this process if the service does not, after all the time that the next request may take."""
    if limits.max_seconds is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    more = (limits.max_seconds + limits.grace_seconds) * (os.cpu_count() or 1)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime + more), resource.RLIM_INFINITY))


@contextmanager
def _yielding_when_long() -> Iterator[None]:
    cancel = call_later(LONG_SECONDS, _yield_to_others)
    try:
        yield
    finally:
        cancel()


def _yield_to_others() -> None:
    """Lower the priority of all threads, so that short requests in other processes do not wait for this long one."""
    with suppress(OSError):
        for thread in Path("/proc/self/task").iterdir():
            os.setpriority(os.PRIO_PROCESS, int(thread.name), _LOW_PRIORITY)


class _Parts:
    def __init__(self, service: socket.socket, ring: Ring, options: InstanceOptions, limits: ExecutorLimits) -> None:
        folder = options.temp_directory / f"executor-{os.getpid()}"
        memory, threads = options.memory_limit, options.threads
        instance = DuckDBInstance(options.root, memory, threads, folder, options.remote(), options.spill_bytes)
        sandbox = DuckDBInstance(None, memory, threads, folder, None, options.spill_bytes)
        stored = FilesOfService(service, instance.begin_reads)
        self._service = service
        self._ring = ring
        self._limits = limits
        self.engine = DuckDBEngine(instance, sandbox, stored)
        self._pro = PublishedGenerations(self.engine, ProOptions(0, None, memory, threads, folder))
        self._finder = DuckDBRowFinder(instance, sandbox, stored)
        self._memory_limit = instance.memory_limit

    def answer(self, request: Request) -> None:
        """Run a request, and send its result and its end, or its error."""
        send(self._service, Kind.BEGUN)
        try:
            _limit_processor_time(self._limits)
            with _yielding_when_long():
                self._run(request)
        except SupertableError as error:
            self._refuse(error)
        except MemoryError:
            self._refuse(QueryOutOfMemory(self._memory_limit))
        except Lost:
            raise
        except Exception as error:  # noqa: BLE001 - nothing that a statement does ends its executor
            self._refuse(QueryFailed(f"The engine failed with an internal error ({type(error).__name__})."))
        else:
            send(self._service, Kind.END)

    def _refuse(self, error: SupertableError) -> None:
        send(self._service, Kind.ERROR, error_document(error))

    def _run(self, request: Request) -> None:
        if isinstance(request, RunStatement):
            self._send_rows(request)
        elif isinstance(request, FindRows):
            self._send_positions(self._finder.matching_predicate(request.scan, request.predicate))
        else:
            checked = self._finder.check_predicate(request.text, request.schema, scope=request.scope)
            self._send_data([pickle.dumps(checked)])

    def _send_rows(self, request: RunStatement) -> None:
        statement = self.engine.parse(request.sql, request.known)
        running = self._started(statement, request)
        try:
            reader = running.reader
            self._send_batches(with_distinct_names(reader) if request.distinct_names else reader)
        finally:
            running.close()

    def _started(self, statement: DuckDBStatement, request: RunStatement) -> RunningQuery:
        bound = (statement, request.sources, request.parameters, request.limits)
        return self.engine.run(*bound) if request.published is None else self._pro.run(request.published, *bound)

    def _send_positions(self, found: dict[str, pa.Array]) -> None:
        table = pa.table({"path": list(found), "rows": pa.array(found.values(), pa.list_(pa.int64()))})
        self._send_batches(table.to_reader())

    def _send_batches(self, reader: pa.RecordBatchReader) -> None:
        sink = _Sink()
        with pa.ipc.new_stream(sink, reader.schema) as writer:
            for batch in small_batches(reader):
                writer.write_batch(batch)
                self._send_data(sink.take(), batch.num_rows)
        self._send_data(sink.take())

    def _send_data(self, parts: Sequence[Buffer], rows: int = 0) -> None:
        for length in self._ring.fill(parts):
            send(self._service, Kind.DATA, SLOT.pack(length, rows))
            rows = 0


class _Sink:
    """A file for Arrow's writer, which does not change its buffers. `take` takes what it wrote since the last call."""

    closed = False

    def __init__(self) -> None:
        self._written: list[Buffer] = []

    def write(self, data: Any) -> int:
        self._written.append(memoryview(data))
        return len(data)

    def flush(self) -> None: ...

    def take(self) -> list[Buffer]:
        written, self._written = self._written, []
        return written

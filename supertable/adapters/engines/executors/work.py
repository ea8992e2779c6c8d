"""One request in an executor: its turn, its files, its time, and its end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TypeVar

from supertable.adapters.engines.executors.executor import Executor
from supertable.adapters.engines.executors.messages.error_documents import error_document, error_of
from supertable.adapters.engines.executors.messages.frames import SLOT, Kind, Lost, receive, send
from supertable.adapters.engines.executors.messages.requests import Request, files_of
from supertable.adapters.engines.executors.pool import ExecutorPool
from supertable.adapters.engines.executors.turns import Turns
from supertable.application.ports.engines.file_sources import FileSource
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.storage.inline_rows import encoded_rows
from supertable.domain.errors import (
    QueryCancelled,
    QueryLost,
    QueryOutOfMemory,
    QueryTimeout,
    SupertableError,
)
from supertable.domain.table.data_files import DataFile

_ATTEMPTS = 3
Result = TypeVar("Result")


class Work:
    """A request and all that it holds, until its last frame, its error, or `close`.

    The files that it reads stay open in this process as long as the executor may read them. One thread at a time reads
    frames; `cancel` may be called from any.
    """

    def __init__(self, pool: ExecutorPool, turns: Turns, stored: FileSource, limits: Limits) -> None:
        self._pool = pool
        self._turns = turns
        self._stored = stored
        self._limits = limits
        self._executor: Executor | None = None
        self._held = ExitStack()
        self._lock = threading.Lock()
        self._cancelled = False
        self._expired = False
        self._deadline: float | None = None
        self._own_seconds = limits.timeout_seconds
        self._ended_by = ""
        self._holds_slot = False
        self.rows = 0
        """The number of rows in the data so far."""
        self._files: Mapping[str, tuple[str, DataFile]] = {}

    def begin(self, request: Request) -> None:
        """Wait for a turn, and start the request. Raises `QueryCancelled`, `TooManyQueries` and `Busy`."""
        try:
            self._take_turn()
            self._files = files_of(request)
            self._start(request)
        except BaseException:
            self.close()
            raise

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def at_end(self, act: Callable[[], None]) -> None:
        """Calls `act` at the end of the request, which has not begun."""
        self._held.callback(act)

    def next_data(self) -> memoryview:
        """The next data, until the next call; empty after the last. Raises the request's error."""
        if self._ended_by == "done":
            return memoryview(b"")
        self._free_slot()
        while True:
            kind, body = self._timed(lambda executor: receive(executor.socket))
            if kind is Kind.DATA:
                return self._slot(*SLOT.unpack(body))
            if kind is Kind.CALL:
                self._answer(body)
            elif kind is Kind.END:
                self._finish("done")
                return memoryview(b"")
            else:
                error = error_of(body)
                self._finish("memory" if isinstance(error, QueryOutOfMemory) else "failed")
                raise self._reason() if isinstance(error, QueryCancelled) else error

    def cancel(self) -> None:
        """Kill the executor, whatever it does: the reading thread raises `QueryCancelled`."""
        with self._lock:
            self._cancelled = True
            if self._executor is not None:
                self._executor.kill()

    def close(self) -> None:
        """End the request. An executor that still runs it is killed."""
        self._finish("cancelled")

    def _start(self, request: Request) -> None:
        """Start the request in an executor; in a fresh one if that has died since its last request."""
        for attempt in range(_ATTEMPTS):
            with self._lock:
                if self._stopped():
                    raise self._reason()
                executor = self._executor = self._pool.take(fresh=attempt > 0)
            try:
                executor.begin(request)
            except Lost:
                with self._lock:
                    self._executor = None
                self._pool.give_back(executor, "cancelled" if self._cancelled else "crashed")
            else:
                return
        raise QueryLost

    def _take_turn(self) -> None:
        seconds = self._pool.limits.max_seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds
        waited = self._turns.take(self._limits.user, self._stopped)
        self._held.callback(self._turns.give_back, self._limits.user)
        self._pool.watch.waited(waited)

    def _stopped(self) -> bool:
        self._expired = self._expired or (self._deadline is not None and time.monotonic() > self._deadline)
        return self._cancelled or self._expired

    def _slot(self, length: int, rows: int) -> memoryview:
        executor = self._executor
        if executor is None:
            raise self._reason()
        self._holds_slot = True
        self.rows += rows
        return executor.ring.filled(length)

    def _free_slot(self) -> None:
        executor = self._executor
        if self._holds_slot and executor is not None:
            executor.ring.free()
        self._holds_slot = False

    def _timed(self, receive: Callable[[Executor], Result]) -> Result:
        """What `receive` returns, within the time that is left; the executor's own limit comes first."""
        executor = self._executor
        if executor is None:
            raise self._reason()
        began = time.monotonic()
        executor.socket.settimeout(self._seconds_left(began))
        try:
            return receive(executor)
        except TimeoutError:
            self._expired = True
            self._finish("deadline")
            raise self._reason() from None
        except Lost:
            raise self._lost() from None
        finally:
            if self._own_seconds is not None:
                self._own_seconds -= time.monotonic() - began

    def _seconds_left(self, now: float) -> float | None:
        grace = self._pool.limits.grace_seconds
        left = [] if self._own_seconds is None else [self._own_seconds + grace]
        left += [] if self._deadline is None else [self._deadline - now + grace]
        return max(min(left), 0.001) if left else None

    def _answer(self, call: bytearray) -> None:
        """Serve a call of the executor about the files of its request; it has no access to others."""
        executor = self._executor
        assert executor is not None
        try:
            kind, answer = Kind.ANSWER, self._called(*json.loads(call))
        except SupertableError as error:
            kind, answer = Kind.REFUSAL, error_document(error)
        try:
            send(executor.socket, kind, answer)
        except Lost:
            raise self._lost() from None

    def _called(self, name: str, argument: str | list[str]) -> bytes:
        if name == "open":
            opened = self._stored.open([self._files[key] for key in argument], self._stopped)
            self._held.callback(opened.close)
            return json.dumps(list(opened.locations)).encode()
        if name == "inline":
            found = [self._files[key] for key in argument]
            return encoded_rows(self._stored.inline_rows(found[0][0], [file for _, file in found]))
        assert isinstance(argument, str)
        if name == "exists":
            return json.dumps(argument in self._files and self._stored.exists(argument)).encode()
        return self._stored.bitmap(*self._files[argument])

    def _lost(self) -> SupertableError:
        self._finish("cancelled" if self._cancelled else "crashed")
        return self._reason()

    def _reason(self) -> SupertableError:
        if self._cancelled:
            return QueryCancelled()
        if self._expired:
            times = [self._limits.timeout_seconds, self._pool.limits.max_seconds]
            return QueryTimeout(min(seconds for seconds in times if seconds is not None))
        return QueryLost() if self._ended_by == "crashed" else QueryCancelled()

    def _finish(self, reason: str) -> None:
        """Give everything back. An executor is killed unless its request is `done` or `failed`."""
        with self._lock:
            if self._ended_by:
                return
            self._ended_by = reason
            executor, self._executor = self._executor, None
        if executor is not None:
            self._pool.give_back(executor, reason)
        self._held.close()

"""Writes that arrive together for one table become one commit; each is answered, for itself, once that is durable.

The first write of an idle table starts at once. What arrives while its commit is in flight makes up the next one, so
that nobody waits for others to come. See docs/adr/0014.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import pyarrow as pa

from supertable.application.commits.committer import CannotShareCommit, Committer
from supertable.application.commits.write_result import WriteResult
from supertable.application.storage.arrow_batches import conformer
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.grouped_writes import GroupedWrite, GroupedWrites
from supertable.application.writes.write_fit import Fit, WriteMode
from supertable.application.writes.write_rows import WriteRows
from supertable.domain.access.roles import Permission
from supertable.domain.errors import AccessDenied, Busy, InvalidInput, NotFound, NotSignedIn, SupertableError
from supertable.domain.names import name_key
from supertable.domain.scan.scan_plan import AccessStage
from supertable.domain.schema.schemas import Schema, without
from supertable.domain.table.commits import CommitInfo

_LOG = logging.getLogger(__name__)

TABLES_AT_ONCE = 8
MOST_ROWS = 20_000
MOST_BYTES = 4 * 1024 * 1024
"""Of one commit, as they were given: text takes some ten times as much while it is read."""
MOST_WAITING_BYTES = 128 * 1024 * 1024
"""Of all writes that wait, so that memory is bounded."""

Rows = Callable[[Schema], pa.Table]
"""Gives a writer's rows, knowing the columns that the writer sees. Raises `InvalidInput`."""
Conform = Callable[[pa.Table], pa.Table]
_OF_ONE = (InvalidInput, AccessDenied, NotFound, NotSignedIn, CannotShareCommit)
"""What a commit may fail for because of one of those who share it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Write:
    """`bytes`: about how much memory it takes while it waits."""

    namespace: Namespace
    name: str
    rows: Rows
    mode: WriteMode
    info: CommitInfo
    bytes: int
    answer: Future[WriteResult] = field(default_factory=Future)

    def fail(self, error: BaseException) -> None:
        with suppress(InvalidStateError):  # its caller went away
            self.answer.set_exception(error)

    def done(self, result: WriteResult) -> None:
        with suppress(InvalidStateError):
            self.answer.set_result(result)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Only writes of one kind share a commit: `columns` are the field ids of what is staged."""

    mode: WriteMode
    properties: tuple[tuple[str, str], ...]
    access: AccessStage | None
    columns: tuple[int, ...]


@dataclass(slots=True)
class _Group:
    """What becomes one commit. `keys`: its idempotency keys. `fits`: what was found of the columns given."""

    kind: _Kind | None = None
    writes: list[_Write] = field(default_factory=list)
    portions: list[GroupedWrite] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    rows: int = 0
    fits: list[tuple[OpenTable, WriteMode, pa.Schema, Fit, Conform]] = field(default_factory=list)

    def accept(self, kind: _Kind, write: _Write, portion: GroupedWrite) -> bool:
        """Whether the write may join; then it does, unless it was cancelled, and cannot be cancelled any more."""
        key = portion.idempotency_key
        if self.kind not in (None, kind):
            return False
        if self.writes and self.rows + portion.rows.num_rows > MOST_ROWS:
            return False
        if not write.answer.set_running_or_notify_cancel():
            return True
        self.kind = kind
        self.writes.append(write)
        self.portions.append(portion)
        self.keys |= {key} if key else set()
        self.rows += portion.rows.num_rows
        return True


class GroupCommit:
    """For appends and upserts that are small. Thread-safe; one per process, for all callers and tables."""

    def __init__(self, tables: Tables, committer: Committer, write_rows: WriteRows) -> None:
        self._tables = tables
        self._committer = committer
        self._write_rows = write_rows
        self._pool = ThreadPoolExecutor(TABLES_AT_ONCE, thread_name_prefix="group-commit")
        self._lock = threading.Condition()
        self._waiting: dict[tuple[str, str, str], deque[_Write]] = {}
        self._waiting_bytes = 0
        self._closed = False

    def submit(
        self, namespace: Namespace, name: str, rows: Rows, size: int, mode: WriteMode, info: CommitInfo
    ) -> Future[WriteResult]:
        """Write the rows, about `size` bytes. The answer is there once they are durable, or it raises what
        `WriteRows` does; cancelled before its turn, the write is not made. Raises `Busy`.
        """
        write = _Write(namespace, name, rows, mode, info, size)
        table = (namespace.organization, namespace.supertable, name_key(name))
        with self._lock:
            if self._closed:
                raise Busy("The service is about to stop; nothing was written.")
            if self._waiting_bytes and self._waiting_bytes + size > MOST_WAITING_BYTES:
                raise Busy("Too many writes are waiting for their turn; nothing was written. Try again a little later.")
            self._waiting_bytes += size
            idle = table not in self._waiting
            self._waiting.setdefault(table, deque()).append(write)
            if idle:
                self._pool.submit(self._turn, table)
        return write.answer

    def close(self) -> None:
        """Take no more; returns when all that was taken is answered."""
        with self._lock:
            self._closed = True
            self._lock.wait_for(lambda: not self._waiting)
        self._pool.shutdown()

    def _turn(self, table: tuple[str, str, str]) -> None:
        """One commit; then it is the next table's turn."""
        writes = self._taken(table)
        left: list[_Write] = []
        try:
            left = self._committed(writes)
        except BaseException as error:  # noqa: BLE001 - whatever it is, nobody waits for ever
            _LOG.exception("a group of %d writes failed", len(writes))
            for write in writes:
                write.fail(error)
        finally:
            self._next(table, left)

    def _taken(self, table: tuple[str, str, str]) -> list[_Write]:
        taken: list[_Write] = []
        size = 0
        with self._lock:
            queue = self._waiting[table]
            while queue and (not taken or size + queue[0].bytes <= MOST_BYTES):
                taken.append(queue.popleft())
                size += taken[-1].bytes
            self._waiting_bytes -= size
        return [write for write in taken if not write.answer.cancelled()]

    def _next(self, table: tuple[str, str, str], left: list[_Write]) -> None:
        with self._lock:
            queue = self._waiting[table]
            queue.extendleft(reversed(left))
            self._waiting_bytes += sum(write.bytes for write in left)
            if queue:
                self._pool.submit(self._turn, table)
            else:
                del self._waiting[table]
                self._lock.notify_all()

    def _committed(self, writes: list[_Write]) -> list[_Write]:
        """Commit the first and those that may share its commit; the others are returned."""
        opened = self._opened(writes)
        group = _Group()
        left: list[_Write] = []
        for write in writes:
            table = opened[write.namespace]
            in_order = isinstance(table, OpenTable) and bool(table.snapshot.definition.keys)
            if (left and in_order) or not self._join(write, table, group):
                left.append(write)
        if group.writes:
            self._commit(group)
        return left

    def _opened(self, writes: Iterable[_Write]) -> dict[Namespace, OpenTable | SupertableError]:
        """The table for each caller, as one cut where all may write to it."""
        names = {write.namespace: write.name for write in writes}
        try:
            found = self._tables.open_consistently(names.items(), Permission.WRITE)
        except SupertableError:
            return {namespace: self._opened_alone(namespace, name) for namespace, name in names.items()}
        return {namespace: tables[0] for (namespace, _), tables in found.items()}

    def _opened_alone(self, namespace: Namespace, name: str) -> OpenTable | SupertableError:
        try:
            return self._tables.open(namespace, name, Permission.WRITE)
        except SupertableError as error:
            return error

    def _join(self, write: _Write, table: OpenTable | SupertableError, group: _Group) -> bool:
        """Whether the write is answered, or part of the group now. What is wrong with it is only its caller's."""
        try:
            if isinstance(table, SupertableError):
                raise table
            earlier = self._committer.earlier(table, write.info)
            if earlier:
                write.done(WriteResult.of(table, earlier))
                return True
            if write.info.idempotency_key in group.keys:
                return False  # its turn comes when the first one's result is known
            rows = write.rows(table.unmasked)
            fit, conform = self._fit(table, rows.schema, write, group)
            portion = GroupedWrite(table, conform(rows), write.info.idempotency_key)
        except Exception as error:  # noqa: BLE001 - its caller is told, and nobody else
            write.fail(error)
            return True
        columns = tuple(column.id for column in fit.staged.fields)
        kind = _Kind(write.mode, tuple(sorted(write.info.properties.items())), table.access, columns)
        return group.accept(kind, write, portion)

    def _fit(self, table: OpenTable, given: pa.Schema, write: _Write, group: _Group) -> tuple[Fit, Conform]:
        """Looked at once for all who give the same columns."""
        for opened, mode, columns, fit, conform in group.fits:
            if opened is table and mode is write.mode and columns.equals(given, check_metadata=True):
                return fit, conform
        fit = self._write_rows.fit(table, given, write.mode)
        seen = table.unmasked
        hidden = [column for column in fit.staged.fields if seen.by_id(column.id) is None]
        target = without(fit.staged, hidden) if hidden else fit.staged
        group.fits.append((table, write.mode, given, fit, conformer(given, target)))
        return group.fits[-1][3:]

    def _commit(self, group: _Group) -> None:
        info = CommitInfo(group.writes[0].info.properties)
        if len(group.writes) == 1:
            self._singly(group)
            return
        try:
            results = self._write_rows.together(GroupedWrites(group.portions), group.writes[0].mode, info)
        except _OF_ONE:
            self._singly(group)
        except Exception as error:  # noqa: BLE001 - it would fail for each, or nobody knows whether it did
            for write in group.writes:
                write.fail(error)
        else:
            for write, result in zip(group.writes, results, strict=True):
                write.done(result)

    def _singly(self, group: _Group) -> None:
        for write, portion in zip(group.writes, group.portions, strict=True):
            try:
                write.done(self._write_rows.into(portion.table, portion.rows, write.mode, False, write.info))
            except Exception as error:  # noqa: BLE001 - its caller is told, and nobody else
                write.fail(error)

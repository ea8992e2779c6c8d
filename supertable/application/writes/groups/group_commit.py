"""Group commit: writes that arrive together for one table become one commit. Each gets its own answer after it.

The first write to an idle table starts at once. Writes that arrive during its commit form the next one, so no write
waits for others to arrive. See docs/adr/0014.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress

from supertable.application.audit_recorder import request_id, serving
from supertable.application.commits.committer import CannotShareCommit, Committer
from supertable.application.commits.write_result import WriteResult
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.writes.grouped_writes import GroupedWrites
from supertable.application.writes.groups.group_forming import Candidate, form_group
from supertable.application.writes.groups.write_reading import Rows, WaitingWrite
from supertable.application.writes.write_modes import WriteMode
from supertable.application.writes.write_rows import WriteRows
from supertable.domain.errors import AccessDenied, Busy, InvalidInput, NotFound, NotSignedIn
from supertable.domain.names import name_key
from supertable.domain.table.commits import CommitInfo

_LOG = logging.getLogger(__name__)

TABLES_AT_ONCE = 8
MOST_BYTES = 4 * 1024 * 1024
"""Largest size of one commit, as submitted. Text takes about ten times as much memory while it is read."""
MOST_WAITING_BYTES = 128 * 1024 * 1024
"""Largest size of all waiting writes, which bounds memory."""

_MEMBER_ERRORS = (InvalidInput, AccessDenied, NotFound, NotSignedIn, CannotShareCommit)
"""Errors that one member of a group may cause for the whole group."""


class GroupCommit:
    """Commits small appends and upserts. Thread-safe; one per process, for all callers and tables."""

    def __init__(self, tables: Tables, committer: Committer, write_rows: WriteRows) -> None:
        self._tables = tables
        self._committer = committer
        self._write_rows = write_rows
        self._pool = ThreadPoolExecutor(TABLES_AT_ONCE, thread_name_prefix="group-commit")
        self._lock = threading.Condition()
        self._waiting: dict[tuple[str, str, str], deque[WaitingWrite]] = {}
        self._waiting_bytes = 0
        self._closed = False

    def submit(
        self, namespace: Namespace, name: str, rows: Rows, size: int, mode: WriteMode, info: CommitInfo
    ) -> Future[WriteResult]:
        """Write the rows, about `size` bytes. The future completes once they are durable, or with an error of
        `WriteRows`.

        If the future is cancelled before the write's turn, nothing is written. Raises `Busy`.
        """
        write = WaitingWrite(namespace, name, rows, mode, info, size, request_id.get())
        table = (namespace.organization, namespace.supertable, name_key(name))
        with self._lock:
            if self._closed:
                raise Busy("The service is stopping; nothing was written. Try again once it is back.")
            if self._waiting_bytes and self._waiting_bytes + size > MOST_WAITING_BYTES:
                raise Busy("Too many writes are waiting; nothing was written. Try again later.")
            self._waiting_bytes += size
            idle = table not in self._waiting
            self._waiting.setdefault(table, deque()).append(write)
            if idle:
                self._pool.submit(self._run_turn, table)
        return write.answer

    def close(self) -> None:
        """Accept no more writes. Returns when all accepted writes are answered."""
        with self._lock:
            self._closed = True
            self._lock.wait_for(lambda: not self._waiting)
        self._pool.shutdown()

    def _run_turn(self, table: tuple[str, str, str]) -> None:
        """Make one commit for the table. Then other tables get their turn."""
        writes = self._dequeue(table)
        left: list[WaitingWrite] = []
        try:
            left = self._commit_first(writes)
        except BaseException as error:  # noqa: BLE001 - every caller must get an answer
            _LOG.exception("a group of %d writes failed", len(writes))
            for write in writes:
                _answer(write, error)
        finally:
            self._end_turn(table, left)

    def _dequeue(self, table: tuple[str, str, str]) -> list[WaitingWrite]:
        """Remove the writes that arrived first from the queue, up to `MOST_BYTES`. Cancelled ones are left out."""
        taken: list[WaitingWrite] = []
        size = 0
        with self._lock:
            queue = self._waiting[table]
            while queue and (not taken or size + queue[0].bytes <= MOST_BYTES):
                taken.append(queue.popleft())
                size += taken[-1].bytes
            self._waiting_bytes -= size
        return [write for write in taken if not write.answer.cancelled()]

    def _end_turn(self, table: tuple[str, str, str], left: list[WaitingWrite]) -> None:
        """Put the writes that are left back at the front of the queue, and schedule the table's next turn."""
        with self._lock:
            queue = self._waiting[table]
            queue.extendleft(reversed(left))
            self._waiting_bytes += sum(write.bytes for write in left)
            if queue:
                self._pool.submit(self._run_turn, table)
            else:
                del self._waiting[table]
                self._lock.notify_all()

    def _commit_first(self, writes: list[WaitingWrite]) -> list[WaitingWrite]:
        """Commit the first write and those that may share its commit. Returns the others."""
        formed = form_group(writes, self._tables, self._committer)
        for write, outcome in formed.answers:
            _answer(write, outcome)
        members = [member for member in formed.members if member.write.answer.set_running_or_notify_cancel()]
        if len(members) > 1:
            self._commit_together(members)
        else:
            self._commit_singly(members)
        return formed.left

    def _commit_together(self, members: list[Candidate]) -> None:
        first = members[0].write
        group = GroupedWrites([member.part for member in members])
        try:
            with serving(first.request):
                results = self._write_rows.write_together(group, first.mode, CommitInfo(first.info.properties))
        except _MEMBER_ERRORS:
            self._commit_singly(members)
        except Exception as error:  # noqa: BLE001 - it would fail for each, or the commit is uncertain
            for member in members:
                _answer(member.write, error)
        else:
            for member, result in zip(members, results, strict=True):
                _answer(member.write, result)

    def _commit_singly(self, members: list[Candidate]) -> None:
        for member in members:
            write, part = member.write, member.part
            try:
                with serving(write.request):
                    result = self._write_rows.write_into(part.table, part.rows.rows, write.mode, False, write.info)
                _answer(write, result)
            except Exception as error:  # noqa: BLE001 - any error answers this write alone
                _answer(write, error)


def _answer(write: WaitingWrite, outcome: WriteResult | BaseException) -> None:
    """Answer the caller. No-op if it was answered before, or cancelled the write."""
    with suppress(InvalidStateError):
        if isinstance(outcome, BaseException):
            write.answer.set_exception(outcome)
        else:
            write.answer.set_result(outcome)

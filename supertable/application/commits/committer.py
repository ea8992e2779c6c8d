"""Optimistic commits: a change becomes the next version of its table, or is proposed again after a lost race."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass

from supertable.application.audit_recorder import AuditRecorder, request_id
from supertable.application.commits.commit_events import CommitEvents, Writer
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.ports.leases import Leases
from supertable.application.ports.locks import Locks
from supertable.application.tables.lookup import Tables
from supertable.application.tables.open_table import OpenTable
from supertable.application.transaction_log.commit_clock import CommitClock
from supertable.application.transaction_log.heads import Heads
from supertable.application.transaction_log.retries import MOST_ATTEMPTS, attempts
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.errors import AccessDenied, Conflict, NotFound, NotSignedIn, ObjectMissing
from supertable.domain.system_tables import is_system
from supertable.domain.table.commits import Change, Commit, CommitInfo, Share
from supertable.domain.table.idempotency import reply_to
from supertable.domain.table.snapshots import Snapshot
from supertable.domain.table.widened_values import check_widened_values


class CannotShareCommit(Exception):
    """The writers cannot share a commit: one of them must not write, or one's idempotency key was committed already."""


_LOCK_WAIT_SECONDS = 5.0
_AT_ONCE_SECONDS = 0.005
"""A lock that takes longer was held by another writer, who has probably made a version."""
_FRESH_SECONDS = 0.05
"""A table that was opened so recently is tried as it is. If it is not the newest version, that loses the race."""
_RIGHTS_SECONDS = 0.005
"""About as long as a record takes to be stored. Rights that were read longer ago are read again before that."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A durable commit. `replayed`: an earlier commit had the idempotency key; nothing was committed now.

    `share`: this writer's part, if several writers share the commit.
    """

    commit: Commit
    replayed: bool
    share: Share | None = None


class Committer:
    """Optimistic commits with bounded, jittered retries. The lock saves wasted work; correctness does not need it."""

    def __init__(
        self,
        tables: Tables,
        snapshots: VersionedLog[Commit, Snapshot],
        heads: Heads,
        locks: Locks,
        leases: Leases,
        audit: AuditRecorder,
        clock: Clock,
        commit_clock: CommitClock,
        identifiers: Identifiers,
    ) -> None:
        self._tables = tables
        self._snapshots = snapshots
        self._heads = heads
        self._locks = locks
        self._leases = leases
        self._audit = audit
        self._clock = clock
        self._commit_clock = commit_clock
        self._identifiers = identifiers

    def find_replay(self, table: OpenTable, info: CommitInfo) -> Committed | None:
        """The earlier commit of the same request, if there is one.

        Raises `IdempotencyKeyReused` if another request has the key.
        """
        reply = reply_to(table.snapshot.replies, info)
        if reply is None:
            return None
        commit = self._snapshots.record(table.folder, reply.version)
        return Committed(commit, replayed=True, share=commit.share(info))

    @contextmanager
    def protecting_new_objects(self, table: OpenTable) -> Iterator[None]:
        """Protects the objects that a writer creates before its commit: no vacuum treats them as orphans.

        Refusals inside the block are recorded in the audit log. Raises `UnsafeStore`.
        """
        self._heads.prepare_to_write()
        with self._leases.begin() as lease, self.recording_refusals(table):
            lease.restrict_to({})
            yield

    def recording_refusals(self, table: OpenTable) -> AbstractContextManager[None]:
        """Records refusals inside the block in the audit log."""
        namespace = table.namespace or table.destination
        if namespace is None:
            return nullcontext()
        return self._audit.recording_refusals(
            namespace.session, "write", supertable=namespace.supertable, tables=(table.name,)
        )

    def commit(
        self,
        table: OpenTable,
        propose: Callable[[OpenTable], Change],
        info: CommitInfo,
        needs: Collection[int] = (),
        writers: Sequence[Writer] = (),
        frees_space: bool = False,
        prepare: Callable[[OpenTable], object] | None = None,
    ) -> Committed:
        """Commit the change that `propose` returns for the newest snapshot. A lost race calls `propose` again.

        `prepare`: is called once with the newest snapshot, before this commit takes the lock that others wait for.
        `needs`: older versions whose files `propose` may restore; no vacuum removes them during the commit.
        `writers`: those that share the commit, in the order of their shares.
        `frees_space`: see `AuditRecorder.ensure_ready`.
        Raises `Conflict` if other commits win every race, `TableNotFound` if the table was dropped after it was opened,
        `IdempotencyKeyReused`, `InvalidSchema` for values that a widened column does not hold, and what `propose`
        raises.
        """
        namespace = table.namespace or table.destination
        if namespace is None or is_system(namespace.supertable):
            return self._commit(table, propose, info, needs, prepare, ())
        self._audit.ensure_ready(namespace.organization, frees_space)
        events = CommitEvents(self._audit, namespace, table.name, self._audit.now_us())
        proposed: Change | None = None

        def propose_and_remember(newest: OpenTable) -> Change:
            nonlocal proposed
            proposed = propose(newest)
            return proposed

        try:
            committed = self._commit(table, propose_and_remember, info, needs, prepare, writers)
        except CannotShareCommit:
            raise  # each writer now commits alone, and has its own events
        except BaseException as error:
            events.record_failure(proposed, error)
            raise
        events.record_commit(committed.commit, committed.replayed, writers)
        return committed

    def _commit(
        self,
        table: OpenTable,
        propose: Callable[[OpenTable], Change],
        info: CommitInfo,
        needs: Collection[int],
        prepare: Callable[[OpenTable], object] | None,
        writers: Sequence[Writer],
    ) -> Committed:
        if prepare:
            with self._leases.begin() as lease:
                newest = self._tables.newest(table)
                lease.restrict_to({table.folder: [(newest.snapshot.version, newest.snapshot.version)]})
                committed = self.find_replay(newest, info)
                if committed:
                    return committed
                prepare(newest)
        asked_at = self._clock.monotonic_seconds()
        with self._locks.hold(table.folder, _LOCK_WAIT_SECONDS):
            waited = self._clock.monotonic_seconds() - asked_at > _AT_ONCE_SECONDS
            if not waited and not needs and self._tables.is_fresh(table, _FRESH_SECONDS):
                with suppress(ObjectMissing):  # another version was made, and a vacuum has removed a file of this one
                    committed = self._attempt_on(table, propose, info, (), writers, table)
                    if committed:
                        return committed
            for _ in attempts(self._clock, self._identifiers):
                committed = self._attempt_on(table, propose, info, needs, writers)
                if committed:
                    return committed
        winner = self._tables.newest(table).snapshot
        raise Conflict(
            f"Table {table.name} changed {MOST_ATTEMPTS} times while this write tried to commit.",
            info.idempotency_key or "(without a key)",
            f"{winner.commit_id} (version {winner.version})",
        )

    def _attempt_on(
        self,
        table: OpenTable,
        propose: Callable[[OpenTable], Change],
        info: CommitInfo,
        needs: Collection[int],
        writers: Sequence[Writer],
        newest: OpenTable | None = None,
    ) -> Committed | None:
        """One attempt. None: it lost the race. `newest`: None: it is looked up."""
        with self._leases.begin() as lease:
            newest = newest or self._tables.newest(table)
            versions = (newest.snapshot.version, *needs)
            lease.restrict_to({table.folder: [(version, version) for version in versions]})
            committed = self.find_replay(newest, info) or self._attempt(newest, propose(newest), info, writers)
        if committed is None:
            self._heads.catch_up(table.folder, newest.snapshot.version)
        return committed

    def _attempt(
        self, newest: OpenTable, change: Change, info: CommitInfo, writers: Sequence[Writer]
    ) -> Committed | None:
        snapshot = newest.snapshot
        check_widened_values(snapshot, change)
        commit = Commit(
            id=self._identifiers.new(),
            version=snapshot.version + 1,
            committed_at_us=self._commit_clock.after(snapshot.committed_at_us),
            change=change,
            info=info,
        )
        self._recheck_rights(newest, writers)
        if self._snapshots.append(newest.folder, snapshot, commit) is None:
            return None
        return Committed(commit, replayed=False)

    def _recheck_rights(self, newest: OpenTable, writers: Sequence[Writer]) -> None:
        """They may have ended while the change was prepared. Raises what `Tables.newest` raises, or for several writers
        `CannotShareCommit`."""
        others = [(each.table, each.request) for each in writers if each.table.namespace != newest.namespace]
        try:
            self._tables.recheck([(newest, request_id.get()), *others], _RIGHTS_SECONDS)
        except (AccessDenied, NotSignedIn, NotFound) as error:
            if writers:
                raise CannotShareCommit from error
            raise

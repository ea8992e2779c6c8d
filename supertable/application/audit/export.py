"""Exports waiting audit events: appends them to the table of the audit log, as a continuation of its chain."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pyarrow.parquet as pq
from pyarrow import BufferReader

from supertable.application.audit.anchors import Anchor, AuditAnchors
from supertable.application.audit.event_rows import AUDIT_SCHEMA, rows_of
from supertable.application.commits.committer import Committer
from supertable.application.commits.table_creator import TableCreator
from supertable.application.ports.audit_journals import AuditJournals, Segment
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.arrow.arrow_schemas import fields_of
from supertable.application.storage.arrow_batches import conformer
from supertable.application.storage.data_file_writer import DataFileWriter
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import audit_namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session
from supertable.domain.audit import START, AuditEvent, AuditKind, ChainEnd, chained
from supertable.domain.audit_exports import last_event
from supertable.domain.errors import ObjectMissing, TableExists, TableNotFound
from supertable.domain.schema.schemas import first_schema
from supertable.domain.system_tables import AUDIT
from supertable.domain.table.commits import Change, CommitInfo, Counts, Operation, TableDefinition
from supertable.domain.table.data_files import DataFile

_LOG = logging.getLogger(__name__)
_COMMENT = "The audit log. It is read-only; `supertable audit verify` detects every change of it."


class ExportAudit:
    """Commits every segment of a journal as one version, exactly once, even if several processes export it."""

    def __init__(
        self,
        journals: AuditJournals,
        anchors: AuditAnchors,
        tables: Tables,
        table_creator: TableCreator,
        committer: Committer,
        writer: DataFileWriter,
        store: ObjectStore,
    ) -> None:
        self._journals = journals
        self._anchors = anchors
        self._tables = tables
        self._table_creator = table_creator
        self._committer = committer
        self._writer = writer
        self._store = store

    def __call__(self, organization: str) -> int:
        """Export all waiting events. Returns their number."""
        done: list[int] = []

        def take(segment: Segment) -> None:
            self._export(organization, segment)
            done.append(len(segment.events))

        self._journals.drain(organization, take)
        return sum(done)

    def now(self, session: Session) -> int:
        """The same, with a check for the permission CONTROL. Raises `AccessDenied`."""
        self._tables.require(session, Permission.CONTROL)
        return self(session.organization)

    def export_and_create(self, organization: str) -> None:
        """The same, and create the log's table even if there are no events yet."""
        self(organization)
        self._table(organization)

    def _export(self, organization: str, segment: Segment) -> None:
        table = self._table(organization)
        staged = _Staged()

        def propose(newest: OpenTable) -> Change:
            self._discard(newest, staged.files)  # of an attempt that lost to a concurrent commit
            after, events = self._continued(organization, newest, segment.events)
            links = list(chained(after, events))
            rows = conformer(AUDIT_SCHEMA, newest.snapshot.schema)(rows_of(links))
            staged.files = self._writer.write(newest.folder, newest.snapshot.schema, [rows])
            staged.end = links[-1].end
            return Change(Operation.APPEND, added=tuple(staged.files), counts=Counts(inserted=len(links)))

        with self._committer.protecting_new_objects(table):
            done = self._committer.commit(table, propose, CommitInfo(idempotency_key=f"audit-{segment.name}"))
        end = None if done.replayed else staged.end
        self._anchor(organization, table, done.commit.version, end)

    def _table(self, organization: str) -> OpenTable:
        namespace = audit_namespace(organization)
        try:
            return self._tables.open(namespace, AUDIT, Permission.META)
        except TableNotFound:
            pass
        columns = first_schema(fields_of(AUDIT_SCHEMA))
        first = Change(Operation.CREATE, definition=TableDefinition(comment=_COMMENT), schema=columns)
        try:
            self._table_creator(namespace, AUDIT, first)
        except TableExists:
            _LOG.info("another process created the audit log of %s first", organization)
        return self._tables.open(namespace, AUDIT, Permission.META)

    def _continued(
        self, organization: str, newest: OpenTable, events: Sequence[AuditEvent]
    ) -> tuple[ChainEnd, Sequence[AuditEvent]]:
        """The end of the chain to continue from, and the events to append.

        If the log has lost its end, the chain continues from the anchor, so that the gap stays visible.
        """
        anchor = self._anchors.read(organization)
        if anchor is not None and anchor.version >= newest.snapshot.version:
            return anchor.end, events
        end = self._end(newest)
        if anchor is not None:
            return max(anchor.end, end, key=lambda each: each.sequence), events
        if newest.snapshot.version > 2:  # after version 2, a process may have ended before it wrote the anchor
            events = [_anchor_missing(events[0]), *events]
        return end, events

    def _end(self, table: OpenTable) -> ChainEnd:
        """The last event in the files of the table; `START` if there is none."""
        last = max(table.snapshot.files.values(), key=last_event, default=None)
        if last is None:
            return START
        data = self._store.read(last.key(table.folder))
        if data is None:
            raise ObjectMissing(last.key(table.folder))
        rows = pq.read_table(BufferReader(data), columns=["sequence", "hash"])
        row = rows.slice(rows.num_rows - 1).to_pylist()[0]
        return ChainEnd(row["sequence"], row["hash"])

    def _anchor(self, organization: str, table: OpenTable, version: int, end: ChainEnd | None) -> None:
        """Set the anchor to the end of the log. The last process to put it has verified that nothing follows."""
        while True:
            if end is not None:
                self._anchors.put(organization, Anchor(version, end))
            newest = self._tables.newest(table)
            if end is not None and newest.snapshot.version == version:
                return
            version, end = newest.snapshot.version, self._end(newest)

    def _discard(self, table: OpenTable, files: Sequence[DataFile]) -> None:
        self._store.delete([file.key(table.folder) for file in files])


class _Staged:
    """The files of the last attempt, and the chain's end after them."""

    files: Sequence[DataFile] = ()
    end: ChainEnd = START


def _anchor_missing(first: AuditEvent) -> AuditEvent:
    return AuditEvent(first.at_us, first.organization, AuditKind.JOURNAL, "anchor", outcome="ObjectMissing")

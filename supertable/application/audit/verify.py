"""Verifies that the audit log is as it was written: complete, in order, and as long as its anchor and catalog say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from supertable.application.audit.anchors import Anchor, AuditAnchors
from supertable.application.audit.event_rows import links_of
from supertable.application.audit_recorder import AuditRecorder
from supertable.application.ports.catalogs import Catalog
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.checksums import digest_of
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import audit_namespace
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session
from supertable.domain.audit import START, AuditKind, ChainedEvent, ChainEnd, linked
from supertable.domain.audit_exports import in_order
from supertable.domain.errors import CatalogUnavailable, Damaged
from supertable.domain.findings import Finding, Severity
from supertable.domain.storage_layout import audit_anchor, organization_of, record_key, records_folder, version_of
from supertable.domain.system_tables import AUDIT
from supertable.domain.table.commits import Change, Commit, Operation
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.snapshots import Snapshot

_MOST_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class AuditReport:
    """`segments`: how many data files hold events. `end`: the last event; None: there are no events.

    `findings`: the first hundred findings at most, in order of the chain.
    """

    events: int
    segments: int
    end: ChainEnd | None
    findings: tuple[Finding, ...]

    @property
    def whole(self) -> bool:
        return not any(finding.severity is Severity.DAMAGE for finding in self.findings)


class VerifyAudit:
    """Reads storage, and trusts no cache. Requires the permission CONTROL."""

    def __init__(
        self,
        tables: Tables,
        audit: AuditRecorder,
        anchors: AuditAnchors,
        records: VersionedLog[Commit, Snapshot],
        catalog: Catalog,
        store: ObjectStore,
    ) -> None:
        self._tables = tables
        self._audit = audit
        self._anchors = anchors
        self._records = records
        self._catalog = catalog
        self._store = store

    def __call__(self, session: Session, known: ChainEnd | None = None) -> AuditReport:
        """Export the waiting events of this machine, then verify the whole log.

        `known`: an event that the log had earlier, and must still have. Raises `AccessDenied`, and `Unavailable` when
        something cannot be read now.
        """
        self._tables.require(session, Permission.CONTROL)
        self._audit.bring_up_to_date(session.organization)
        walk = _Walk(known)
        walk.anchor = self._anchor(session.organization, walk)
        for folder in self._folders(session.organization, walk):
            self._verify(folder, walk)
        walk.finish(audit_anchor(session.organization))
        end = walk.end if walk.end.sequence else None
        return AuditReport(walk.events, walk.segments, end, tuple(walk.findings))

    def _anchor(self, organization: str, walk: _Walk) -> Anchor | None:
        try:
            return self._anchors.read(organization)
        except Damaged as error:
            walk.damage(audit_anchor(organization), str(error))
            return None

    def _folders(self, organization: str, walk: _Walk) -> list[str]:
        """The folders of the tables that hold the log: one, or none yet."""
        namespace = audit_namespace(organization)
        try:
            entries = self._tables.registry(namespace).tables
        except Damaged as error:
            walk.damage(namespace.registry, str(error))
            return []
        return [namespace.folder(entry.table_id) for entry in entries if entry.name == AUDIT]

    def _verify(self, folder: str, walk: _Walk) -> None:
        keys = [entry.key for entry in self._store.list(f"{records_folder(folder)}/")]
        stored = {version for key in keys if (version := version_of(key)) and key == record_key(folder, version)}
        newest = max([*stored, self._head(folder, walk), walk.anchor.version if walk.anchor else 0], default=0)
        live: dict[str, DataFile] = {}
        for version in range(1, newest + 1):
            if version not in stored:
                walk.damage(record_key(folder, version), f"version {version} is missing")
                continue
            try:
                self._follow(folder, self._records.record(folder, version), live, walk)
            except Damaged as error:
                walk.damage(record_key(folder, version), str(error))
        for file in in_order(live.values()):
            self._verify_file(file.key(folder), file, walk)

    def _head(self, folder: str, walk: _Walk) -> int:
        try:
            head = self._catalog.cut({folder: 0}).heads.get(folder)
        except (CatalogUnavailable, Damaged) as error:
            walk.note(folder, f"its end was not compared with the catalog: {error}", Severity.WARNING)
            return 0
        return head.version if head else 0

    def _follow(self, folder: str, commit: Commit, live: dict[str, DataFile], walk: _Walk) -> None:
        """Bring `live`, the files of the table by path, to this version."""
        if not _keeps_events(commit.change, live):
            what = f"version {commit.version} is not an export of events, and not a merge of exports"
            walk.damage(record_key(folder, commit.version), what)
        for path in commit.change.removed:
            live.pop(path, None)
        live.update((file.path, file) for file in commit.change.added)

    def _verify_file(self, key: str, file: DataFile, walk: _Walk) -> None:
        walk.segments += 1
        data = self._store.read(key)
        if data is None:
            walk.damage(key, f"it is missing; it had {file.rows} events")
            return
        if digest_of(data) != file.digest:
            walk.damage(key, "its bytes are not those that were written")
        try:
            for batch in pq.ParquetFile(pa.BufferReader(data)).iter_batches():
                for link in links_of(batch, organization_of(key)):
                    walk.step(key, link)
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
            walk.damage(key, "it cannot be read as events")


@dataclass(slots=True)
class _Walk:
    """The verification along the chain. `end`: the last event so far."""

    known: ChainEnd | None
    anchor: Anchor | None = None
    end: ChainEnd = START
    events: int = 0
    segments: int = 0
    findings: list[Finding] = field(default_factory=list)

    def step(self, key: str, link: ChainedEvent) -> None:
        self.events += 1
        number = link.sequence
        if number != self.end.sequence + 1:
            self.damage(key, f"event {self.end.sequence + 1} was expected, but this is event {number}")
        elif link.previous != self.end.hash:
            self.damage(key, f"event {number} does not continue the chain of the event before it")
        if linked(ChainEnd(number - 1, link.previous), link.event).hash != link.hash:
            self.damage(key, f"event {number} was edited")
        if link.event.kind is AuditKind.JOURNAL:
            self.note(key, f"event {number} records damage before it: {link.event.what}", Severity.WARNING)
        for mark in self._marks():
            if mark.sequence == number and mark.hash != link.hash:
                self.damage(key, f"event {number} differs from the one recorded earlier")
        self.end = link.end

    def finish(self, anchor_key: str) -> None:
        for mark in self._marks():
            if mark.sequence > self.end.sequence:
                self.damage(
                    anchor_key, f"the log had events up to {mark.sequence}, but now ends at {self.end.sequence}"
                )
        if self.anchor is None and self.events:
            self.damage(anchor_key, "the anchor is missing, so that a lost end of the log would not be detected")

    def damage(self, key: str, what: str) -> None:
        self.note(key, what, Severity.DAMAGE)

    def note(self, key: str, what: str, severity: Severity) -> None:
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(Finding(key, what, severity))

    def _marks(self) -> list[ChainEnd]:
        return [mark for mark in (self.anchor.end if self.anchor else None, self.known) if mark is not None]


def _keeps_events(change: Change, live: Mapping[str, DataFile]) -> bool:
    """Whether the change creates the log, appends events, merges exports, or expires older versions."""
    if change.deletes or any(file.deletes for file in change.added):
        return False
    match change.operation:
        case Operation.CREATE:
            return not change.added
        case Operation.APPEND:
            return not (change.removed or change.schema)
        case Operation.COMPACT:
            merged = sum(live[path].rows for path in change.removed if path in live)
            return merged == sum(file.rows for file in change.added) and not change.schema
    return change.operation is Operation.VACUUM and not (change.added or change.removed or change.schema)

"""Writing and deleting rows."""

from __future__ import annotations

from supertable.application.key_index.duplicate_rows import DuplicateRows
from supertable.application.ports.clocks import Identifiers
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.data_file_writer import DataFileWriter
from supertable.application.writes.delete_rows import DeleteRows
from supertable.application.writes.groups.group_commit import GroupCommit
from supertable.application.writes.ingest_rows import IngestRows
from supertable.application.writes.keys.key_resolution import KeyResolver
from supertable.application.writes.staged_files import InlineLimits, StagedFileWriter
from supertable.application.writes.write_attempts import WriteAttempts
from supertable.application.writes.write_rows import WriteRows
from supertable.config.backends.ingest_limits import ingest_limits
from supertable.config.settings.settings import Settings
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.commits import committer
from supertable.config.wiring.engines.in_process import data_files, file_reader, finder
from supertable.config.wiring.foundation.storage import identifiers, settings, store, vectors
from supertable.config.wiring.key_index import duplicate_rows, matcher
from supertable.config.wiring.tables import tables


def _staging(
    *,
    store: ObjectStore,
    writer: DataFileWriter,
    duplicates: DuplicateRows,
    identifiers: Identifiers,
    settings: Settings,
) -> StagedFileWriter:
    limits = InlineLimits(settings.inline_rows, settings.inline_bytes)
    return StagedFileWriter(store, writer, duplicates, identifiers, limits)


staging = singleton(
    _staging,
    store=provided(store),
    writer=provided(data_files),
    duplicates=provided(duplicate_rows),
    identifiers=provided(identifiers),
    settings=provided(settings),
)
resolver = singleton(
    KeyResolver,
    staging=provided(staging),
    finder=provided(finder),
    matcher=provided(matcher),
    vectors=provided(vectors),
)
write_attempts = singleton(
    WriteAttempts,
    staging=provided(staging),
    finder=provided(finder),
    resolver=provided(resolver),
    vectors=provided(vectors),
)
write_rows = singleton(
    WriteRows,
    tables=provided(tables),
    staging=provided(staging),
    committer=provided(committer),
    finder=provided(finder),
    attempts=provided(write_attempts),
)
group_commit = singleton(
    GroupCommit, tables=provided(tables), committer=provided(committer), write_rows=provided(write_rows)
)
ingest_rows = singleton(
    IngestRows,
    tables=provided(tables),
    reader=provided(file_reader),
    write_rows=provided(write_rows),
    group_commit=provided(group_commit),
    limits=provided(singleton(ingest_limits, settings=provided(settings))),
)
delete_rows = singleton(
    DeleteRows,
    tables=provided(tables),
    committer=provided(committer),
    finder=provided(finder),
    matcher=provided(matcher),
    vectors=provided(vectors),
)

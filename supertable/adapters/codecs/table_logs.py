"""The codecs of the logs of tables, and of the index of the values in their records."""

from __future__ import annotations

from supertable.adapters.codecs.json_documents import FORMAT_WITH_ROWS, JsonDocument, JsonLogCodec, format_of_commit
from supertable.adapters.codecs.snapshot_documents import SnapshotDocument
from supertable.application.ports.codecs import DocumentCodec
from supertable.domain.maintenance.record_values import ValueIndex
from supertable.domain.table.commits import Commit
from supertable.domain.table.snapshots import Snapshot


def table_log_codec() -> JsonLogCodec[Commit, Snapshot]:
    return JsonLogCodec(JsonDocument(Commit, FORMAT_WITH_ROWS, format_of_commit), SnapshotDocument())


def value_index_codec() -> DocumentCodec[ValueIndex]:
    return JsonDocument(ValueIndex)

"""The limits of rows that are sent to a service."""

from __future__ import annotations

from supertable.application.writes.ingest_rows import IngestLimits
from supertable.config.settings.ingest import IngestSettings


def ingest_limits(settings: IngestSettings) -> IngestLimits:
    return IngestLimits(settings.ingest_max_unpacked_bytes, settings.ingest_max_ratio, settings.ingest_max_line_bytes)

"""The rows of a relation as streams, for the making and refreshing of generations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from supertable.adapters.engines.duckdb import DuckDBInstance
from supertable.adapters.engines.duckdb.governed.visible_rows import VisibleRows
from supertable.adapters.engines.duckdb.scan.kept_bitmaps import KeptBitmaps
from supertable.adapters.engines.duckdb.scan.query_sources import Sources
from supertable.adapters.engines.duckdb.scan.scan_sql import scan_sql, unused_positions
from supertable.adapters.engines.duckdb.types import quoted
from supertable.adapters.engines.pro.generations.generation import column
from supertable.application.ports.engines.file_sources import FileSource
from supertable.domain.scan.predicates import ALWAYS
from supertable.domain.scan.scan_plan import Scan, grouped
from supertable.domain.schema.types import Field
from supertable.domain.table.data_files import DataFile


def whole_scan(scan: Scan, files: Iterable[DataFile] | None = None) -> Scan:
    """The scan without the conditions of a statement: what the caller sees of all files, or of some of them."""
    snapshot = scan.snapshot
    assert snapshot is not None
    chosen = snapshot.files.values() if files is None else files
    return replace(scan, groups=grouped(chosen, snapshot.schemas), residual=ALWAYS)


def located_rows(
    instance: DuckDBInstance, stored: FileSource, scan: Scan, fields: Sequence[Field], first_number: int
) -> VisibleRows:
    """The rows with the columns of a generation. Files are numbered from `first_number` in the order of the scan."""
    sources = Sources(KeptBitmaps(stored), guard_deleted=False)  # no expression of ours fails
    at = unused_positions(scan.shown)
    values = [f"{quoted(one.name)} AS {column(one)}" for one in fields]
    values += [f"({at.file} + {first_number})::INTEGER AS st_file", f"{at.row}::INTEGER AS st_row"]
    rows = scan_sql(scan, sources, [one.name for one in fields], at)
    return VisibleRows(instance, f"SELECT {', '.join(values)} FROM ({rows})", sources)

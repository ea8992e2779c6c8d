"""What crosses from a service to its executors."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from supertable.adapters.engines.duckdb import RemoteAccess
from supertable.adapters.engines.pro import Published
from supertable.application.ports.engines.parsed_statements import NOTHING_KNOWN, Known
from supertable.application.ports.engines.row_finders import CheckedPredicate, ConditionScope
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.ports.engines.sources import Source, scans_of
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.data_files import DataFile

LONG_SECONDS = 1.0
"""After this time an executor yields to others. It serves no further request, since it cannot raise its priority."""


@dataclass(frozen=True, slots=True)
class InstanceOptions:
    """The arguments of an executor's `DuckDBInstance`. `temp_directory` has one folder for each executor.

    `remote` makes its access to the object store. `environment`: variables that the store's SDK may need. They are set
    in the running executor only, where no list of processes shows them.
    """

    root: str | None
    memory_limit: str | None
    threads: int | None
    temp_directory: Path
    remote: Callable[[], RemoteAccess | None] = field(repr=False)
    spill_bytes: int
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ExecutorLimits:
    """Limits by the operating system, and of time. `memory_bytes`: memory of one executor.

    `max_seconds`: no statement takes longer, from its start to its last row; None: no limit. `grace_seconds`: the time
    from a statement's own limit to the end of its executor.
    """

    memory_bytes: int
    max_seconds: float | None
    grace_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class RunStatement:
    """A statement, to be parsed and checked again in the executor, over sources that the service chose.

    `distinct_names`: columns of the same name are numbered. `known`: see `Engine.parse`. `published`: what Pro holds of
    these sources; None: they are read from files.
    """

    sql: str
    sources: Mapping[int, Source]
    parameters: Sequence[Any] | Mapping[str, Any]
    limits: Limits
    distinct_names: bool = False
    known: Known = NOTHING_KNOWN
    published: Published | None = None


@dataclass(frozen=True, slots=True)
class FindRows:
    """The rows of `scan` for which the predicate is true."""

    scan: Scan
    predicate: CheckedPredicate


@dataclass(frozen=True, slots=True)
class CheckPredicate:
    """See `RowFinder.check_predicate`."""

    text: str
    schema: Schema
    scope: ConditionScope | None = None


Request = RunStatement | FindRows | CheckPredicate


def pickled(request: Request) -> bytes:
    """The request, with files as executors need them: without column ranges, and without rows, which the service reads
    for them."""
    target = io.BytesIO()
    pickler = pickle.Pickler(target, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = {DataFile: _reduced}
    pickler.dump(request)
    return target.getvalue()


def _reduced(file: DataFile) -> tuple[type[DataFile], tuple[Any, ...]]:
    content = None if file.stored else b""
    return DataFile, (
        file.path,
        file.rows,
        file.bytes,
        file.digest,
        file.schema_id,
        {},
        file.deletes,
        file.folder,
        content,
    )


def files_of(request: Request) -> dict[str, tuple[str, DataFile]]:
    """The files that the request may read, with their tables' folders, by object key."""
    scans: Iterator[Scan] = iter(())
    if isinstance(request, RunStatement):
        scans = (scan for source in request.sources.values() for scan in scans_of(source))
    elif isinstance(request, FindRows):
        scans = iter((request.scan,))
    return {file.key(scan.folder): (scan.folder, file) for scan in scans for file in scan.files}

"""The methods of a lake that load files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from typing import TypeAlias, Unpack

from supertable.application.commits.write_result import WriteResult
from supertable.application.ddl.load_files import LoadPreview, LoadRequest, Watch
from supertable.application.ddl.load_options import LoadOptions, OnError, read_options
from supertable.application.ddl.write_or_create import WriteTarget
from supertable.application.ports.readers import ReadColumn
from supertable.application.tables.namespace import Namespace
from supertable.application.writes.write_modes import ModeName, checked_mode
from supertable.config.container import Container
from supertable.domain.table.commit_info import checked_commit_info
from supertable.entrypoints.sdk.door import door
from supertable.entrypoints.sdk.rejected_rows import RejectedRows
from supertable.entrypoints.sdk.writing import Names, names_of

Sources: TypeAlias = "str | PathLike[str] | Sequence[str | PathLike[str]]"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A load. `columns`: how each column of text files was read, and which types were inferred. `rejected`: how many
    rows were left out.
    """

    write: WriteResult
    columns: tuple[ReadColumn, ...]
    rejected: int


@door
class LakeLoading:
    """The part of `Lake` that loads files."""

    _container: Container
    _namespace: Namespace

    def load(
        self,
        files: Sources,
        into: str,
        *,
        mode: ModeName = "append",
        keys: Names = (),
        sequence: str | None = None,
        partition_by: Names = (),
        sort_by: Names = (),
        evolve: bool = False,
        create: bool = True,
        timezone: str = "",
        on_error: OnError = "stop",
        rejects: str | PathLike[str] | None = None,
        idempotency_key: str | None = None,
        properties: Mapping[str, str] | None = None,
        watch: Watch | None = None,
        **options: Unpack[LoadOptions],
    ) -> Loaded:
        """Load CSV, TSV, JSON, NDJSON, Parquet or Arrow files as one version; the table is created if it is not there.

            lake.load("orders-*.csv", into="orders", keys="id", types={"zip": "string"})

        `files`: paths, glob patterns, or `-` for standard input. `keys`, `sequence`, `partition_by`, `sort_by`: of a
        table that is created; with `create` False none is. `timezone`: of timestamps without a zone, for columns with
        one.
        No value is changed: what a column cannot hold exactly is an error. `on_error`: `stop`, `skip` the row, or
        write it to the file `rejects` too, a line of JSON each. `watch`: receives the opened files and returns their
        rows, for example to show progress. `mode`, `evolve`, `idempotency_key`, `properties`, errors: as in `write`.
        """
        info = checked_commit_info(idempotency_key, properties)
        target = WriteTarget(
            into,
            checked_mode(mode),
            names_of(keys),
            sequence,
            evolve,
            info,
            timezone=timezone,
            create=create,
            partition_by=names_of(partition_by),
            sort_by=names_of(sort_by),
        )
        request = LoadRequest(_paths(files), target)
        with RejectedRows(on_error, rejects) as rejected:
            reading = read_options(options, rejected if rejected.is_wanted else None)
            result = self._container.load_files()(self._namespace, request, reading, watch)
        return Loaded(result.write, result.columns, rejected.count)

    def preview(
        self, files: Sources, into: str, *, rows: int = 10, timezone: str = "", **options: Unpack[LoadOptions]
    ) -> LoadPreview:
        """What `load` would make of the first rows. Nothing is written. Raises what `load` raises."""
        request = LoadRequest(_paths(files), WriteTarget(into, timezone=timezone))
        return self._container.load_files().preview(self._namespace, request, read_options(options), rows)


def _paths(files: Sources) -> list[str]:
    return [fspath(files)] if isinstance(files, str | PathLike) else [fspath(file) for file in files]

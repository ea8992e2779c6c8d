"""The methods of a lake that load files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Literal, TypeAlias, TypedDict, Unpack

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.ddl.load_files import LoadPreview, LoadRequest, Watch
from supertable.application.ports.readers import ReadColumn, ReadOptions
from supertable.application.storage.arrow_schemas import arrow_type
from supertable.application.tables.namespace import Namespace
from supertable.application.writes.write_modes import checked_mode
from supertable.config.container import Container
from supertable.domain.errors import InvalidInput
from supertable.domain.schema.type_names import scalar_type
from supertable.domain.table.commit_info import checked_commit_info
from supertable.entrypoints.sdk.rejected_rows import RejectedRows

Sources: TypeAlias = "str | PathLike[str] | Sequence[str | PathLike[str]]"
OnError: TypeAlias = Literal["stop", "skip", "rejects"]
Type: TypeAlias = "str | pa.DataType"


class LoadOptions(TypedDict, total=False):
    """How files are read. What is not given is detected.

    `types`: types of columns, such as `{"zip": "string", "price": "decimal(10,2)"}`. `date_format`: of all dates, or by
    column, as in `strptime`. `decimal`: the mark in numbers, `.` or `,`. `null`: texts that mean null besides the empty
    one. `header`: whether the first row of CSV has names. `columns`: names for the columns of CSV. `sample_size`: how
    many rows types are inferred from, -1: all. `all_text`: infer no types. `lenient`: fill short rows with nulls, and
    accept mixed line ends and stray quotes. `skip_lines`: how many lines precede the header.
    """

    format: str | None
    compression: str | None
    encoding: str | None
    delimiter: str | None
    quote: str
    escape: str
    header: bool | None
    columns: Sequence[str]
    skip_lines: int
    types: Mapping[str, Type]
    date_format: str | Mapping[str, str]
    decimal: str
    null: str | Sequence[str]
    all_text: bool
    lenient: bool
    sample_size: int
    max_line_bytes: int
    max_unpacked_bytes: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """A load. `columns`: how each column of text files was read, and which types were inferred. `rejected`: how many
    rows were left out.
    """

    write: WriteResult
    columns: tuple[ReadColumn, ...]
    rejected: int


class LakeLoading:
    """The part of `Lake` that loads files."""

    _container: Container
    _namespace: Namespace

    def load(
        self,
        files: Sources,
        into: str,
        *,
        mode: str = "append",
        keys: str | Sequence[str] = (),
        sequence: str | None = None,
        evolve: bool = False,
        on_error: OnError = "stop",
        rejects: str | PathLike[str] | None = None,
        idempotency_key: str | None = None,
        properties: Mapping[str, str] | None = None,
        watch: Watch | None = None,
        **options: Unpack[LoadOptions],
    ) -> Loaded:
        """Load CSV, TSV, JSON, NDJSON, Parquet or Arrow files as one version; the table is created if it is not there.

            lake.load("orders-*.csv", into="orders", keys="id", types={"zip": "string"})

        `files`: paths, glob patterns, or `-` for standard input. `keys`, `sequence`: of a table that is created.
        No value is changed: what a column cannot hold exactly is an error. `on_error`: `stop`, `skip` the row, or
        write it to the file `rejects` too, a line of JSON each. `watch`: receives the opened files and returns their
        rows, for example to show progress. `mode`, `evolve`, `idempotency_key`, `properties`, errors: as in `write`.
        """
        info = checked_commit_info(idempotency_key, properties)
        names = (keys,) if isinstance(keys, str) else tuple(keys)
        request = LoadRequest(_paths(files), into, checked_mode(mode), names, sequence, evolve, info)
        with RejectedRows(on_error, rejects) as rejected:
            result = self._container.load_files()(self._namespace, request, _read_options(options, rejected), watch)
        return Loaded(result.write, result.columns, rejected.count)

    def preview(self, files: Sources, into: str, *, rows: int = 10, **options: Unpack[LoadOptions]) -> LoadPreview:
        """What `load` would make of the first rows. Nothing is written. Raises what `load` raises."""
        request = LoadRequest(_paths(files), into)
        with RejectedRows("stop", None) as rejected:
            return self._container.load_files().preview(
                self._namespace, request, _read_options(options, rejected), rows
            )


def _paths(files: Sources) -> list[str]:
    return [fspath(files)] if isinstance(files, str | PathLike) else [fspath(file) for file in files]


def _read_options(given: LoadOptions, rejected: RejectedRows) -> ReadOptions:
    known = LoadOptions.__annotations__
    unknown = set(given) - set(known)
    if unknown:
        raise InvalidInput(f"{min(unknown)!r} is no option of a load. The options are {', '.join(sorted(known))}.")
    renamed = {"columns": "column_names", "sample_size": "sample_rows", "decimal": "decimal_mark"}
    special = {"types", "date_format", "null", "columns"}
    plain = {renamed.get(name, name): value for name, value in given.items() if name not in special}
    dates, null = given.get("date_format", {}), given.get("null", ())
    return ReadOptions(
        **plain,  # type: ignore[arg-type]
        types={name: _type(kind, name) for name, kind in given.get("types", {}).items()},
        date_formats={"": dates} if isinstance(dates, str) else dict(dates),
        null_strings=(null,) if isinstance(null, str) else tuple(null),
        column_names=tuple(given.get("columns", ())),
        rejects=rejected if rejected.is_wanted else None,
    )


def _type(kind: Type, column: str) -> pa.DataType:
    return arrow_type(scalar_type(kind, column)) if isinstance(kind, str) else kind

"""A read of one table at one version, as a SELECT over views of its files.

The files of a schema group are read in batches, each by a view with the columns of that group. Deleted rows are left
out by their numbers in the file, in a condition that Spark moves nothing below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa

from supertable.adapters.engines.duckdb.scan.inline_tables import located_rows
from supertable.adapters.engines.duckdb.scan.kept_bitmaps import KeptBitmaps
from supertable.adapters.engines.duckdb.scan.predicate_sql import residual_columns
from supertable.adapters.engines.spark.relations.access import (
    BARRIER,
    column_name,
    condition_sql,
    masked_sql,
    residual_sql,
)
from supertable.adapters.engines.spark.relations.handed_over import HandedOver
from supertable.adapters.engines.spark.relations.locations import Locations
from supertable.adapters.engines.spark.relations.values import (
    carried,
    carried_type,
    inline_type,
    name,
    read_type,
    text,
)
from supertable.adapters.engines.spark.translation.refusals import refused
from supertable.application.ports.engines.running_queries import Stopped
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.files.verified_files import check_size
from supertable.application.storage.inline_rows import column_of
from supertable.domain.access.row_filters import columns_of
from supertable.domain.errors import QueryCancelled
from supertable.domain.scan.predicates import ALWAYS
from supertable.domain.scan.scan_plan import AccessStage, FileGroup, Scan
from supertable.domain.schema.types import DataType, Field
from supertable.domain.storage_layout import organization_of
from supertable.domain.table.data_files import DataFile

Step = Callable[[Stopped], str]
"""Prepares one view, and returns the statement that makes it. Raises `QueryCancelled` once the query is stopped."""
_ROW = "_tmp_metadata_row_index"
"""The column in which Spark's reader of Parquet numbers the rows of a file."""
_SIZES_AT_ONCE = 16
_NOTHING = "st_nothing"
_FILE = "substring_index(input_file_name(), '/', -1)"


@dataclass(slots=True)
class FileViews:
    """The views of files that one statement needs, and the steps that make them.

    `token`: begins the names of the views, which no other statement has.
    """

    store: ObjectStore
    stored: KeptBitmaps
    locations: Locations
    batch_size: int
    token: str
    handed: HandedOver
    steps: list[Step] = field(default_factory=list)

    def scan_sql(self, scan: Scan) -> str:
        """What the caller sees: the columns of `scan.shown`, named c0, c1, … Raises `NotOnSpark`."""
        access = scan.access or AccessStage()
        tested = residual_columns(scan.residual)
        needed = {shown.id for shown in scan.shown.fields}
        needed |= columns_of(access.condition) if access.condition else set()
        read = [each for each in scan.schema.fields if each.id in needed or each.name in tested]
        rows = " UNION ALL ".join(self._parts(scan, read)) or _no_rows(read)
        by_id = {each.id: each for each in scan.schema.fields}
        values = []
        for place, shown in enumerate(scan.shown.fields):
            mask = access.masks.get(shown.id)
            column = by_id[shown.id]
            values.append(f"{masked_sql(mask, column, access.mask_key) if mask else column_name(column)} AS c{place}")
        sql = f"SELECT {', '.join(values) or '1 AS c0'} FROM ({rows}) AS a"
        conditions = [condition_sql(access.condition, scan.schema)] if access.condition else []
        conditions += [] if scan.residual == ALWAYS else [residual_sql(scan.residual, scan.schema)]
        return f"{sql} WHERE {' AND '.join([*conditions, BARRIER])}" if conditions else sql

    def _parts(self, scan: Scan, fields: Sequence[Field]) -> Iterator[str]:
        for group in scan.groups:
            _check_names(group)
            for files, dirty in ((group.clean, False), (group.dirty, True)):
                for start in range(0, len(files), self.batch_size):
                    yield self._batch(scan, group, files[start : start + self.batch_size], fields, dirty)
            if group.inline:
                yield self._inline(scan, group, fields)

    def _batch(
        self, scan: Scan, group: FileGroup, files: Sequence[DataFile], fields: Sequence[Field], dirty: bool
    ) -> str:
        found = {each.id: each for each in group.schema.fields}
        columns = {name(found[each.id].name): found[each.id].type for each in fields if each.id in found}
        values = [_value(found.get(each.id), each, found[each.id].name if each.id in found else "") for each in fields]
        view = self._view(columns, lambda stopped: self._checked(scan.folder, files, stopped), numbered=dirty)
        sql = f"SELECT {', '.join(values) or '1 AS c'} FROM {view}"
        return f"{sql} WHERE {self._is_live(scan, files)}" if dirty else sql

    def _inline(self, scan: Scan, group: FileGroup, fields: Sequence[Field]) -> str:
        found = {each.id: each for each in group.schema.fields}
        kinds = {each.id: inline_type(found[each.id].type) for each in fields if each.id in found}
        columns = {name(column_of(number)): kind for number, kind in kinds.items()}
        values = [
            _value(Field(each.id, "", kinds[each.id]) if each.id in kinds else None, each, column_of(each.id))
            for each in fields
        ]
        view = self._view(columns, lambda _: self._handed_rows(scan, group.inline))
        return f"SELECT {', '.join(values) or '1 AS c'} FROM {view}"

    def _is_live(self, scan: Scan, files: Sequence[DataFile]) -> str:
        view = f"{self.token}_f{len(self.steps)}"
        self.steps.append(lambda _: _definition(view, "f STRING, w ARRAY<BIGINT>", self._handed_bitmaps(scan, files)))
        dead = f"(SELECT map_from_entries(collect_list(struct(f, w))) FROM {view})"
        word = f"element_at({dead}, {_FILE})[CAST({_ROW} DIV 64 AS INT)]"
        bit = f"getbit({word}, CAST({_ROW} % 64 AS INT))"
        return f"coalesce({bit}, CAST(raise_error('a file without a bitmap') AS TINYINT)) = 0"

    def _view(self, columns: dict[str, DataType], path: Step, numbered: bool = False) -> str:
        view = f"{self.token}_f{len(self.steps)}"
        listed = [f"{column} {read_type(kind)}" for column, kind in columns.items()] or [f"{_NOTHING} INT"]
        listed += [f"{_ROW} BIGINT"] if numbered else []
        self.steps.append(lambda stopped: _definition(view, ", ".join(listed), path(stopped)))
        return view

    def _checked(self, folder: str, files: Sequence[DataFile], stopped: Stopped) -> str:
        """The path of the files. Raises `Damaged` for one that is missing or has another size: a pattern that matches
        fewer files is no error for Spark."""
        keys = [file.key(folder) for file in files]

        def check(file: DataFile, key: str) -> None:
            if stopped():
                raise QueryCancelled
            check_size(key, file, self.store.size(key))

        with ThreadPoolExecutor(_SIZES_AT_ONCE) as pool:
            for _ in pool.map(check, files, keys):
                pass
        return self.locations.of(keys)

    def _handed_rows(self, scan: Scan, files: Sequence[DataFile]) -> str:
        dead = {n: self._bitmap(scan, file) for n, file in enumerate(files) if file.deletes or file.path in scan.hidden}
        rows = pa.table(located_rows(self.stored.inline_rows(scan.folder, files), files, dead, 0))
        return self.locations.of([self.handed.rows(organization_of(scan.folder), rows)])

    def _handed_bitmaps(self, scan: Scan, files: Sequence[DataFile]) -> str:
        bitmaps = {file.path.rpartition("/")[2]: self._bitmap(scan, file) for file in files}
        return self.locations.of([self.handed.bitmaps(organization_of(scan.folder), bitmaps)])

    def _bitmap(self, scan: Scan, file: DataFile) -> bytes:
        return scan.hidden[file.path] if file.path in scan.hidden else self.stored.bitmap(scan.folder, file)


def _definition(view: str, columns: str, path: str) -> str:
    return f"CREATE TEMPORARY VIEW {view} ({columns}) USING parquet OPTIONS (path {text(path)})"


def _value(written: Field | None, wanted: Field, column: str) -> str:
    value = (
        carried(name(column), written.type, wanted.type) if written else f"CAST(NULL AS {carried_type(wanted.type)})"
    )
    return f"{value} AS {column_name(wanted)}"


def _no_rows(fields: Sequence[Field]) -> str:
    values = [_value(None, each, "") for each in fields]
    return f"SELECT {', '.join(values) or '1 AS c'} WHERE FALSE"


def _check_names(group: FileGroup) -> None:
    names = {each.name.lower() for each in group.schema.fields}
    if len(names) < len(group.schema.fields) or _ROW in names:
        raise refused("tables with such names of columns")

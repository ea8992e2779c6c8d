"""Tables of Parquet files in a folder, as an engine sees them: scans with deletion vectors, without a catalog."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from supertable.adapters.engines.duckdb import DuckDBEngine, DuckDBInstance, DuckDBRowFinder
from supertable.application.ports.engines.parsed_statements import Relation
from supertable.application.ports.engines.running_queries import Limits, Stopped
from supertable.application.ports.engines.sources import Union
from supertable.application.storage.arrow.arrow_schemas import arrow_schema, fields_of
from supertable.application.storage.column_ranges import column_ranges, parquet_leaves
from supertable.application.storage.files.local_files import OpenLocalFiles
from supertable.domain.errors import TableNotFound
from supertable.domain.scan.file_pruning import pruned
from supertable.domain.scan.predicates import Predicate
from supertable.domain.scan.scan_plan import AccessStage, Scan, grouped
from supertable.domain.schema.schemas import Schema, first_schema
from supertable.domain.table.data_files import ColumnRange, DataFile, DeletionVector


def schema_of(table: pa.Table) -> Schema:
    return first_schema(fields_of(table.schema))


@dataclass
class ParquetTables:
    """Tables in `root`, with an engine and a row finder. `dead`: the bitmaps of dead rows, by file.

    `governed`: statements run as those of a role that sees a part, which happens to be the whole.
    """

    root: Path
    dead: dict[str, bytes] = field(default_factory=dict)
    scans: dict[str, Scan | Union] = field(default_factory=dict)
    memory_limit: str | None = None
    threads: int | None = 2
    governed: bool = False

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        spill = self.root.parent / "spill"
        self.instance = DuckDBInstance(str(self.root), self.memory_limit, self.threads, spill)
        self.sandbox = DuckDBInstance(None, self.memory_limit, self.threads, spill)
        self.engine = DuckDBEngine(self.instance, self.sandbox, self)
        self.finder = DuckDBRowFinder(self.instance, self.sandbox, self)

    def locate(self, key: str) -> str:
        return str(self.root / key)

    def open(self, files: Sequence[tuple[str, DataFile]], stopped: Stopped) -> OpenLocalFiles:
        """Returns the files without any check, since only the engine is tested."""
        return OpenLocalFiles([self.locate(file.key(folder)) for folder, file in files])

    def exists(self, key: str) -> bool:
        return Path(self.locate(key)).exists()

    def inline_rows(self, folder: str, files: Sequence[DataFile]) -> pa.Table:
        raise AssertionError("no table of these has rows without objects")

    def bitmap(self, folder: str, file: DataFile) -> bytes:
        return self.dead[f"{folder}/{file.path}"]

    def write(self, name: str, table: pa.Table, schema: Schema, dead: Sequence[int] = (), **options: Any) -> DataFile:
        """Writes one data file of table `name`. `dead`: positions of rows to mark as dead."""
        path = f"data/{len(list(self.root.glob('**/*.parquet')))}.parquet"
        target = self.root / name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        arrow = arrow_schema(schema)
        table = table.select(arrow.names).cast(pa.schema([f.with_nullable(True) for f in arrow]))
        plain = [path for path, kind in parquet_leaves(arrow) if not pa.types.is_floating(kind)]
        pq.write_table(table.cast(arrow), target, write_statistics=plain, **options)
        ranges = column_ranges(pq.read_metadata(target), schema) | float_ranges(table, schema)
        file = DataFile(path, table.num_rows, target.stat().st_size, "", schema.id, ranges)
        if not dead:
            return file
        bits = np.zeros(table.num_rows, dtype=bool)
        bits[list(dead)] = True
        self.dead[f"{name}/{path}"] = np.packbits(bits).tobytes()
        return replace(file, deletes=DeletionVector(f"deletes/{path}", len(dead), ""))

    def add(
        self,
        name: str,
        files: Sequence[DataFile],
        schema: Schema,
        older: Mapping[int, Schema] | None = None,
        version: int = 1,
    ) -> Scan:
        """Adds a table of these files under `schema`. `older`: earlier schemas by id."""
        schemas = {**(older or {}), schema.id: schema}
        rows = sum(file.live_rows for file in files)
        scan = Scan(name, name, version, schema, grouped(files, schemas), len(files), rows)
        self.scans[name] = scan
        return scan

    def table(self, name: str, *parts: pa.Table, dead: Mapping[int, Sequence[int]] | None = None) -> Scan:
        """Writes a table with one file for each part. `dead`: row positions by part."""
        schema = schema_of(parts[0])
        dead_rows = dead or {}
        files = [self.write(name, part, schema, dead_rows.get(number, ())) for number, part in enumerate(parts)]
        return self.add(name, files, schema)

    def query(self, sql: str, parameters: Any = (), prune: bool = False, **limits: Any) -> pa.Table:
        """The result of `sql` over these tables. `prune`: with file pruning."""
        return self.start(sql, parameters, prune, **limits).reader.read_all()

    def start(self, sql: str, parameters: Any = (), prune: bool = False, **limits: Any) -> Any:
        statement = self.engine.parse(sql)
        scans = {relation.id: self.scan(relation) for relation in statement.relations}
        if prune:
            schemas = {number: scan.schema for number, scan in scans.items() if isinstance(scan, Scan)}
            scans = {
                number: pruned_scan(scan, statement.predicate(number, schemas, parameters))
                for number, scan in scans.items()
            }
        return self.engine.run(statement, scans, parameters, Limits(**limits))

    def scan(self, relation: Relation) -> Scan | Union:
        name = relation.parts[-1].lower()
        if name not in self.scans:
            raise TableNotFound(name)
        found = self.scans[name]
        if not self.governed:
            return found
        if isinstance(found, Union):
            return Union(tuple(replace(scan, access=AccessStage()) for scan in found.scans))
        return replace(found, access=AccessStage())

    def predicate(self, sql: str, relation: int = 0, parameters: Any = ()) -> Predicate:
        statement = self.engine.parse(sql)
        scans = {each.id: self.scan(each) for each in statement.relations}
        schemas = {number: scan.schema for number, scan in scans.items() if isinstance(scan, Scan)}
        return statement.predicate(relation, schemas, parameters)


def pruned_scan(scan: Scan | Union, predicate: Predicate) -> Scan | Union:
    if isinstance(scan, Union):
        return scan
    schemas = {group.schema.id: group.schema for group in scan.groups}
    return replace(scan, groups=grouped(pruned(scan.files, predicate, schemas, scan.schema), schemas))


def float_ranges(table: pa.Table, schema: Schema) -> dict[int, ColumnRange]:
    """The ranges of float columns. Infinities bound nothing; NaN is above all numbers, see `ColumnRange`."""
    ranges = {}
    for column in schema.fields:
        if column.type.name in ("float32", "float64"):
            values = [value for value in table[column.name].to_pylist() if value is not None]
            numbers = [value for value in values if value == value]
            low, high = min(numbers, default=-math.inf), max(numbers, default=math.inf)
            if len(numbers) < len(values):
                high = math.inf
            nulls = table.num_rows - len(values)
            ranges[column.id] = ColumnRange(_finite(low), _finite(high), nulls)
    return ranges


def _finite(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None

"""The rows inserted and deleted between two versions, as a source for an engine. Costs grow with the changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from supertable.application.ports.engines.parsed_statements import ChangesRequest
from supertable.application.ports.engines.sources import Changes, ChangeStep
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.tables.lookup import Tables
from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import InvalidInput, InvalidSchema, VersionNotFound
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.change_feed import READ_VERSIONS, Step, TouchedFile, steps, widest_columns
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.widened_values import check_values

Bits = npt.NDArray[np.uint8]


class ChangeFeed:
    def __init__(self, tables: Tables, vectors: DeletionVectors) -> None:
        self._tables = tables
        self._vectors = vectors

    def __call__(self, table: OpenTable, request: ChangesRequest) -> Changes:
        """The changes, without versions that changed no rows that the caller sees.

        They have the columns of the last version, with types that hold every changed row exactly.
        Callers who do not see all key columns unmasked get deletes and inserts instead of updates. Raises
        `VersionNotFound` if a version that is needed was removed or does not exist, and `InvalidInput` if no type holds
        all values of a column, which a restore made narrower and a later change widened otherwise.
        """
        after, oldest, newest = request.after, table.snapshot.oldest, table.snapshot.version
        up_to = newest if request.up_to is None else request.up_to
        last = self._tables.at_version(table, up_to)
        if 0 < after < oldest:  # even if tagged: a tag keeps a version, but not the commits that follow it
            raise VersionNotFound(table.name, str(after), oldest, newest)
        known = None if after == 0 and oldest == 1 else self._tables.at_version(table, after).snapshot.files
        if after > up_to:
            raise VersionNotFound(table.name, f"{up_to} after version {after}", oldest, up_to)
        commits = reversed(self._tables.commits(table, up_to, up_to - after))
        touched = list(steps(known or {}, commits))
        schema = _columns(last, touched)
        found = (self._step(last, schema, step) for step in touched)
        keys = last.snapshot.key_names
        visible_keys = keys if all(last.unmasked.find(key) for key in keys) else []
        return Changes(
            last.access.shown(schema) if last.access else schema,
            tuple(visible_keys),
            tuple(step for step in found if step),
        )

    def _step(self, last: OpenTable, schema: Schema, step: Step) -> ChangeStep | None:
        deleted = self._scan(last, schema, [self._part(last, part, part.before, part.after) for part in step.touched])
        inserted = self._scan(last, schema, [self._part(last, part, part.after, part.before) for part in step.touched])
        return ChangeStep(step.version, deleted, inserted) if deleted.groups or inserted.groups else None

    def _part(
        self, last: OpenTable, part: TouchedFile, shown: DataFile | None, other: DataFile | None
    ) -> tuple[DataFile, Bits] | None:
        """`shown`, and the bits of its rows to hide: all but those that are live in it and not in `other`.

        None if no rows remain.
        """
        if shown is None:
            return None
        dead = self._dead(last, shown)
        hidden = dead if other is None else dead | ~self._dead(last, other)
        bits = np.unpackbits(hidden, count=part.file.rows)
        return None if bits.all() else (shown, np.packbits(bits))

    def _dead(self, last: OpenTable, file: DataFile) -> Bits:
        return np.frombuffer(self._vectors.bitmap(last.folder, file), dtype=np.uint8)

    @staticmethod
    def _scan(last: OpenTable, schema: Schema, parts: list[tuple[DataFile, Bits] | None]) -> Scan:
        shown = [part for part in parts if part is not None]
        hidden = {file.path: bits.tobytes() for file, bits in shown if bits.any()}
        return last.scan([replace(file, deletes=None) for file, _ in shown], schema, hidden)


def _columns(last: OpenTable, touched: Iterable[Step]) -> Schema:
    """The columns of the changes. Raises `InvalidInput` if no types hold the values of all files."""
    schemas = last.snapshot.schemas
    files = [part.file for step in touched for part in step.touched]
    schema = widest_columns(last.snapshot.schema, [schemas[number] for number in sorted({f.schema_id for f in files})])
    try:
        check_values(files, schemas, schema)
    except InvalidSchema as error:
        raise InvalidInput(f"{error} {READ_VERSIONS}") from None
    return schema

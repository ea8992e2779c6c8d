"""Reading the rows of waiting writes, and fitting them to the table. Texts that are read alike are read as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.ports.readers import ReadOptions, RowsOfTexts
from supertable.application.storage.arrow_batches import Conform, conformer
from supertable.application.storage.incoming.value_checks import check_values
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.grouped_writes import RowRange
from supertable.application.writes.write_checks import fit_columns
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.errors import AccessDenied, InvalidInput, SupertableError
from supertable.domain.schema.schemas import Schema, without
from supertable.domain.table.commits import CommitInfo

Rows = Callable[[Schema], pa.Table]
"""Returns a writer's rows, given the columns that the writer sees. Raises `InvalidInput`."""


@dataclass(frozen=True, slots=True, eq=False)
class TextRows:
    """Rows as text. `form`: how the text is written; texts of one form are read alike, and so may be read together.

    `read`: see `FileReader.rows_of_texts`. Both reading functions take the columns that the writers see.
    """

    text: bytes
    form: tuple[str, bool, ReadOptions]
    read_alone: Callable[[bytes, Schema], pa.Table]
    read: Callable[[Sequence[bytes], Schema], RowsOfTexts | None]

    def __call__(self, columns: Schema) -> pa.Table:
        """Raises `InvalidInput`."""
        return self.read_alone(self.text, columns)


@dataclass(frozen=True, slots=True, eq=False)
class WaitingWrite:
    """`bytes`: about how much memory the write takes while it waits. `request`: the id of the caller's request.
    `answer`: the future that the caller waits for."""

    namespace: Namespace
    name: str
    rows: Rows
    mode: WriteMode
    info: CommitInfo
    bytes: int
    request: str
    answer: Future[WriteResult] = field(default_factory=Future)


@dataclass(frozen=True, slots=True, eq=False)
class ReadRows:
    """A writer's rows under the columns that are staged, whose field ids are `columns`."""

    rows: RowRange
    columns: tuple[int, ...]


@dataclass(slots=True, eq=False)
class _Alike:
    """Writes of texts that are read alike, into tables that their writers see alike."""

    table: OpenTable
    mode: WriteMode
    first: TextRows
    writes: list[WaitingWrite]
    texts: list[bytes]


class WriteReading:
    """The rows of the writes that wait for one table."""

    def __init__(self) -> None:
        self._conversions = _Conversions()
        self._read: dict[WaitingWrite, ReadRows | InvalidInput] = {}

    def read_together(self, writes: Iterable[tuple[WaitingWrite, OpenTable | SupertableError]]) -> None:
        """Read those that can be read with others; `rows_of` reads the rest."""
        found: list[_Alike] = []
        for write, table in writes:
            rows = write.rows
            if not isinstance(rows, TextRows) or not isinstance(table, OpenTable):
                continue
            for alike in found:
                if alike.mode is write.mode and alike.first.form == rows.form and _alike(alike.table, table):
                    alike.writes.append(write)
                    alike.texts.append(rows.text)
                    break
            else:
                found.append(_Alike(table, write.mode, rows, [write], [rows.text]))
        for alike in found:
            if len(alike.writes) > 1:
                self._read_alike(alike)

    def rows_of(self, write: WaitingWrite, table: OpenTable) -> ReadRows:
        """Raises `InvalidInput` and its subclasses, and `AccessDenied`."""
        found = self._read.get(write)
        if isinstance(found, InvalidInput):
            raise found
        if found is not None:
            return found
        rows = write.rows(table.unmasked)
        conversion = self._conversions.find(table, rows.schema, write.mode)
        return ReadRows(RowRange.all_of(conversion.convert(rows)), conversion.columns)

    def _read_alike(self, alike: _Alike) -> None:
        """If one of the texts cannot be read with the others, each is read alone, and so has its own error."""
        try:
            read = alike.first.read(alike.texts, alike.table.unmasked)
            if read is None:
                return
            conversion = self._conversions.find(alike.table, read.rows.schema, alike.mode)
            rows = conversion.convert(read.rows)
        except (InvalidInput, AccessDenied):
            return
        start = 0
        for write, count in zip(alike.writes, read.counts, strict=True):
            if isinstance(count, InvalidInput):
                self._read[write] = count
            elif count is not None:
                self._read[write] = ReadRows(RowRange(rows, start, count), conversion.columns)
                start += count


def _alike(one: OpenTable, other: OpenTable) -> bool:
    """Whether two writers see the same part of the same version."""
    return one is other or (one.snapshot is other.snapshot and one.access == other.access)


@dataclass(frozen=True, slots=True, eq=False)
class _Conversion:
    """How rows with schema `given` become those that are staged, which have the columns `target`.

    `columns`: the field ids of all staged columns, those included that the writer does not see.
    """

    table: OpenTable
    given: pa.Schema
    mode: WriteMode
    columns: tuple[int, ...]
    target: Schema
    conform: Conform

    def convert(self, rows: pa.Table) -> pa.Table:
        """Raises `InvalidSchema` for values that do not fit."""
        return check_values(self.conform(rows), self.target)


class _Conversions:
    """Conversions by schema, each found once for all writes of one group."""

    def __init__(self) -> None:
        self._known: list[_Conversion] = []

    def find(self, table: OpenTable, given: pa.Schema, mode: WriteMode) -> _Conversion:
        """Raises `InvalidInput` and its subclasses, and `AccessDenied`."""
        for known in self._known:
            if known.mode is mode and known.given.equals(given, check_metadata=True) and _alike(known.table, table):
                return known
        staged = fit_columns(table, given, mode).staged_schema
        visible = table.unmasked
        hidden = [column for column in staged.fields if visible.by_id(column.id) is None]
        target = without(staged, hidden) if hidden else staged
        columns = tuple(column.id for column in staged.fields)
        self._known.append(_Conversion(table, given, mode, columns, target, conformer(given, target)))
        return self._known[-1]

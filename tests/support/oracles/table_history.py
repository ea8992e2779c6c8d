"""The rows of a table at each of its versions, and its changes, in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

Row = dict[str, Any]


@dataclass(frozen=True)
class Version:
    schema: pa.Schema
    rows: list[Row]
    deleted: list[Row] = field(default_factory=list)
    inserted: list[Row] = field(default_factory=list)


class TableHistory:
    """Begins with the empty table, version 1. `keys`: the columns by which rows replace others."""

    def __init__(self, schema: pa.Schema, keys: Sequence[str] = ()) -> None:
        self._keys = keys
        self.versions = [Version(schema, [])]

    @property
    def _now(self) -> Version:
        return self.versions[-1]

    def write(self, given: pa.Table, where: Callable[[Row], bool] | None = None) -> None:
        """`where`: the rows that it replaces; None: those with the keys of the given ones."""
        inserted: list[Row] = given.to_pylist()
        written = {self._key(row) for row in inserted} if self._keys else set()
        self._commit(where or (lambda row: bool(self._keys) and self._key(row) in written), inserted)

    def delete(self, where: Callable[[Row], bool]) -> None:
        self._commit(where, [])

    def change(self, schema: pa.Schema) -> None:
        """Another schema: new columns are null, and numbers keep their values."""
        rows = [{name: row.get(name) for name in schema.names} for row in self._now.rows]
        self.versions.append(Version(schema, rows))

    def rename(self, name: str, new: str) -> None:
        """Another name of a column."""
        names = {old: new if old == name else old for old in self._now.schema.names}
        rows = [{names[old]: value for old, value in row.items()} for row in self._now.rows]
        schema = pa.schema([field.with_name(names[field.name]) for field in self._now.schema])
        self.versions.append(Version(schema, rows))

    def at(self, version: int) -> pa.Table:
        found = self.versions[version - 1]
        return pa.Table.from_pylist(found.rows, found.schema)

    def changes(self, after: int) -> pa.Table:
        """The rows that versions above `after` deleted and inserted, with the newest columns."""
        schema = pa.schema([("_change", pa.string()), ("_version", pa.int64()), *self._now.schema])
        steps = list(enumerate(self.versions, 1))[after:]
        rows = [{**row, "_version": number} for number, step in steps for row in self._changed(step)]
        return pa.Table.from_pylist(rows, schema)

    def _changed(self, step: Version) -> Iterable[Row]:
        before, after = ({self._key(row) for row in rows} for rows in (step.deleted, step.inserted))
        for row in step.deleted:
            yield {**row, "_change": "update_before" if self._keys and self._key(row) in after else "delete"}
        for row in step.inserted:
            yield {**row, "_change": "update_after" if self._keys and self._key(row) in before else "insert"}

    def _key(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in self._keys)

    def _commit(self, gone: Callable[[Row], bool], inserted: list[Row]) -> None:
        deleted = [row for row in self._now.rows if gone(row)]
        kept = [row for row in self._now.rows if not gone(row)]
        self.versions.append(Version(self._now.schema, [*kept, *inserted], deleted, inserted))

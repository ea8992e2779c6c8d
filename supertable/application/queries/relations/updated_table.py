"""The table that an UPDATE or MERGE changes, among the relations of its query."""

from __future__ import annotations

from dataclasses import dataclass, replace

from supertable.application.ports.engines.sources import Source
from supertable.application.queries.relations.bound_relations import Bound
from supertable.application.tables.open_table import OpenTable
from supertable.domain.scan.scan_plan import Scan, grouped


@dataclass(frozen=True, slots=True)
class UpdatedTable:
    """`table`: at the version that the change is made to. `relation`: the id of the reference to it whose rows change.

    `row_id`: the column that locates these rows: see `Scan`. `files`: the paths of the files whose rows may change;
    None: of all files.
    """

    relation: int
    row_id: str
    table: OpenTable
    files: frozenset[str] | None = None

    def located(self, source: Source) -> Source:
        """The source of the relation, with the column that locates its rows."""
        assert isinstance(source, Scan)
        files = source.files if self.files is None else [file for file in source.files if file.path in self.files]
        return replace(source, row_id=self.row_id, groups=grouped(files, self.table.snapshot.schemas, source.hidden))

    def in_place_of(self, bound: Bound) -> Bound:
        """The relations, where all references to the table that name no version read the same version."""
        newest = {relation.id for relation in bound.relations if relation.at is None and relation.changes is None}
        opened = {
            number: [self._instead_of(table) for table in tables] if number in newest else tables
            for number, tables in bound.opened.items()
        }
        return replace(bound, opened=opened)

    def _instead_of(self, opened: OpenTable) -> OpenTable:
        return self.table if opened.folder == self.table.folder else opened

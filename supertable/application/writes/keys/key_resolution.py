"""Resolving staged rows against a table with keys: which rows they supersede, and what completes partial rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from supertable.application.key_index.key_matching import KeyMatcher, KeySearch
from supertable.application.ports.engines.row_finders import KeyMatches, RowFinder
from supertable.application.storage.deletion_vectors import DeadRowsOfFile, DeletionVectors
from supertable.application.storage.positions import Positions
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.dead_rows import DeadRows, as_positions, merged_positions
from supertable.application.writes.keys.write_keys import KeyChunk, key_chunks
from supertable.application.writes.staged_files import StagedFiles, StagedFileWriter, staged_scan
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.rebase import restored_since, unprobed_files
from supertable.domain.table.snapshots import Snapshot


@dataclass(frozen=True, slots=True, eq=False)
class Resolution:
    """The effect of staged rows on a table, as of the version `dead.version`.

    `dead`: rows of the table that staged rows supersede, and stale staged rows: those that lose against a row of the
    table with a newer sequence. `superseding` and `stale`: the keys of both kinds of staged rows, if they were kept.
    `matched`: positions of both kinds of staged rows, by path.
    """

    dead: DeadRows = field(default_factory=DeadRows)
    superseding: tuple[pa.Table, ...] = ()
    stale: tuple[pa.Table, ...] = ()
    matched: Mapping[str, Positions] = field(default_factory=dict)

    def valid_in(self, snapshot: Snapshot) -> Resolution:
        """The resolution that an attempt at a later version can start from.

        Empty after a restore, and on a table with a sequence: the row that made a staged row stale may have been
        deleted since.
        """
        kept = snapshot.sequence_name is None and not restored_since(snapshot, self.dead.version)
        return self if kept else Resolution()

    def with_matches(
        self,
        snapshot: Snapshot,
        matches: Iterable[tuple[KeyChunk, KeyMatches]],
        keep_keys: bool,
    ) -> Resolution:
        """This resolution, extended by the matches of all staged rows, chunk by chunk, in files not probed before."""
        found: list[Mapping[str, Positions]] = []
        matched = [self.matched]
        superseding, stale = [*self.superseding], [*self.stale]
        for chunk, match in matches:
            found.append(as_positions(match.superseded))
            matched += [{chunk.file.path: chunk.rows[part.to_numpy()]} for part in (match.by, match.stale) if len(part)]
            if len(match.stale):
                found.append({chunk.file.path: chunk.rows[match.stale.to_numpy()]})
            if keep_keys:
                superseding.append(chunk.keys.take(match.by))
                stale.append(chunk.keys.take(match.stale))
        dead = self.dead.with_probed(snapshot, found)
        return Resolution(dead, tuple(superseding), tuple(stale), merged_positions(matched))


class KeyResolver:
    def __init__(
        self, staging: StagedFileWriter, finder: RowFinder, matcher: KeyMatcher, vectors: DeletionVectors
    ) -> None:
        self._staging = staging
        self._finder = finder
        self._matcher = matcher
        self._vectors = vectors

    def resolve(
        self,
        previous: Resolution,
        newest: OpenTable,
        staged: StagedFiles,
        schema: Schema,
        replaced: Mapping[str, Positions] | None = None,
        keep_keys: bool = False,
    ) -> Resolution:
        """Find the rows of the newest version that staged rows supersede, and the staged rows that are stale.

        `previous`: the resolution of the same staged rows at an earlier version; as far as it is still valid, the files
        that it probed are not probed again. `replaced`: rows of the table to ignore. `keep_keys`: keep the keys of
        staged rows that match, in memory.
        """
        previous = previous.valid_in(newest.snapshot)
        files = unprobed_files(newest.snapshot, previous.dead.probed)
        hidden = {path: self._hidden(newest, path, rows) for path, rows in (replaced or {}).items()}
        matches = self._matches(newest, staged, schema, files, hidden)
        return previous.with_matches(newest.snapshot, matches, keep_keys)

    def complete(self, newest: OpenTable, partial: StagedFiles, schema: Schema) -> StagedFiles:
        """Stage partial rows, whose keys are unique, as complete rows: see `RowFinder.completed`.

        `schema`: has all columns of `partial`, with the same types.
        """
        files = {
            file.path: file
            for chunk in key_chunks(newest, partial, schema, self._staging)
            for file in self._matcher.candidates(KeySearch(newest, chunk.keys, schema), newest.snapshot.files)
        }
        table = newest.unrestricted_scan(files.values(), schema)
        with self._finder.completed(staged_scan(newest, partial), table, self._key_names(newest, schema)) as reader:
            return self._staging.write_unique(newest, reader, schema)

    def _matches(
        self,
        newest: OpenTable,
        staged: StagedFiles,
        schema: Schema,
        files: Mapping[str, DataFile],
        hidden: Mapping[str, bytes],
    ) -> Iterator[tuple[KeyChunk, KeyMatches]]:
        if not files:
            return
        for chunk in key_chunks(newest, staged, schema, self._staging):
            search = KeySearch(newest, chunk.keys, schema, newest.snapshot.sequence_name, hidden)
            whole = staged.rows_in_memory is not None
            yield chunk, self._matcher.matches(search, files, chunk.file if whole else None)

    def _hidden(self, newest: OpenTable, path: str, rows: Positions) -> bytes:
        return self._vectors.with_positions(newest.folder, DeadRowsOfFile(newest.snapshot.files[path], rows))

    @staticmethod
    def _key_names(newest: OpenTable, schema: Schema) -> list[str]:
        return [field.name for key in newest.snapshot.definition.keys if (field := schema.by_id(key))]

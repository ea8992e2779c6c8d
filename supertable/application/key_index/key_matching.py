"""Finding the rows of a table by their keys: by the key index as far as it covers the files, else in the files."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa

from supertable.application.key_index.candidate_files import candidate_files
from supertable.application.key_index.file_keys import ROW_BYTES, FileKeys, KeysOfFiles, TooManyKeys
from supertable.application.key_index.key_indexes import KeyIndexes
from supertable.application.key_index.key_words import Flags, KeyShape, NoWord, Words, key_shape, sequence_words
from supertable.application.key_index.runs import Hits, Keys
from supertable.application.key_index.table_index import TableIndex
from supertable.application.ports.engines.row_finders import KeyMatches, RowFinder
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.positions import Positions, distinct
from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import QueryCancelled, SupertableError
from supertable.domain.scan.scan_plan import AccessStage, Scan
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.data_files import DataFile

_FEW_ROWS = 100_000
"""Files with fewer rows are covered at once; others once as many rows were searched as they have."""
_SHARE_OF_LOOKUP = 1 / 8
"""What a look-up of few keys reads of the files, since it skips row groups."""
_HASHED_ROW_BYTES = 48
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class KeySearch:
    """A search for rows by key. `keys`: unique ones under the names of the table's key columns, and their sequences if
    `sequence` names them. `schema`: defines these columns. `hidden`: bitmaps in place of deletion vectors, by path.
    `seen_alone`: whether rows that the caller does not see are left out, for `KeyMatcher.holding`.
    """

    table: OpenTable
    keys: pa.Table
    schema: Schema
    sequence: str | None = None
    hidden: Mapping[str, bytes] = field(default_factory=dict)
    seen_alone: bool = False

    @property
    def rows(self) -> Hashable:
        """What the index is of: the table's rows, or those of them that the row filter shows, under this schema."""
        folder = self.table.folder
        return (folder, self._shown.condition, self.table.snapshot.schema.id) if self.seen_alone else folder

    def scan(self, files: Sequence[DataFile]) -> Scan:
        """Of these rows in the files, with all columns."""
        scan = self.table.unrestricted_scan(files, self.schema)
        return replace(scan, access=self._shown) if self.seen_alone else scan

    @property
    def _shown(self) -> AccessStage:
        assert self.table.access is not None
        return AccessStage(condition=self.table.access.condition)

    @property
    def names(self) -> list[str]:
        return self.table.snapshot.key_names

    @property
    def shape(self) -> KeyShape:
        definition = self.table.snapshot.definition
        return key_shape(self.schema, definition.keys, definition.sequence)

    def candidates(self, files: Mapping[str, DataFile]) -> Sequence[DataFile]:
        return candidate_files(self.table, self.keys, self.schema, files)


class KeyMatcher:
    def __init__(self, finder: RowFinder, indexes: KeyIndexes, vectors: DeletionVectors) -> None:
        self._finder = finder
        self._indexes = indexes
        self._file_keys = FileKeys(finder)
        self._vectors = vectors

    def matches(self, search: KeySearch, files: Mapping[str, DataFile], new: DataFile | None = None) -> KeyMatches:
        """The live rows of these files with the keys, whoever may see them: exactly those that a search of the files
        finds. `new`: a file whose rows are the keys, in this order, which the index may remember."""
        index = self._index(search)
        wanted = self._encoded(search, index)
        if index is None or wanted is None:
            return self._searched(search, search.candidates(files))
        if not files:
            return _as_matches({}, None)
        keys, sequences = wanted
        missing: Sequence[DataFile] = ()
        uncovered = index.uncovered(files)
        if uncovered:
            missing = self._still_uncovered(index, search, search.candidates(uncovered), 1, _FEW_ROWS)
        found = self._live(search, index, index.found(keys), files)
        if new and not index.covers(new.path):
            rows = np.arange(len(keys.words))
            index.add([new.path], KeysOfFiles(keys, np.zeros_like(rows), rows, sequences))
            self._indexes.make_room(search.rows)
        by_index = _as_matches(found, sequences)
        return _both(by_index, self._searched(search, missing)) if missing else by_index

    def candidates(self, search: KeySearch, files: Mapping[str, DataFile]) -> list[DataFile]:
        """The files that may hold live rows with the keys, in their order."""
        return self.holding(search, search.candidates(files))

    def holding(self, search: KeySearch, files: Sequence[DataFile]) -> list[DataFile]:
        """Those of the files that may hold live rows with the keys. The index is extended only once searches like this
        one have read the files often. The version may be any."""
        index = self._index(search, replaces=search.seen_alone)
        wanted = self._encoded(search, index)
        if index is None or wanted is None:
            return list(files)
        by_path = {file.path: file for file in files}
        uncovered: Sequence[DataFile] = [file for file in files if not index.covers(file.path)]
        if uncovered:
            uncovered = self._still_uncovered(index, search, uncovered, _SHARE_OF_LOOKUP, at_once=0)
        kept = {
            path for path, hits in self._live(search, index, index.found(wanted[0]), by_path).items() if len(hits.rows)
        }
        kept.update(file.path for file in uncovered)
        return [file for file in files if file.path in kept]

    def visible(self, search: KeySearch, files: Mapping[str, DataFile]) -> KeyMatches:
        """The same, of the rows that the caller sees. Hidden rows are left out where the files are searched, so that
        the time says nothing about them that it did not say without an index."""
        if search.table.access is None or search.table.access.condition is None:
            return self.matches(search, files)
        scan = search.table.scan(search.candidates(files), search.schema)
        return self._finder.matching_keys(scan, search.keys, search.names, search.sequence)

    def _index(self, search: KeySearch, replaces: bool = True) -> TableIndex | None:
        """The index. `replaces`: see `KeyIndexes.begin`; then files that the version of `search` lacks may leave it."""
        index = self._indexes.begin(search.rows, search.shape, replaces)
        if index is None or not replaces or not index.may_have_shrunk:
            return index
        return self._indexes.replace(search.rows, index, index.without_lost(search.table.snapshot.files))

    def _encoded(self, search: KeySearch, index: TableIndex | None) -> tuple[Keys, Words | None] | None:
        """None: the index cannot answer."""
        if index is None:
            return None
        try:
            keys = self._file_keys.encoded(search.keys, search.names, search.schema, index.shape)
            if search.sequence is None or index.shape.sequence is None:
                return keys, None
            return keys, sequence_words(search.keys[search.sequence], index.shape.sequence[1])
        except NoWord:
            return None

    def _searched(self, search: KeySearch, files: Sequence[DataFile]) -> KeyMatches:
        if not files:
            return _as_matches({}, None)
        hidden = {file.path: search.hidden[file.path] for file in files if file.path in search.hidden}
        scan = search.table.unrestricted_scan(files, search.schema, hidden)
        return self._finder.matching_keys(scan, search.keys, search.names, search.sequence)

    def _still_uncovered(
        self, index: TableIndex, search: KeySearch, files: Sequence[DataFile], share: float, at_once: int
    ) -> Sequence[DataFile]:
        """Those of the files that the index does not cover, after it was extended, if that is worthwhile.

        `share`: how much of the rows a search without the index reads. `at_once`: cover so many rows without delay.
        """
        rows = sum(file.rows for file in files)
        if rows > max(at_once, index.searched_rows):
            index.searched_rows += int(rows * share)
            return files
        index.searched_rows = 0
        self._extend(index, search, files)
        return [file for file in files if not index.covers(file.path)]

    def _extend(self, index: TableIndex, search: KeySearch, files: Sequence[DataFile]) -> None:
        """No-op if the keys do not fit, another thread extends the index, or the files cannot be read: whoever searches
        them then says why."""
        room = self._indexes.most_bytes - index.bytes
        row_bytes = _HASHED_ROW_BYTES if index.shape.is_hashed else ROW_BYTES
        if sum(file.rows for file in files) * row_bytes > room or not index.extending.acquire(blocking=False):
            return
        try:
            scan = search.scan(files)
            sequence = search.table.snapshot.sequence_name
            found = self._file_keys.read(scan, search.names, sequence, index.shape, room)
            index.add([file.path for file in scan.files], found)
            self._indexes.make_room(search.rows)
        except QueryCancelled:
            raise
        except (SupertableError, NoWord, TooManyKeys, MemoryError):
            return
        finally:
            index.extending.release()

    def _live(self, search: KeySearch, index: TableIndex, hits: Hits, files: Mapping[str, DataFile]) -> dict[str, Hits]:
        """The hits in these files without dead rows, by path, rows ascending."""
        hits = hits.take(np.lexsort((hits.rows, hits.files)))
        starts = np.flatnonzero(np.diff(hits.files, prepend=-1))
        found = {}
        for start, end in pairwise([*starts, len(hits.files)]):
            path = index.path(int(hits.files[start]))
            file = files.get(path)
            if file is not None:
                of_file = hits.take(slice(start, end))
                found[path] = of_file.take(self._alive(search, file, of_file.rows))
        return found

    def _alive(self, search: KeySearch, file: DataFile, rows: Positions) -> Flags:
        bitmap = search.hidden.get(file.path)
        if bitmap is None and file.deletes is None:
            return np.ones(len(rows), dtype=bool)
        dead = np.frombuffer(bitmap or self._vectors.bitmap(search.table.folder, file), dtype=np.uint8)
        alive: Flags = (dead[rows >> 3] >> (7 - (rows & 7)).astype(np.uint8)) & 1 == 0
        return alive


def _as_matches(found: Mapping[str, Hits], sequences: Words | None) -> KeyMatches:
    """`sequences`: of the keys that were looked for; None: all of them supersede what was found."""
    superseded, by, stale = {}, [_NONE], [_NONE]
    for path, hits in found.items():
        newer = _newer(hits, sequences)
        by.append(hits.numbers[~newer])
        stale.append(hits.numbers[newer])
        if len(by[-1]):
            superseded[path] = pa.array(hits.rows[~newer])
    return KeyMatches(superseded, _distinct(by), _distinct(stale))


def _newer(hits: Hits, sequences: Words | None) -> Flags:
    if sequences is None or hits.sequences is None:
        return np.zeros(len(hits.rows), dtype=bool)
    newer: Flags = hits.sequences > sequences[hits.numbers]
    return newer


def _both(one: KeyMatches, other: KeyMatches) -> KeyMatches:
    """The matches in different files."""
    return KeyMatches(
        {**one.superseded, **other.superseded},
        _distinct([one.by.to_numpy(), other.by.to_numpy()]),
        _distinct([one.stale.to_numpy(), other.stale.to_numpy()]),
    )


def _distinct(parts: Sequence[Positions]) -> pa.Array:
    return pa.array(distinct(np.concatenate(parts)), pa.int64())

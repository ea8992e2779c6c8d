"""Lists of files that are no objects yet, beside the same files as objects."""

from __future__ import annotations

import pickle
import random
from collections.abc import Sequence

import numpy as np
import pytest

from supertable.application.storage.snapshot_files.column_lists import ColumnList, chosen_files
from supertable.application.storage.snapshot_files.column_pruning import pruned_files
from supertable.domain.scan.file_lists import FileList
from supertable.domain.scan.predicates import ALWAYS, Compare
from supertable.domain.scan.scan_plan import FileGroup, Scan, grouped
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import ChangedFiles, FileChanges
from tests.support.drawn_files import CURRENT, WRITTEN, Drawn, as_arrays


def expected_groups(files: Sequence[DataFile], hidden: set[str]) -> list[tuple[int, list[str], list[str], list[str]]]:
    """By schema: the paths of the clean files, the dirty ones, and those without objects."""
    found = []
    for number in sorted({file.schema_id for file in files}):
        mine = [file for file in files if file.schema_id == number]
        stored = [file for file in mine if file.content is None]
        dirty = [file.path for file in stored if file.deletes is not None or file.path in hidden]
        clean = [file.path for file in stored if file.path not in dirty]
        found.append((number, clean, dirty, [file.path for file in mine if file.content is not None]))
    return found


def paths(group: FileGroup) -> tuple[int, list[str], list[str], list[str]]:
    clean, dirty, inline = ([file.path for file in part] for part in (group.clean, group.dirty, group.inline))
    return group.schema.id, clean, dirty, inline


@pytest.mark.parametrize("seed", range(4))
def test_they_are_grouped_counted_and_added_up_like_objects(seed: int, drawn: Drawn, arrays: ChangedFiles) -> None:
    chance = random.Random(seed)
    base, share = arrays.base, chance.choice([0.0, 0.5, 1.0])
    rows = np.array([row for row in range(len(base)) if chance.random() < share], np.int64)
    kept = {file.path for row, file in enumerate(base.values()) if row in rows and file.path not in arrays.removed}
    files = [file for file, _ in drawn if file.path in kept or file.path in arrays.added]
    hidden = {file.path for file in files if chance.random() < 0.1}
    assert list(chosen_files(arrays, rows, list(arrays.added.values()))) == files
    rows = np.setdiff1d(rows, base.rows_of(arrays.removed))  # type: ignore[attr-defined]
    lazy = ColumnList(base, rows, arrays.replaced, list(arrays.added.values()))  # type: ignore[arg-type]
    assert len(lazy) == len(files)
    assert lazy.bytes == sum(file.bytes for file in files)
    groups = grouped(lazy, WRITTEN, hidden)
    assert [paths(group) for group in groups] == expected_groups(files, hidden)
    scan = Scan("t", "f", 1, CURRENT, groups, len(drawn), 0)
    assert scan.file_count == len(files) == len(scan.files)
    assert scan.bytes_to_read == sum(file.bytes for file in files)
    assert list(lazy) == files
    assert [lazy[place] for place in range(len(lazy))] == files
    assert pickle.loads(pickle.dumps(lazy)) == files


def test_a_condition_that_keeps_very_many_files_makes_none_of_them() -> None:
    many = [DataFile(f"data/{n}", 1, n, "", 3, {}) for n in range(3000)]
    files = ChangedFiles(as_arrays(many))
    for predicate in (ALWAYS, Compare("int", ">", 0)):
        found = pruned_files(files, predicate, WRITTEN, CURRENT)
        assert isinstance(found, FileList)
        assert list(found) == many
    changes = FileChanges(files)
    changes.apply([file.path for file in many[1000:]], {}, [])
    left = pruned_files(changes.files(), ALWAYS, WRITTEN, CURRENT)
    assert left == many[:1000]

"""Files with changes, against a plain dictionary that is copied for every commit."""

from __future__ import annotations

import random

import pytest

from supertable.domain.table.data_files import DeletionVector
from supertable.domain.table.file_sets import ChangedFiles, FileChanges, added_since, differing_paths, totals_of
from tests.support.domain_builders import data_file
from tests.support.file_histories import random_history


@pytest.mark.parametrize("seed", range(20))
def test_every_version_of_a_history_has_the_files_of_the_model(seed: int) -> None:
    for files, model in random_history(random.Random(seed), 15):
        assert list(files.items()) == list(model.items())
        assert list(files) == list(model)
        assert list(files.values()) == list(model.values())
        assert len(files) == len(model)
        assert dict(files) == model
        assert files.some([*model, "data/none.parquet"]) == model
        assert {file.path for file in files.dirty()} == {path for path, file in model.items() if file.deletes}
        assert all(path in files for path in model)
        assert "data/none.parquet" not in files
        with pytest.raises(KeyError):
            files["data/none.parquet"]
        assert list(files.by_schema) == ([1] if model else [])
        for clean, dirty, inline in files.by_schema.values():
            assert clean == tuple(file for file in model.values() if not file.deletes)
            assert dirty == tuple(file for file in model.values() if file.deletes)
            assert inline == ()
        totals = totals_of(files)
        assert totals == totals_of(model)
        assert totals.rows == sum(file.rows for file in model.values())
        assert totals.dead_rows == sum(file.deletes.rows for file in model.values() if file.deletes)
        assert totals.live_rows == totals.rows - totals.dead_rows


@pytest.mark.parametrize("seed", range(20))
def test_the_differences_of_any_two_versions_are_found(seed: int) -> None:
    history = random_history(random.Random(seed), 8)
    for files, model in history:
        for other, others in history:
            differing = {path for path in {*model, *others} if model.get(path) != others.get(path)}
            assert differing_paths(files, other) == differing
            added = [(path, others[path]) for path in others if path not in model]
            assert list(added_since(files, other).items()) == added
            assert list(added_since(model, other).items()) == added
            assert list(other.chosen(differing)) == [file for path, file in others.items() if path in differing]


def test_a_commit_does_not_change_earlier_versions_or_look_at_other_files() -> None:
    first = FileChanges({})
    first.apply([], {}, [data_file("a"), data_file("b")])
    base = ChangedFiles(first.files())
    second = FileChanges(base)
    second.apply(["data/a.parquet"], {}, [data_file("c")])
    assert list(base) == ["data/a.parquet", "data/b.parquet"]
    assert list(second.files()) == ["data/b.parquet", "data/c.parquet"]
    assert second.files().changed_paths == {"data/a.parquet", "data/c.parquet"}


@pytest.mark.parametrize("change", [(["x"], {}), ([], {"x": DeletionVector("v", 1, "")})], ids=["removed", "marked"])
def test_a_change_of_a_file_that_is_not_there_is_an_error(change: tuple[list[str], dict[str, DeletionVector]]) -> None:
    with pytest.raises(ValueError, match="which the table does not have"):
        FileChanges({}).apply(*change, [])

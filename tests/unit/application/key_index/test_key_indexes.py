"""The indexes of a process take a bounded number of bytes."""

from __future__ import annotations

import numpy as np

from supertable.application.key_index.file_keys import KeysOfFiles
from supertable.application.key_index.key_indexes import KeyIndexes
from supertable.application.key_index.key_words import KeyShape
from supertable.application.key_index.runs import Keys
from supertable.domain.schema.types import DataType

INT32, INT64 = KeyShape(((1, DataType("int32")),), None), KeyShape(((1, DataType("int64")),), None)


def fill(indexes: KeyIndexes, folder: str, rows: int) -> None:
    index = indexes.begin(folder, INT64)
    assert index
    numbers = np.arange(rows)
    index.add([f"{folder}/file"], KeysOfFiles(Keys(numbers, None, None), np.zeros(rows, np.int64), numbers, None))
    indexes.make_room(folder)


def test_the_table_used_least_recently_leaves_first() -> None:
    indexes = KeyIndexes(16 * 250)
    fill(indexes, "a", 100)
    fill(indexes, "b", 100)
    assert indexes.find("a", INT64)
    fill(indexes, "c", 100)
    assert [bool(indexes.find(folder, INT64)) for folder in "abc"] == [True, False, True]
    assert indexes.bytes == 16 * 200 + 2 * 200


def test_an_index_that_does_not_fit_leaves_the_others_first_and_then_itself() -> None:
    indexes = KeyIndexes(16 * 250)
    fill(indexes, "a", 100)
    fill(indexes, "b", 300)
    assert (indexes.find("a", INT64), indexes.find("b", INT64)) == (None, None)
    assert indexes.bytes == 0


def test_no_bytes_mean_no_index() -> None:
    assert KeyIndexes(0).begin("a", INT64) is None


def test_a_change_of_the_keys_type_begins_a_new_index() -> None:
    indexes = KeyIndexes(1000)
    first = indexes.begin("a", INT32)
    assert indexes.begin("a", INT32) is first
    assert indexes.begin("a", INT64, replaces=False) is None
    second = indexes.begin("a", INT64)
    assert second is not first
    assert indexes.find("a", INT32) is None

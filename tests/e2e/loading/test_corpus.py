"""The corpus through the doors: Python, the command line, and the REST API. All give the rows that are right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from tests.e2e.loading.cases import typed, written
from tests.e2e.loading.corpus import CORPUS

RIGHT = {name: case for name, case in CORPUS.items() if not case.error}
WRONG = {name: case for name, case in CORPUS.items() if case.error}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with supertable.connect(tmp_path_factory.mktemp("home")) as lake:
        yield lake


def table_name(case: str) -> str:
    return "t" + "".join(letter if letter.isalnum() else "_" for letter in case)


def stored(lake: Lake, table: str) -> pa.Table:
    return lake.sql(f'SELECT * FROM "{table}"').arrow()


@pytest.mark.parametrize("name", RIGHT)
def test_files_have_the_rows_that_are_right(lake: Lake, tmp_path: Path, name: str) -> None:
    case = CORPUS[name]
    loaded = lake.load(written(tmp_path, case), table_name(name), **case.options)
    found = stored(lake, table_name(name))
    assert found.column_names == case.names.split()
    assert typed(list(zip(*found.to_pydict().values(), strict=True))) == typed(case.rows)
    if loaded.columns:
        assert [column.name for column in loaded.columns] == case.names.split()


@pytest.mark.parametrize("name", WRONG)
def test_what_no_column_holds_is_refused(lake: Lake, tmp_path: Path, name: str) -> None:
    case = CORPUS[name]
    with pytest.raises(supertable.SupertableError) as caught:
        lake.load(written(tmp_path, case), table_name(name), **case.options)
    assert case.error in str(caught.value)
    assert not any(table.name == table_name(name) for table in lake.tables())

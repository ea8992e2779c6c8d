"""Versions that callers give: whole numbers and tags, and nothing that would have to be rounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import InvalidInput, NotFound, VersionNotFound
from supertable.entrypoints.sdk.lakes.lake import Lake


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home=home) as lake:
        lake.create_table("t", pa.schema([("n", pa.int32())]))
        for n in (1, 2):
            lake.write("t", pa.table({"n": pa.array([n], pa.int32())}))
        yield lake


USES: list[Callable[[Lake, Any], Any]] = [
    lambda lake, version: lake.table("t").restore(version),
    lambda lake, version: lake.table("t").tag("kept", version),
    lambda lake, version: lake.clone("t", "copy", version),
    lambda lake, version: lake.changes("t", version),
    lambda lake, version: lake.changes("t", 0, version),
]


@pytest.mark.parametrize("version", [1.5, 1.0, True, b"1", [1], 2 + 0j], ids=repr)
@pytest.mark.parametrize("use", USES)
def test_a_version_that_is_no_whole_number(lake: Lake, use: Callable[[Lake, Any], Any], version: Any) -> None:
    with pytest.raises(InvalidInput, match=r"whole number"):
        use(lake, version)
    assert lake.table("t").info().version == 3
    assert [info.name for info in lake.tables()] == ["t"]


@pytest.mark.parametrize("version", [0, -1, 4, 2**70, "0", "-1", "4"])
@pytest.mark.parametrize("use", USES[:3])
def test_a_version_that_the_table_does_not_have(lake: Lake, use: Callable[[Lake, Any], Any], version: Any) -> None:
    with pytest.raises(VersionNotFound):
        use(lake, version)


@pytest.mark.parametrize("version", ["", "1.5", "1e2", " 1", "٣", "no_such"])
@pytest.mark.parametrize("use", USES[:3])
def test_text_that_is_no_tag(lake: Lake, use: Callable[[Lake, Any], Any], version: Any) -> None:
    with pytest.raises(NotFound):
        use(lake, version)


def test_digits_are_a_version(lake: Lake) -> None:
    lake.table("t").restore("2")
    assert lake.sql("SELECT n FROM t").arrow().to_pylist() == [{"n": 1}]
    assert lake.sql("SELECT n FROM t AT (VERSION => '3') ORDER BY n").arrow().to_pylist() == [{"n": 1}, {"n": 2}]

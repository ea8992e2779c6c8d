from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import supertable
from tests.support.odata.paged_tables import COLUMNS, World, paged_table


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home: Path = tmp_path_factory.mktemp("pages")
    with supertable.connect(home=home) as lake:
        table = paged_table()
        lake.create_table("keyed", COLUMNS, keys=["id"])
        lake.write("keyed", table)
        lake.create_table("plain", COLUMNS)
        lake.write("plain", table)
        lake.write("plain", table.slice(3, 9))
        lake.write("plain", table.slice(3, 2))
        yield World(lake)

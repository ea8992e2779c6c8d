from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import supertable
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.orders import ORDERS


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    """A new, empty lake."""
    with supertable.connect(home=home) as lake:
        yield lake


@pytest.fixture
def keyed(lake: Lake) -> Lake:
    """A lake with an empty table `orders`, which has the key `id`."""
    lake.create_table("orders", ORDERS, keys=["id"])
    return lake

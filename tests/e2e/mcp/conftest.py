from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from tests.support.mcp.service import McpService

ORDERS = pa.table(
    {
        "id": [1, 2, 2**60, 4],
        "region": ["EU", "EU", "US", "EU"],
        "amount": pa.array([Decimal("1.10"), None, Decimal("99.99"), Decimal("3.33")], pa.decimal128(10, 2)),
        "salary": [10, 20, 30, 40],
    }
)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with the tables `orders` and `hidden_orders`."""
    home = tmp_path_factory.mktemp("lake")
    with supertable.connect(home) as lake:
        lake.write("orders", ORDERS, keys=["id"])
        lake.write("hidden_orders", ORDERS, keys=["id"])
    return home


@pytest.fixture(scope="session")
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home) as lake:
        yield lake


@pytest.fixture(scope="session")
def token(lake: Lake) -> str:
    """Of a user who sees the rows of `orders` in the region EU, without the column `salary`, and no other table."""
    lake.roles.create("clerk", "reader")
    lake.roles.grant("clerk", "orders", columns=["id", "region", "amount"], where="region = 'EU'")
    lake.users.create("ann", ["clerk"])
    return lake.tokens.create("for tests", "ann").secret


@pytest.fixture(scope="session")
def service(home: Path, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpService]:
    service = McpService(home, tmp_path_factory.mktemp("service"))
    yield service
    service.stop()

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from tests.support.api.service import ApiService
from tests.support.mcp.service import McpService
from tests.support.mcp.tester import Browser

SECRET = "a secret of this deployment, long enough"
HOSTILE = """'"><script>alert(1)</script>&amp;"""
ORDERS = pa.table({"id": [1, 2, 3], "region": ["EU", HOSTILE, "US"], "salary": [10, 20, 30]})


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with the table `orders`, whose comment and values are hostile."""
    home = tmp_path_factory.mktemp("lake")
    with supertable.connect(home) as lake:
        lake.write("orders", ORDERS, keys=["id"])
        lake.sql("COMMENT ON TABLE orders IS '" + HOSTILE.replace("'", "''") + "'")
    return home


@pytest.fixture(scope="package")
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home) as lake:
        yield lake


@pytest.fixture(scope="package")
def token(lake: Lake) -> str:
    """Of a user who does not see the column `salary`."""
    lake.roles.create("clerk", "reader")
    lake.roles.grant("clerk", "orders", columns=["id", "region"])
    lake.users.create("ann", ["clerk"])
    return lake.tokens.create("for tests", "ann").secret


@pytest.fixture(scope="package")
def mcp(home: Path, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpService]:
    """It runs one call at a time."""
    service = McpService(home, tmp_path_factory.mktemp("mcp"), SUPERTABLE_MAX_CONCURRENCY="1")
    yield service
    service.stop()


@pytest.fixture(scope="package")
def tester(home: Path, mcp: McpService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiService]:
    """Behind a proxy on this machine."""
    settings = {
        "SUPERTABLE_MCP_TESTER_URL": mcp.url,
        "SUPERTABLE_SESSION_SECRET": SECRET,
        "SUPERTABLE_TEST_QUERY": f"SELECT {HOSTILE}",
        "SUPERTABLE_TRUSTED_PROXIES": "127.0.0.1",
    }
    service = ApiService(home, tmp_path_factory.mktemp("tester"), "mcp-tester", **settings)
    yield service
    service.stop()


@pytest.fixture
def open_browser(tester: ApiService) -> Iterator[Callable[..., Browser]]:
    opened: list[Browser] = []

    def opening(address: str = "192.0.2.1") -> Browser:
        opened.append(Browser(tester.url, address))
        return opened[-1]

    yield opening
    for browser in opened:
        browser.http.close()


@pytest.fixture
def ann(open_browser: Callable[..., Browser], token: str) -> Browser:
    """Signed in as the user of `token`."""
    browser = open_browser()
    assert browser.sign_in(token).status_code == 303
    return browser

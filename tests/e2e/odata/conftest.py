from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import supertable
from supertable import Lake
from supertable.entrypoints.odata.app import create_app
from tests.support.api.server import TOKEN, ApiServer


@pytest.fixture
def lake(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """The lake that `server` serves, for direct access as the superuser."""
    monkeypatch.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
    with supertable.connect(home) as lake:
        yield lake


@pytest.fixture
def server(lake: Lake) -> Iterator[ApiServer]:
    """OData over the container of `lake`."""
    server = ApiServer(lake._container, create_app)
    yield server
    server.stop()


@pytest.fixture
def odata(server: ApiServer) -> Iterator[httpx.Client]:
    """A client of OData, signed in as the superuser. Its paths are relative to the default supertable."""
    with httpx.Client(
        base_url=f"{server.url}/odata/", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30, verify=False
    ) as client:
        yield client

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import supertable
from supertable import Lake
from tests.support.api.server import TOKEN, ApiServer


@pytest.fixture
def lake(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """The lake that `server` serves, for direct access as the superuser."""
    monkeypatch.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
    with supertable.connect(home) as lake:
        yield lake


@pytest.fixture
def server(lake: Lake) -> Iterator[ApiServer]:
    """The API over the container of `lake`."""
    server = ApiServer(lake._container)
    yield server
    server.stop()


@pytest.fixture
def api(server: ApiServer) -> Iterator[httpx.Client]:
    """A client of the API, signed in as the superuser."""
    with server.client() as client:
        yield client

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from dependency_injector import providers

import supertable
from supertable import Lake
from supertable.domain.errors import NotSignedIn
from supertable.domain.sessions import Session, owner
from tests.api_server import TOKEN, ApiServer


def sign_in(organization: str, credential: str, role: str | None) -> Session:
    if credential != TOKEN:
        raise NotSignedIn("This token is not known.")
    return owner(organization, role)


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    """The lake that `server` serves, as its owner sees it."""
    with supertable.connect(home) as lake:
        yield lake


@pytest.fixture
def server(lake: Lake) -> Iterator[ApiServer]:
    """The API over the container of `lake`."""
    if "sign_in" not in lake.container.providers:
        lake.container.set_provider("sign_in", providers.Object(sign_in))
    server = ApiServer(lake.container)
    yield server
    server.stop()


@pytest.fixture
def api(server: ApiServer) -> Iterator[httpx.Client]:
    """Calls the API as the superuser."""
    with server.client() as client:
        yield client

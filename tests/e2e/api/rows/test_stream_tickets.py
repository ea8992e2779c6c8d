"""Tickets open one WebSocket, once, soon, at one address, under one user and role, through any worker."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

import supertable
from supertable import Lake
from supertable.adapters.clocks.manual import ManualClock
from supertable.adapters.codecs.json_documents import JsonDocument
from supertable.application.authentication.tickets import Ticket, Tickets
from supertable.application.jobs.expired_jobs import ExpireJobs
from supertable.config.container import Container
from supertable.domain.access.sessions import owner
from supertable.domain.errors import NotSignedIn
from tests.support.api.actors import TABLES, create_token, run_concurrently
from tests.support.api.server import TOKEN, ApiServer

STREAM = f"{TABLES}/events/stream"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
        yield tmp_path_factory.mktemp("tickets")


@pytest.fixture(scope="module")
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home) as lake:
        for name in ("events", "others"):
            lake.create_table(name, pa.schema([("id", pa.int64())]))
        yield lake


@pytest.fixture(scope="module")
def servers(lake: Lake, home: Path) -> Iterator[tuple[ApiServer, ApiServer]]:
    """Two workers: services over the same store that share nothing else."""
    with supertable.connect(home) as other:
        both = ApiServer(lake._container), ApiServer(other._container)
        yield both
        for server in both:
            server.stop()


def ticket_of(server: ApiServer, token: str = TOKEN, role: str | None = None) -> str:
    with server.client(token, role) as client:
        answer = client.post(f"{STREAM}/tickets")
        assert answer.status_code == 201, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json()["address"] == STREAM
        return str(answer.json()["ticket"])


def write_by(server: ApiServer, ticket: str, path: str = STREAM, number: int = 1) -> dict[str, object] | None:
    """The acknowledgement of one message without any header; None: no connection."""
    try:
        with connect(f"{server.url.replace('http', 'ws')}{path}?ticket={ticket}") as socket:
            socket.send(json.dumps({"id": number}))
            answer: dict[str, object] = json.loads(socket.recv(10))
            return answer
    except (InvalidStatus, ConnectionClosed):
        return None


def test_a_ticket_opens_one_connection_through_another_worker(servers: tuple[ApiServer, ApiServer], lake: Lake) -> None:
    ticket = ticket_of(servers[0])
    acknowledged = write_by(servers[1], ticket, number=11)
    assert acknowledged is not None
    assert acknowledged["rows_committed"] == 1
    assert write_by(servers[0], ticket) is None
    assert write_by(servers[1], ticket) is None
    assert lake.sql("SELECT id FROM events WHERE id = 11").arrow().num_rows == 1


def test_of_many_uses_at_once_one_succeeds(servers: tuple[ApiServer, ApiServer]) -> None:
    ticket = ticket_of(servers[0])
    opened = run_concurrently(6, lambda number: write_by(servers[number % 2], ticket, number=21))
    assert sum(answer is not None for answer in opened) == 1


def test_a_ticket_is_for_one_address(servers: tuple[ApiServer, ApiServer]) -> None:
    ticket = ticket_of(servers[0])
    assert write_by(servers[0], ticket, f"{TABLES}/others/stream") is None
    with httpx.Client() as client:
        assert (
            client.get(f"{servers[0].url}/api/v1/whoami", headers={"Authorization": f"Bearer {ticket}"}).status_code
            == 401
        )
        answer = client.get(f"{servers[0].url}{TABLES}/events/rows?ticket={ticket}")
    assert answer.status_code == 401


@pytest.mark.parametrize("ticket", ["", "tk_", "tk_" + "a" * 43 + ".default", "tk_" + "a" * 43 + ".../x", TOKEN])
def test_invented_tickets_open_nothing(servers: tuple[ApiServer, ApiServer], ticket: str) -> None:
    assert write_by(servers[0], ticket) is None


def test_a_ticket_expires(lake: Lake) -> None:
    container: Container = lake._container
    clock = ManualClock(time.time_ns() // 1000)
    observer, identifiers = container.sign_in_events(), container.identifiers()
    tickets = Tickets(container.store(), JsonDocument(Ticket), clock, identifiers, observer)
    session = owner("default")
    first, second = (tickets.issue(session, STREAM)[0] for _ in range(2))
    clock.sleep(29.9)
    assert tickets.redeem(first, STREAM, "default") == session
    clock.sleep(0.2)
    with pytest.raises(NotSignedIn, match="expired"):
        tickets.redeem(second, STREAM, "default")


def test_a_ticket_has_the_rights_of_its_user_and_role_now(servers: tuple[ApiServer, ApiServer], lake: Lake) -> None:
    lake.roles.create("feeder", "writer", ["events"])
    lake.roles.create("viewer", "reader", ["events"])
    token = create_token(lake, "eve", "feeder")
    with servers[0].client(create_token(lake, "vic", "viewer")) as viewer:
        assert viewer.post(f"{STREAM}/tickets").status_code == 403
        assert viewer.post(f"{TABLES}/others/stream/tickets").status_code == 404
    assert write_by(servers[1], ticket_of(servers[0], token)) is not None
    ticket = ticket_of(servers[0], token)
    lake.users.alter("eve", enabled=False)
    answer = write_by(servers[1], ticket)
    assert answer is None or "error" in answer


def test_old_tickets_are_deleted(servers: tuple[ApiServer, ApiServer], lake: Lake) -> None:
    write_by(servers[0], ticket_of(servers[0]))
    ticket_of(servers[0])
    store = lake._container.store()
    assert {entry.key.endswith(".used") for entry in store.list("default/-/tickets/")} == {True, False}
    for hours, expected in ((0.9, True), (1.1, False)):
        clock = ManualClock(time.time_ns() // 1000 + round(hours * 3_600_000_000))
        ExpireJobs(store, clock, kept_seconds=86_400)("default")
        assert bool(list(store.list("default/-/tickets/"))) == expected

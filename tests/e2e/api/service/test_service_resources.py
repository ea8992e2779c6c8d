"""`/whoami`, `/config` and `/audit`."""

from __future__ import annotations

import datetime
from typing import Any

import httpx
import pyarrow as pa
import pytest

from supertable import Lake
from supertable.config.settings.settings import Settings
from tests.support.api.actors import kind_of, token_of
from tests.support.api.server import TOKEN, ApiServer

AUDIT = "/api/v1/audit"


def test_who_the_caller_is(lake: Lake, server: ApiServer, api: httpx.Client) -> None:
    own = api.get("/api/v1/whoami").json()
    assert (own["role"], own["superuser"], own["organization"]) == ("superadmin", True, "default")
    lake.roles.create("analyst", "reader")
    with server.client(token_of(lake, "ada", "analyst", region="north")) as ada:
        found = ada.get("/api/v1/whoami").json()
        assert (found["user"], found["role"], found["role_type"]) == ("ada", "analyst", "reader")
        assert found["permissions"] == ["read", "meta"]
        assert found["attributes"] == {"region": "north"}
        assert kind_of(ada.get("/api/v1/whoami", headers={"X-Supertable-Role": "superadmin"})) == "access-denied"


def test_settings_are_shown_without_secrets(lake: Lake, api: httpx.Client) -> None:
    pages: list[dict[str, Any]] = []
    cursor = None
    while cursor is not None or not pages:
        page = api.get("/api/v1/config", params={"limit": 7, **({"cursor": cursor} if cursor else {})}).json()
        pages, cursor = [*pages, *page["items"]], page["next_cursor"]
    shown = {entry["name"]: entry for entry in pages}
    assert set(shown) == {setting.name for setting in Settings().describe()}
    assert shown["SUPERTABLE_HOME"]["value"] == str(lake.settings.home)
    assert shown["SUPERTABLE_SUPERTOKEN"]["value"] == "(hidden)"
    assert TOKEN not in str(pages)


@pytest.fixture
def told(lake: Lake, server: ApiServer) -> Lake:
    """A lake in which ada was refused something, and rows were written."""
    lake.create_table_from("orders", pa.table({"id": [1, 2, 3]}))
    lake.roles.create("analyst", "reader", "orders")
    with server.client(token_of(lake, "ada", "analyst")) as ada:
        ada.get("/api/v1/supertables/main/tables/orders/rows")
        assert ada.delete("/api/v1/supertables/main/tables/orders").status_code == 403
    return lake


def listed(api: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    answer = api.get(AUDIT, params={"limit": 1000, **params})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_the_log_tells_who_did_what_newest_first(told: Lake, api: httpx.Client) -> None:
    events = listed(api)
    sequences = [event["sequence"] for event in events]
    assert sequences == list(range(len(events), 0, -1))
    refusals = listed(api, kind="refusal")
    assert {(event["user_name"], event["outcome"]) for event in refusals} == {("ada", "AccessDenied")}
    assert {event["user_name"] for event in listed(api, user="ADA")} == {"ada"}
    by_hash = listed(api, user=refusals[0]["user"])
    assert {event["user_name"] for event in by_hash} == {"ada"}
    assert all("orders" in event["tables"] for event in listed(api, table="Orders"))
    assert listed(api, table="Orders", kind="query", user="ada")
    assert all(event["outcome"] == "ok" for event in listed(api, outcome="ok"))
    assert listed(api, supertable="nowhere") == []
    assert TOKEN not in str(events)


def test_a_span_of_time(told: Lake, api: httpx.Client) -> None:
    events = listed(api)
    middle = events[len(events) // 2]
    after = listed(api, since=middle["at"], until=events[0]["at"])
    assert {event["sequence"] for event in after} >= {middle["sequence"]}
    assert all(middle["at"] <= event["at"] < events[0]["at"] for event in after)
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    assert listed(api, since=tomorrow.isoformat()) == []
    assert listed(api, since=tomorrow.replace(tzinfo=None).isoformat()) == []


def test_pages_of_the_log_stand_still(told: Lake, api: httpx.Client) -> None:
    whole = [event["sequence"] for event in listed(api)]
    found: list[int] = []
    cursor: str | None = None
    for _ in range(len(whole)):
        page = api.get(AUDIT, params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        found += [event["sequence"] for event in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == list(range(found[0], 0, -1))
    assert found[0] >= whole[0]


@pytest.mark.parametrize(
    "query",
    [
        "kind=nonsense",
        "since=yesterday",
        "until=0.5",
        "until=1",
        "since=2026-01-01T00:00:00%2B99:00",
        "limit=0",
        "cursor=x",
        "since=2026-13-01T00:00:00",
    ],
)
def test_bad_questions_are_refused(api: httpx.Client, query: str) -> None:
    answer = api.get(f"{AUDIT}?{query}")
    assert answer.status_code == 400, answer.text
    kind_of(answer)


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%", "\x00", "x" * 5_000, "ä"])
def test_filters_are_values(told: Lake, api: httpx.Client, text: str) -> None:
    for name in ("user", "outcome", "supertable", "table"):
        assert listed(api, **{name: text}) == []


def test_the_log_is_for_roles_that_may_control(told: Lake, server: ApiServer) -> None:
    told.roles.create("all_reader", "reader", "*")
    told.roles.create("boss", "admin")
    with server.client(token_of(told, "eve", "all_reader")) as eve:
        assert kind_of(eve.get(AUDIT)) == "access-denied"
        assert eve.get("/api/v1/supertables/system/tables").json()["items"] == []
        hidden = eve.get("/api/v1/supertables/system/tables/audit/rows")
        assert kind_of(hidden) == "table-not-found"
    with server.client(token_of(told, "bob", "boss")) as bob:
        assert bob.get(AUDIT).json()["items"]

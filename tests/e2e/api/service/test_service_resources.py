"""`/whoami`, `/config` and `/audit`."""

from __future__ import annotations

import datetime
from typing import Any

import httpx
import pyarrow as pa
import pytest

from supertable import Lake
from supertable.config.settings.settings import Settings
from tests.support.api.actors import create_token, problem_type_of
from tests.support.api.server import TOKEN, ApiServer

AUDIT = "/api/v1/audit"


def test_whoami_describes_the_caller(lake: Lake, server: ApiServer, api: httpx.Client) -> None:
    own = api.get("/api/v1/whoami").json()
    assert (own["role"], own["superuser"], own["organization"]) == ("superadmin", True, "default")
    lake.roles.create("analyst", "reader")
    with server.client(create_token(lake, "ada", "analyst", region="north")) as ada:
        found = ada.get("/api/v1/whoami").json()
        assert (found["user"], found["role"], found["role_type"]) == ("ada", "analyst", "reader")
        assert found["permissions"] == ["read", "meta"]
        assert found["attributes"] == {"region": "north"}
        assert (
            problem_type_of(ada.get("/api/v1/whoami", headers={"X-Supertable-Role": "superadmin"})) == "access-denied"
        )


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
def audited_lake(lake: Lake, server: ApiServer) -> Lake:
    """A lake in which rows were written, and a request of ada was refused."""
    lake.create_table_from("orders", pa.table({"id": [1, 2, 3]}))
    lake.roles.create("analyst", "reader", "orders")
    with server.client(create_token(lake, "ada", "analyst")) as ada:
        ada.get("/api/v1/supertables/main/tables/orders/rows")
        assert ada.delete("/api/v1/supertables/main/tables/orders").status_code == 403
    return lake


def list_events(api: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    answer = api.get(AUDIT, params={"limit": 1000, **params})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_the_audit_log_lists_events_newest_first(audited_lake: Lake, api: httpx.Client) -> None:
    events = list_events(api)
    sequences = [event["sequence"] for event in events]
    assert sequences == list(range(len(events), 0, -1))
    refusals = list_events(api, kind="refusal")
    assert {(event["user_name"], event["outcome"]) for event in refusals} == {("ada", "AccessDenied")}
    assert {event["user_name"] for event in list_events(api, user="ADA")} == {"ada"}
    by_hash = list_events(api, user=refusals[0]["user"])
    assert {event["user_name"] for event in by_hash} == {"ada"}
    assert all("orders" in event["tables"] for event in list_events(api, table="Orders"))
    assert list_events(api, table="Orders", kind="query", user="ada")
    assert all(event["outcome"] == "ok" for event in list_events(api, outcome="ok"))
    assert list_events(api, supertable="nowhere") == []
    assert TOKEN not in str(events)


def test_events_are_filtered_by_time(audited_lake: Lake, api: httpx.Client) -> None:
    events = list_events(api)
    middle = events[len(events) // 2]
    after = list_events(api, since=middle["at"], until=events[0]["at"])
    assert {event["sequence"] for event in after} >= {middle["sequence"]}
    assert all(middle["at"] <= event["at"] < events[0]["at"] for event in after)
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    assert list_events(api, since=tomorrow.isoformat()) == []
    assert list_events(api, since=tomorrow.replace(tzinfo=None).isoformat()) == []


def test_new_events_shift_no_page(audited_lake: Lake, api: httpx.Client) -> None:
    whole = [event["sequence"] for event in list_events(api)]
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
def test_invalid_parameters_are_refused(api: httpx.Client, query: str) -> None:
    answer = api.get(f"{AUDIT}?{query}")
    assert answer.status_code == 400, answer.text
    problem_type_of(answer)


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%", "\x00", "x" * 5_000, "ä"])
def test_filters_are_bound_as_values(audited_lake: Lake, api: httpx.Client, text: str) -> None:
    for name in ("user", "outcome", "supertable", "table"):
        assert list_events(api, **{name: text}) == []


def test_the_audit_log_needs_the_permission_control(audited_lake: Lake, server: ApiServer) -> None:
    audited_lake.roles.create("all_reader", "reader", "*")
    audited_lake.roles.create("boss", "admin")
    with server.client(create_token(audited_lake, "eve", "all_reader")) as eve:
        assert problem_type_of(eve.get(AUDIT)) == "access-denied"
        assert eve.get("/api/v1/supertables/system/tables").json()["items"] == []
        hidden = eve.get("/api/v1/supertables/system/tables/audit/rows")
        assert problem_type_of(hidden) == "table-not-found"
    with server.client(create_token(audited_lake, "bob", "boss")) as bob:
        assert bob.get(AUDIT).json()["items"]

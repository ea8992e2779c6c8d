"""`…/rows`, `…/changes` and `…/statistics`, for roles that see the whole table or a part of it."""

from __future__ import annotations

import base64
import datetime
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from supertable import Lake
from tests.support.api.actors import TABLES, create_token, problem_type_of
from tests.support.api.server import ApiServer

T = f"{TABLES}/orders"
ROWS = pa.table(
    {
        "id": [1, 2, 3, 4],
        "region": ["north", "north", "south", "south"],
        "amount": pa.array([Decimal("1.50"), None, Decimal("99.00"), Decimal("-7.00")], pa.decimal128(10, 2)),
        "card": ["4000-1111", "4000-2222", "4000-3333", None],
        "secret": ["a", "b", "c", "d"],
    }
)
MINE = ROWS.filter(pa.compute.equal(ROWS["region"], "north")).drop_columns(["secret"])


@pytest.fixture(autouse=True)
def orders(lake: Lake) -> Lake:
    """A table with four rows at version 2; version 3 deletes the fourth."""
    lake.create_table_from("orders", ROWS, keys="id")
    lake.delete("orders", "id = 4")
    return lake


@pytest.fixture
def restricted(lake: Lake, server: ApiServer) -> Iterator[httpx.Client]:
    """A client whose role sees two rows, no column `secret`, and the last two digits of the cards."""
    lake.roles.create("analyst", "reader")
    lake.roles.grant(
        "analyst",
        "orders",
        columns=["id", "region", "amount", "card"],
        masks={"card": "last:2"},
        where="region = user_attribute('region')",
    )
    with server.client(create_token(lake, "ada", "analyst", region="north")) as client:
        yield client


def test_a_preview_reads_the_newest_or_a_given_version(api: httpx.Client) -> None:
    newest = api.get(f"{T}/rows").json()
    assert sorted(row["id"] for row in newest["rows"]) == [1, 2, 3]
    assert newest["versions"] == {"orders": [3]}
    assert len(api.get(f"{T}/rows", params={"limit": 2}).json()["rows"]) == 2
    assert api.get(f"{T}/rows", params={"limit": 0}).json()["rows"] == []
    then = api.get(f"{T}/rows", params={"version": 2})
    assert sorted(row["id"] for row in then.json()["rows"]) == [1, 2, 3, 4]


@pytest.mark.parametrize("path", ["rows?version=2", "changes?after=0&up_to=2"])
def test_every_format_has_the_rows(api: httpx.Client, path: str) -> None:
    def read(accept: str) -> bytes:
        answer = api.get(f"{T}/{path}", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, accept)
        return answer.content

    arrow = pa.ipc.open_stream(read("application/vnd.apache.arrow.stream")).read_all()
    assert arrow.select(ROWS.column_names).sort_by("id") == ROWS
    assert pq.read_table(io.BytesIO(read("application/vnd.apache.parquet"))).sort_by("id") == arrow.sort_by("id")
    assert read("text/csv").count(b"\n") == read("application/x-ndjson").count(b"\n") + 1 == 5
    refused = api.get(f"{T}/{path}", headers={"Accept": "image/png"})
    assert (refused.status_code, problem_type_of(refused)) == (406, "not-acceptable")


def test_changes_list_inserts_updates_and_deletes(orders: Lake, api: httpx.Client) -> None:
    orders.write("orders", pa.table({"id": [1, 9], "region": ["east", "east"]}), "upsert")
    found = api.get(f"{T}/changes", params={"after": 2}).json()["rows"]
    changes = sorted((row["_version"], row["_change"], row["id"], row["region"]) for row in found)
    assert changes == [
        (3, "delete", 4, "south"),
        (4, "insert", 9, "east"),
        (4, "update_after", 1, "east"),
        (4, "update_before", 1, "north"),
    ]
    assert api.get(f"{T}/changes", params={"after": 2, "up_to": 3}).json()["rows"] == found[:1]
    assert api.get(f"{T}/changes", params={"after": 4}).json()["rows"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("rows?limit=-1", 400),
        ("rows?limit=10001", 400),
        ("rows?limit=x", 400),
        ("rows?version=0", 400),
        ("rows?version=99", 404),
        ("rows?version=first", 400),
        ("changes", 400),
        ("changes?after=-1", 400),
        ("changes?after=x", 400),
        ("changes?after=99", 404),
        ("changes?after=2&up_to=1", 404),
        ("changes?after=0&up_to=99", 404),
        ("changes?after=0&up_to=0", 400),
    ],
)
def test_invalid_parameters_are_refused(api: httpx.Client, query: str, status: int) -> None:
    answer = api.get(f"{T}/{query}")
    assert answer.status_code == status, answer.text
    problem_type_of(answer)


@pytest.mark.parametrize("name", ['a"b', "orders; --", "main.orders", "(SELECT 1)", "'x'", "x" * 200])
def test_table_names_are_never_parsed_as_sql(api: httpx.Client, name: str) -> None:
    for path in ("rows", "changes?after=0", "statistics"):
        answer = api.get(f"{TABLES}/{name}/{path}")
        assert answer.status_code in (400, 404), answer.text
        problem_type_of(answer)


def test_the_supertable_is_not_a_table(api: httpx.Client) -> None:
    for path in ("", "/rows", "/changes?after=0", "/statistics", "/versions"):
        assert problem_type_of(api.get(f"{TABLES}/main{path}")) == "table-not-found", path


def test_statistics_are_exact(api: httpx.Client) -> None:
    found = api.get(f"{T}/statistics").json()
    assert (found["table"], found["version"], found["rows"], found["files"]) == ("orders", 3, 3, 1)
    assert found["bytes"] > 0
    columns = {column.pop("name"): column for column in found["columns"]}
    assert columns["id"] == {"type": "int64", "nulls": 0, "distinct": 3, "min": 1, "max": 3}
    assert columns["region"] == {"type": "string", "nulls": 0, "distinct": 2, "min": "north", "max": "south"}
    assert columns["amount"] == {"type": "decimal(10,2)", "nulls": 1, "distinct": 2, "min": 1.50, "max": 99.00}


def test_statistics_of_all_types(lake: Lake, api: httpx.Client) -> None:
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=datetime.UTC)
    table = pa.table(
        {
            'odd "name"': [1.5, float("nan")],
            "data": [b"\x00\xff", b"\x01"],
            "flag": [True, None],
            "day": [moment.date(), None],
            "at": pa.array([moment, None], pa.timestamp("us", "UTC")),
            "list": [[1, 2], None],
            "struct": [{"x": 1}, {"x": None}],
            "nothing": pa.array([None, None], pa.string()),
        }
    )
    lake.create_table_from("all_types", table)
    found = api.get(f"{TABLES}/all_types/statistics").json()["columns"]
    statistics = {
        column["name"]: (column["nulls"], column["distinct"], column["min"], column["max"]) for column in found
    }
    assert statistics == {
        'odd "name"': (0, 2, 1.5, "NaN"),
        "data": (0, 2, base64.b64encode(b"\x00\xff").decode(), base64.b64encode(b"\x01").decode()),
        "flag": (1, 1, True, True),
        "day": (1, 1, "2026-01-02", "2026-01-02"),
        "at": (1, 1, "2026-01-02T03:04:05.6Z", "2026-01-02T03:04:05.6Z"),
        "list": (1, None, None, None),
        "struct": (0, None, None, None),
        "nothing": (2, 0, None, None),
    }


def test_statistics_of_an_empty_table(lake: Lake, api: httpx.Client) -> None:
    lake.create_table("empty", pa.schema([("id", pa.int64())]))
    found = api.get(f"{TABLES}/empty/statistics").json()
    assert (found["rows"], found["files"], found["bytes"]) == (0, 0, 0)
    assert found["columns"] == [{"name": "id", "type": "int64", "nulls": 0, "distinct": 0, "min": None, "max": None}]


class TestRestrictedRole:
    """Every response is that of a table which has only the visible part."""

    def test_statistics_cover_only_visible_rows(self, lake: Lake, api: httpx.Client, restricted: httpx.Client) -> None:
        lake.create_table_from("mine", MINE.set_column(3, "card", pa.array(["****11", "****22"])))
        found, expected = restricted.get(f"{T}/statistics").json(), api.get(f"{TABLES}/mine/statistics").json()
        assert (found["rows"], found["files"], found["bytes"]) == (2, None, None)
        assert found["columns"] == expected["columns"]

    def test_no_response_contains_hidden_data(self, restricted: httpx.Client) -> None:
        for path in ("", "/schema", "/versions", "/versions/2", "/rows", "/changes?after=0", "/statistics", "/tags"):
            answer = restricted.get(T + path)
            assert answer.status_code == 200, path
            for hidden in ("secret", "south", "99", "4000", "3333"):
                assert hidden not in re.sub(r'"[\d-]+T[^"]*Z"', "", answer.text), (path, hidden)

    def test_settings_and_deletions_are_refused(self, restricted: httpx.Client) -> None:
        for path in ("/settings", "/tombstones"):
            assert problem_type_of(restricted.get(T + path)) == "access-denied", path

    def test_counts_are_null(self, restricted: httpx.Client) -> None:
        for info in (restricted.get(T).json(), restricted.get(TABLES).json()["items"][0]):
            assert [info[name] for name in ("rows", "dead_rows", "files", "bytes")] == [None] * 4
        for entry in (restricted.get(f"{T}/versions").json()["items"][0], restricted.get(f"{T}/versions/3").json()):
            counts = ("rows_inserted", "rows_deleted", "files_added", "files_removed", "bytes_added", "predicate")
            assert {name: entry[name] for name in counts} == dict.fromkeys(counts)

    def test_rows_and_changes_are_filtered_and_masked(self, restricted: httpx.Client) -> None:
        expected: list[dict[str, Any]] = [
            {"id": 1, "region": "north", "amount": 1.50, "card": "****11"},
            {"id": 2, "region": "north", "amount": None, "card": "****22"},
        ]
        assert restricted.get(f"{T}/rows").json()["rows"] == expected
        changes = restricted.get(f"{T}/changes", params={"after": 0}).json()["rows"]
        assert changes == [{"_change": "insert", "_version": 2, **row} for row in expected]

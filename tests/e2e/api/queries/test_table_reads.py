"""`…/rows`, `…/changes` and `…/statistics`: what is in a table, for who sees all of it and who sees a part."""

from __future__ import annotations

import base64
import datetime
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from supertable import Lake
from tests.support.api.actors import TABLES, kind_of, token_of
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
    """Version 2: the rows; in version 3 the fourth is deleted."""
    lake.create_table_from("orders", ROWS, keys="id")
    lake.delete("orders", "id = 4")
    return lake


@pytest.fixture
def part(lake: Lake, server: ApiServer) -> Iterator[httpx.Client]:
    """Calls as one who sees two rows of the table, not the column `secret`, and of the cards the last two digits."""
    lake.roles.create("analyst", "reader")
    lake.roles.grant(
        "analyst",
        "orders",
        columns=["id", "region", "amount", "card"],
        masks={"card": "last:2"},
        where="region = user_attribute('region')",
    )
    with server.client(token_of(lake, "ada", "analyst", region="north")) as client:
        yield client


def test_a_preview_is_of_the_newest_version_or_another(api: httpx.Client) -> None:
    newest = api.get(f"{T}/rows").json()
    assert sorted(row["id"] for row in newest["rows"]) == [1, 2, 3]
    assert newest["versions"] == {"orders": [3]}
    assert len(api.get(f"{T}/rows", params={"limit": 2}).json()["rows"]) == 2
    assert api.get(f"{T}/rows", params={"limit": 0}).json()["rows"] == []
    then = api.get(f"{T}/rows", params={"version": 2})
    assert sorted(row["id"] for row in then.json()["rows"]) == [1, 2, 3, 4]


@pytest.mark.parametrize("path", ["rows?version=2", "changes?after=0&up_to=2"])
def test_every_format_has_the_rows(api: httpx.Client, path: str) -> None:
    def asked(accept: str) -> bytes:
        answer = api.get(f"{T}/{path}", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, accept)
        return answer.content

    arrow = pa.ipc.open_stream(asked("application/vnd.apache.arrow.stream")).read_all()
    assert arrow.select(ROWS.column_names).sort_by("id") == ROWS
    assert pq.read_table(io.BytesIO(asked("application/vnd.apache.parquet"))).sort_by("id") == arrow.sort_by("id")
    assert asked("text/csv").count(b"\n") == asked("application/x-ndjson").count(b"\n") + 1 == 5
    refused = api.get(f"{T}/{path}", headers={"Accept": "image/png"})
    assert (refused.status_code, kind_of(refused)) == (406, "not-acceptable")


def test_changes_tell_what_came_and_went(orders: Lake, api: httpx.Client) -> None:
    orders.write("orders", pa.table({"id": [1, 9], "region": ["east", "east"]}), "upsert")
    found = api.get(f"{T}/changes", params={"after": 2}).json()["rows"]
    told = sorted((row["_version"], row["_change"], row["id"], row["region"]) for row in found)
    assert told == [
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
def test_bad_questions_are_refused(api: httpx.Client, query: str, status: int) -> None:
    answer = api.get(f"{T}/{query}")
    assert answer.status_code == status, answer.text
    kind_of(answer)


@pytest.mark.parametrize("name", ['a"b', "orders; --", "main.orders", "(SELECT 1)", "'x'", "x" * 200])
def test_a_name_is_never_a_part_of_a_statement(api: httpx.Client, name: str) -> None:
    for path in ("rows", "changes?after=0", "statistics"):
        answer = api.get(f"{TABLES}/{name}/{path}")
        assert answer.status_code in (400, 404), answer.text
        kind_of(answer)


def test_the_name_of_the_supertable_is_no_table(api: httpx.Client) -> None:
    for path in ("", "/rows", "/changes?after=0", "/statistics", "/versions"):
        assert kind_of(api.get(f"{TABLES}/main{path}")) == "table-not-found", path


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
    told = {column["name"]: (column["nulls"], column["distinct"], column["min"], column["max"]) for column in found}
    assert told == {
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


class TestWhoSeesAPart:
    """Every answer is that of a table which holds just this part."""

    def test_statistics_are_of_the_part(self, lake: Lake, api: httpx.Client, part: httpx.Client) -> None:
        lake.create_table_from("mine", MINE.set_column(3, "card", pa.array(["****11", "****22"])))
        found, expected = part.get(f"{T}/statistics").json(), api.get(f"{TABLES}/mine/statistics").json()
        assert (found["rows"], found["files"], found["bytes"]) == (2, None, None)
        assert found["columns"] == expected["columns"]

    def test_no_answer_holds_anything_else(self, part: httpx.Client) -> None:
        for path in ("", "/schema", "/versions", "/versions/2", "/rows", "/changes?after=0", "/statistics", "/tags"):
            answer = part.get(T + path)
            assert answer.status_code == 200, path
            for hidden in ("secret", "south", "99", "4000", "3333"):
                assert hidden not in answer.text, (path, hidden)

    def test_what_tells_of_all_rows_is_refused(self, part: httpx.Client) -> None:
        for path in ("/settings", "/tombstones"):
            assert kind_of(part.get(T + path)) == "access-denied", path

    def test_counts_are_left_out(self, part: httpx.Client) -> None:
        for info in (part.get(T).json(), part.get(TABLES).json()["items"][0]):
            assert [info[name] for name in ("rows", "dead_rows", "files", "bytes")] == [None] * 4
        for entry in (part.get(f"{T}/versions").json()["items"][0], part.get(f"{T}/versions/3").json()):
            counts = ("rows_inserted", "rows_deleted", "files_added", "files_removed", "bytes_added", "predicate")
            assert {name: entry[name] for name in counts} == dict.fromkeys(counts)

    def test_rows_and_changes_are_of_the_part(self, part: httpx.Client) -> None:
        expected: list[dict[str, Any]] = [
            {"id": 1, "region": "north", "amount": 1.50, "card": "****11"},
            {"id": 2, "region": "north", "amount": None, "card": "****22"},
        ]
        assert part.get(f"{T}/rows").json()["rows"] == expected
        changes = part.get(f"{T}/changes", params={"after": 0}).json()["rows"]
        assert changes == [{"_change": "insert", "_version": 2, **row} for row in expected]

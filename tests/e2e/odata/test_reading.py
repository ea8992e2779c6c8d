"""Entities, properties, counts and pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pyarrow as pa
import pytest

from supertable import Lake
from tests.support.api.actors import create_token
from tests.support.api.server import ApiServer

_ROWS = pa.table(
    {
        "id": [1, 2, 3],
        "name": ['a "b"\n', None, "c/d'é"],
        "big": pa.array([2**63 - 1, -1, None], pa.int64()),
        "huge": pa.array([2**64 - 1, 0, None], pa.uint64()),
        "price": pa.array([Decimal("1.50"), None, Decimal("0.00")], pa.decimal128(20, 2)),
        "score": [1.5, float("nan"), float("-inf")],
        "at": pa.array([dt.datetime(2026, 1, 2, 3, 4, 5, 600_000), None, dt.datetime(1, 1, 1)], pa.timestamp("us")),
        "day": pa.array([dt.date(2026, 1, 2), None, dt.date(1, 1, 1)]),
        "hour": pa.array([dt.time(1, 2, 3), None, dt.time(23, 59, 59, 999_999)], pa.time64("us")),
        "raw": [b"\xfb\xff", None, b""],
        "flag": [True, False, None],
        "place": [{"city": "Rome", "zip": {"code": 7}}, None, {"city": None, "zip": None}],
        "tags": [["x", None], None, []],
        "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
    }
)


@pytest.fixture
def things(lake: Lake) -> Lake:
    lake.write("things", _ROWS, keys=["id"])
    return lake


def _pages(odata: httpx.Client, path: str, rows: int) -> Iterator[dict[str, Any]]:
    link: str | None = path
    while link:
        answer = odata.get(link, headers={"Prefer": f"odata.maxpagesize={rows}"})
        assert answer.status_code == 200, answer.text
        yield answer.json()
        link = answer.json().get("@odata.nextLink")


def test_values_of_every_type(things: Lake, odata: httpx.Client) -> None:
    first, second, third = odata.get("things?$orderby=id").json()["value"]
    assert first == {
        "id": 1,
        "name": 'a "b"\n',
        "big": 2**63 - 1,
        "huge": 2**64 - 1,
        "price": 1.5,
        "score": 1.5,
        "at": "2026-01-02T03:04:05.6Z",
        "day": "2026-01-02",
        "hour": "01:02:03",
        "raw": "-_8=",
        "flag": True,
        "place": {"city": "Rome", "zip": {"code": 7}},
        "tags": ["x", None],
        "map": '{"k":1}',
    }
    nothing: dict[str, Any] = {
        "place": None,
        "tags": [],
        "map": None,
        "name": None,
        "at": None,
        "raw": None,
        "price": None,
    }
    assert {name: second[name] for name in nothing} == nothing
    assert (second["score"], third["score"], third["at"]) == ("NaN", "-INF", "0001-01-01T00:00:00Z")
    assert (third["place"], third["tags"], third["raw"]) == ({"city": None, "zip": None}, [], "")


def test_numbers_that_doubles_cannot_hold_are_strings_on_request(things: Lake, odata: httpx.Client) -> None:
    answer = odata.get("things?$top=1&$count=true", headers={"Accept": "application/json;IEEE754Compatible=true"})
    assert "IEEE754Compatible=true" in answer.headers["content-type"]
    (row,) = answer.json()["value"]
    assert (row["id"], row["big"], row["huge"], row["price"]) == ("1", str(2**63 - 1), str(2**64 - 1), "1.50")
    assert answer.json()["@odata.count"] == "3"


def test_the_context_says_what_was_selected(things: Lake, odata: httpx.Client) -> None:
    root = f"{odata.base_url}$metadata#things"
    assert odata.get("things").json()["@odata.context"] == root
    chosen = odata.get("things?$select=name,id").json()
    assert chosen["@odata.context"] == f"{root}(name,id)"
    assert list(chosen["value"][0]) == ["name", "id"]
    assert odata.get("things(1)").json()["@odata.context"] == f"{root}/$entity"
    assert odata.get("things(1)?$select=id").json()["@odata.context"] == f"{root}(id)/$entity"
    assert odata.get("things(1)/name").json()["@odata.context"] == f"{root}(1)/name"


def test_full_metadata_tells_types_and_none_tells_nothing(things: Lake, odata: httpx.Client) -> None:
    full = odata.get("things?$top=1", headers={"Accept": "application/json;odata.metadata=full"}).json()["value"][0]
    assert full["@odata.type"] == "#SuperTable.main.things"
    assert full["big@odata.type"] == "#Int64"
    assert full["@odata.id"] == f"{odata.base_url}things(1)"
    one = odata.get("things(1)", headers={"Accept": "application/json;odata.metadata=full"}).json()
    assert odata.get(one["@odata.id"]).json()["name"] == one["name"]
    assert full["tags@odata.type"] == "#Collection(String)"
    assert "name@odata.type" not in full
    none = odata.get("things?$top=1", headers={"Accept": "application/json;odata.metadata=none"}).json()
    assert list(none) == ["value"]


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("things(3)/name/$value", 200, "c/d'é"),
        ("things(1)/price/$value", 200, "1.50"),
        ("things(1)/place/city/$value", 200, "Rome"),
        ("things(1)/place/zip/code/$value", 200, "7"),
        ("things(1)/tags/$count", 200, "2"),
        ("things(2)/name", 204, ""),
        ("things(2)/name/$value", 204, ""),
        ("things/$count", 200, "3"),
        ("things/$count?$filter=id gt 1", 200, "2"),
        ("things(id=2)/flag/$value", 200, "false"),
    ],
)
def test_raw_values(things: Lake, odata: httpx.Client, path: str, status: int, text: str) -> None:
    answer = odata.get(path, headers={"Accept": "application/xml"} if "$" in path else {})
    assert (answer.status_code, answer.text) == (status, text)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("things(9)", 404),
        ("things(x)", 400),
        ("things(1", 400),
        ("things(id=1,name='x')", 400),
        ("things(1)/nothing", 404),
        ("things(1)/name/city", 404),
        ("things(1)/place/$value", 400),
        ("things/nothing", 404),
        ("nothing", 404),
        ("things?$top=-1", 400),
        ("things?$skip=x", 400),
        ("things?$select=nothing", 400),
        ("things?$filter=nothing eq 1", 400),
        ("things?filter=", 400),
        ("things?$skiptoken=x", 400),
        ("things?$deltatoken=x", 400),
        ("things(1)?$filter=id eq 1", 400),
        ("things?$expand=x", 501),
        ("$crossjoin(things)", 501),
        ("%ff", 400),
    ],
)
def test_what_does_not_exist_or_is_not_valid(things: Lake, odata: httpx.Client, path: str, status: int) -> None:
    answer = odata.get(path)
    assert answer.status_code == status, answer.text
    assert set(answer.json()["error"]) == {"code", "message"}


def test_options_work_without_a_dollar_and_in_any_case(things: Lake, odata: httpx.Client) -> None:
    for path in ("things?$filter=id eq 2", "things?filter=id eq 2", "things?$FILTER=id eq 2", "things?Filter=id+eq+2"):
        assert [row["id"] for row in odata.get(path).json()["value"]] == [2], path


@pytest.mark.parametrize(
    "path",
    ["numbers", "numbers?$orderby=group desc", "numbers?$filter=n ge 10&$select=group", "loose?$orderby=n"],
    ids=["keys", "ordered", "filtered", "no-keys"],
)
def test_pages_are_of_one_version_whatever_is_written_meanwhile(lake: Lake, odata: httpx.Client, path: str) -> None:
    rows = pa.table({"n": list(range(97)), "group": [n % 3 for n in range(97)]})
    lake.write("numbers", rows, keys=["n"])
    lake.write("loose", pa.concat_tables([rows, rows]))
    whole = odata.get(path).json()["value"]
    found: list[Any] = []
    for number, page in enumerate(_pages(odata, path, 10)):
        assert len(page["value"]) <= 10
        found += page["value"]
        lake.write("numbers", pa.table({"n": [-number - 1, number], "group": [7, 7]}))
        lake.write("loose", pa.table({"n": [-number], "group": [7]}))
    assert found == whole


def test_top_and_skip_are_of_the_whole_and_not_of_a_page(lake: Lake, odata: httpx.Client) -> None:
    lake.write("numbers", pa.table({"n": list(range(50))}), keys=["n"])
    pages = list(_pages(odata, "numbers?$top=25&$skip=3&$count=true", 10))
    assert [len(page["value"]) for page in pages] == [10, 10, 5]
    assert [row["n"] for page in pages for row in page["value"]] == list(range(3, 28))
    assert pages[0]["@odata.count"] == 50
    assert odata.get("numbers?$top=0").json()["value"] == []


def test_a_link_of_another_caller_or_query_is_refused(lake: Lake, server: ApiServer, odata: httpx.Client) -> None:
    lake.write("numbers", pa.table({"n": list(range(50))}), keys=["n"])
    link = odata.get("numbers?$orderby=n", headers={"Prefer": "maxpagesize=5"}).json()["@odata.nextLink"]
    assert odata.get(link).status_code == 200
    assert odata.get(link.replace("orderby=n", "orderby=n desc")).status_code == 400
    lake.roles.create("reader", "reader", ["numbers"])
    with server.client(create_token(lake, "ann", "reader")) as other:
        assert other.get(link).status_code == 400


def test_a_page_of_a_version_that_a_vacuum_removed_is_gone(lake: Lake, odata: httpx.Client) -> None:
    lake.write("numbers", pa.table({"n": list(range(50))}), keys=["n"])
    answer = odata.get("numbers", headers={"Prefer": "odata.maxpagesize=5,odata.track-changes"}).json()
    for _ in range(2):
        lake.write("numbers", pa.table({"n": [1]}), "overwrite")
    lake.vacuum(0, grace=0)
    gone = odata.get(answer["@odata.nextLink"])
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "gone")


def test_tags_of_collections_and_entities_change_with_the_table(things: Lake, odata: httpx.Client) -> None:
    for path in ("things?$filter=id eq 1", "things(1)"):
        etag = odata.get(path).headers["etag"]
        assert odata.get(path, headers={"If-None-Match": etag}).status_code == 304
        things.write("things", _ROWS.slice(0, 1))
        assert odata.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_a_role_reads_its_rows_and_nothing_else(lake: Lake, server: ApiServer) -> None:
    lake.write("staff", pa.table({"id": [1, 2, 3], "name": ["ann", "bob", "eve"], "pay": [1, 2, 3]}), keys=["id"])
    lake.roles.create("narrow", "reader")
    lake.roles.grant("narrow", "staff", columns=["id", "name"], masks={"name": "first:1"}, where="id < 3")
    with server.client(create_token(lake, "ann", "narrow")) as client:
        rows = client.get("/odata/staff?$count=true")
        assert [row["id"] for row in rows.json()["value"]] == [1, 2]
        assert rows.json()["@odata.count"] == 2
        assert not [name for name in ("ann", "pay") if name in rows.text]
        assert "etag" not in rows.headers
        assert client.get("/odata/staff/$count").text == "2"
        assert client.get("/odata/staff(3)").status_code == client.get("/odata/staff(9)").status_code == 404
        hidden, absent = (client.get(f"/odata/staff?$filter={name} eq 1") for name in ("pay", "paz"))
        assert hidden.status_code == absent.status_code == 400
        assert hidden.text.replace("pay", "paz") == absent.text


def test_a_long_query_can_be_posted(things: Lake, odata: httpx.Client) -> None:
    answer = odata.post("things/$query", content="$filter=id eq 2&$select=id", headers={"Content-Type": "text/plain"})
    assert answer.json()["value"] == [{"id": 2}]
    assert odata.post("things/$query", json={}).status_code == 415


def test_views_are_read_like_tables_without_keys(things: Lake, odata: httpx.Client) -> None:
    things.sql("CREATE VIEW seen AS SELECT id, name FROM things WHERE id > 1")
    assert [row["id"] for row in odata.get("seen?$orderby=id").json()["value"]] == [2, 3]
    assert odata.get("seen/$count").text == "2"

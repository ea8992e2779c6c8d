"""`GET …/rows`: filters, order and cursors, beside a plain model in Python."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cmp_to_key
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from tests.support.api.actors import TABLES, create_token, problem_type_of
from tests.support.api.server import TOKEN, ApiServer

T = f"{TABLES}/orders"
UTC = dt.UTC
NAN, INF = float("nan"), float("inf")
COUNT = 60


def _row(number: int) -> dict[str, Any]:
    """Every column has few values, some null, so that orders have ties."""
    return {
        "id": number,
        "region": [None, "north", "south", "a,b\\c:eq:d", ""][number % 5],
        "amount": [Decimal("1.50"), None, Decimal("-7.00"), Decimal("99.00")][number % 4],
        "ratio": [0.1, NAN, -INF, None, -0.0, 0.0, 1e300][number % 7],
        "small": [0.1, 2.5, None][number % 3],
        "at": [dt.datetime(2026, 1, 1, 12, 0, 0, 1000 * (number % 2)), None][number % 9 == 0],
        "zoned": dt.datetime(2026, 1, 1 + number % 3, tzinfo=UTC),
        "day": dt.date(2026, 2, 1 + number % 4),
        "flag": [True, False, None][number % 3],
        "raw": [b"\x00\xff", b"", None][number % 3],
        "big": 2**63 - 1 - number % 2,
        'Odd "name': number % 2,
        "lines": [[1, 2], [1], None, []][number % 4],
    }


SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("region", pa.string()),
        ("amount", pa.decimal128(10, 2)),
        ("ratio", pa.float64()),
        ("small", pa.float32()),
        ("at", pa.timestamp("us")),
        ("zoned", pa.timestamp("us", "UTC")),
        ("day", pa.date32()),
        ("flag", pa.bool_()),
        ("raw", pa.binary()),
        ("big", pa.int64()),
        ('Odd "name', pa.int8()),
        ("lines", pa.list_(pa.int64())),
    ]
)
MODEL = [_row(number) for number in range(COUNT)]
ROWS = pa.Table.from_pylist(MODEL, SCHEMA)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lake, ApiServer]]:
    """`orders` has the rows in three files and keys; `loose` has each row twice and no keys; `wide` long texts."""
    home: Path = tmp_path_factory.mktemp("rows")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
        with supertable.connect(home) as lake:
            lake.create_table("orders", SCHEMA, keys="id")
            for start in range(0, COUNT, 20):
                lake.write("orders", ROWS.slice(start, 20))
            lake.create_table_from("loose", pa.concat_tables([ROWS.drop_columns("id")] * 2))
            lake.create_table_from("wide", pa.table({"text": ["x" * 3000 + str(n % 3) for n in range(9)]}))
            lake.roles.create("analyst", "reader", ())
            lake.roles.grant(
                "analyst", "orders", columns=["id", "region", "amount"], masks={"region": "null"}, where="id < 30"
            )
            server = ApiServer(lake._container)
            yield lake, server
            server.stop()


@pytest.fixture(scope="module")
def client(served: tuple[Lake, ApiServer]) -> Iterator[httpx.Client]:
    with served[1].client() as client:
        yield client


@pytest.fixture(scope="module")
def analyst(served: tuple[Lake, ApiServer]) -> Iterator[httpx.Client]:
    lake, server = served
    with server.client(create_token(lake, "ada", "analyst")) as client:
        yield client


def _pages(client: httpx.Client, limit: int, path: str = T, **parameters: Any) -> list[list[dict[str, Any]]]:
    pages: list[list[dict[str, Any]]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get(f"{path}/rows", params={"limit": limit, **parameters, **cursor})
        assert answer.status_code == 200, answer.text
        pages.append(answer.json()["rows"])
        assert len(pages) <= 2 * COUNT + 1
        if answer.json()["next_cursor"] is None:
            return pages
        cursor = {"cursor": answer.json()["next_cursor"]}


FILTERS = (
    ("id:eq:7", lambda row: row["id"] == 7),
    ("ID:le:3", lambda row: row["id"] <= 3),
    ("id:in:1,2,77", lambda row: row["id"] in (1, 2, 77)),
    ("id:gt:99999999999999999999", lambda row: False),
    ("region:eq:north", lambda row: row["region"] == "north"),
    ("region:eq:", lambda row: row["region"] == ""),
    ("region:eq:a,b\\c:eq:d", lambda row: row["region"] == "a,b\\c:eq:d"),
    ("region:in:a\\,b\\\\c:eq:d,south", lambda row: row["region"] in ("a,b\\c:eq:d", "south")),
    ("region:ne:north", lambda row: row["region"] not in (None, "north")),
    ("region:is:null", lambda row: row["region"] is None),
    ("amount:is:not_null", lambda row: row["amount"] is not None),
    ("amount:eq:1.5", lambda row: row["amount"] == Decimal("1.5")),
    ("amount:gt:1.4999999", lambda row: row["amount"] is not None and row["amount"] > Decimal("1.4999999")),
    ("amount:eq:1.501", lambda row: False),
    ("ratio:eq:0", lambda row: row["ratio"] == 0),
    ("ratio:eq:NaN", lambda row: row["ratio"] is not None and row["ratio"] != row["ratio"]),
    ("ratio:lt:-1e308", lambda row: row["ratio"] == -INF),
    ("small:eq:0.1", lambda row: row["small"] == 0.1),
    ("at:eq:2026-01-01T12:00:00.001", lambda row: row["at"] == dt.datetime(2026, 1, 1, 12, 0, 0, 1000)),
    ("at:lt:2026-01-01", lambda row: False),
    ("zoned:eq:2026-01-02T01:00:00+01:00", lambda row: row["zoned"] == dt.datetime(2026, 1, 2, tzinfo=UTC)),
    ("zoned:ge:2026-01-03", lambda row: row["zoned"].day == 3),
    ("day:eq:2026-02-03", lambda row: row["day"] == dt.date(2026, 2, 3)),
    ("flag:eq:true", lambda row: row["flag"] is True),
    ("raw:eq:AP8=", lambda row: row["raw"] == b"\x00\xff"),
    ("big:eq:9223372036854775807", lambda row: row["big"] == 2**63 - 1),
    ('Odd "name:eq:1', lambda row: row['Odd "name'] == 1),
    ("region:eq:x' OR 1=1 --", lambda row: False),
)


@pytest.mark.parametrize(("text", "holds"), FILTERS, ids=[each[0] for each in FILTERS])
def test_a_filter_keeps_the_rows_for_which_it_holds(client: httpx.Client, text: str, holds: Any) -> None:
    answer = client.get(f"{T}/rows", params={"filter": text, "limit": 1000})
    assert answer.status_code == 200, answer.text
    assert [row["id"] for row in answer.json()["rows"]] == [row["id"] for row in MODEL if holds(row)]


def test_several_filters_must_all_hold(client: httpx.Client) -> None:
    found = client.get(f"{T}/rows", params={"filter": ["region:eq:north", "flag:eq:false"]}).json()["rows"]
    assert [row["id"] for row in found] == [n for n in range(COUNT) if n % 5 == 1 and n % 3 == 1]


REFUSED = (
    ({"filter": "id"}, "'id' is no filter."),
    ({"filter": "id:like:1"}, "'id:like:1' is no filter."),
    ({"filter": "id:eq:1.5"}, "'1.5' is no int64, which column id holds."),
    ({"filter": "id:in:1,"}, "'' is no int64"),
    ({"filter": "regoin:eq:x"}, "There is no column 'regoin'. Did you mean region?"),
    ({"filter": "day:eq:2026-02-30"}, "'2026-02-30' is no date"),
    ({"filter": "at:eq:2026-01-01T00:00:00Z"}, "is no timestamp(us)"),
    ({"filter": "at:eq:2026-01-01T00:00:00.0000001"}, "is no timestamp(us)"),
    ({"filter": "flag:eq:yes"}, "'yes' is no bool"),
    ({"filter": "raw:eq:!"}, "'!' is no binary"),
    ({"filter": "amount:eq:1e999"}, "amount"),
    ({"filter": "lines:eq:1"}, "Column lines is a list"),
    ({"filter": "region:is:empty"}, "`is:null` or `is:not_null`"),
    ({"order": "lines"}, "Column lines is a list"),
    ({"order": ["id", "ID:desc"]}, "The order names column id twice."),
    ({"order": "nothing"}, "There is no column 'nothing'."),
    ({"cursor": "AAAA"}, "The cursor does not belong to this list."),
)


@pytest.mark.parametrize(("parameters", "detail"), REFUSED, ids=[str(next(iter(each[0].items()))) for each in REFUSED])
def test_what_does_not_fit_is_refused(client: httpx.Client, parameters: dict[str, Any], detail: str) -> None:
    answer = client.get(f"{T}/rows", params=parameters)
    assert (answer.status_code, problem_type_of(answer)) == (400, "invalid-input"), answer.text
    assert detail in answer.json()["detail"]


def _key(value: Any) -> Any:
    if isinstance(value, float):
        return (value != value, 0.0 if value != value else value)  # NaN is greater than any number
    return value


def _ordered(order: list[str]) -> list[int]:
    """The ids of the model's rows in the order, nulls last, then by id."""

    def compare(one: dict[str, Any], other: dict[str, Any]) -> int:
        for text in [*order, "id"]:
            name, _, direction = text.partition(":")
            left, right = one[name], other[name]
            if left is None or right is None:
                found = (left is None) - (right is None)
            else:
                found = (_key(left) > _key(right)) - (_key(left) < _key(right))
                found = -found if direction == "desc" else found
            if found:
                return found
        return 0

    return [row["id"] for row in sorted(MODEL, key=cmp_to_key(compare))]


ORDERS: tuple[list[str], ...] = (
    [],
    ["id:desc"],
    ["region", "amount:desc"],
    ["ratio"],
    ["ratio:desc", "small:desc"],
    ["at:desc"],
    ["zoned", "day:desc", "flag"],
    ["raw:desc"],
    ["big"],
)


@pytest.mark.parametrize(
    ("order", "limit"),
    [*((order, 17) for order in ORDERS), ([], 7), (["ratio"], 4), ([], 59), ([], 60)],
    ids=lambda part: "+".join(part) or "keys" if isinstance(part, list) else None,
)
def test_pages_have_every_row_once_and_in_order(client: httpx.Client, order: list[str], limit: int) -> None:
    pages = _pages(client, limit, order=order)
    assert [row["id"] for page in pages for row in page] == _ordered(order)
    assert {len(page) for page in pages[:-1]} <= {limit}


def _plain(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(str({name: value for name, value in row.items() if name != "id"}) for row in rows)


def test_equal_rows_of_a_table_without_keys_come_once_each(client: httpx.Client) -> None:
    once = client.get(f"{T}/rows", params={"limit": 1000}).json()["rows"]
    for limit in (23, 64):
        pages = _pages(client, limit, f"{TABLES}/loose")
        assert _plain([row for page in pages for row in page]) == _plain(once + once)


def test_rows_are_ordered_by_the_keys_in_their_order(client: httpx.Client, served: tuple[Lake, ApiServer]) -> None:
    served[0].create_table_from("pairs", pa.table({"a": [1, 2, 1, 2], "b": [2, 1, 1, 2]}), keys=["b", "a"])
    found = [(row["b"], row["a"]) for page in _pages(client, 3, f"{TABLES}/pairs") for row in page]
    assert found == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_rows_whose_values_are_too_long_for_a_cursor_are_paged_too(client: httpx.Client) -> None:
    pages = _pages(client, 2, f"{TABLES}/wide")
    assert [row["text"][-1] for page in pages for row in page] == list("000111222")


def test_all_pages_are_of_the_version_of_the_first(client: httpx.Client, served: tuple[Lake, ApiServer]) -> None:
    lake, _ = served
    lake.create_table_from("moving", pa.table({"id": [1, 2, 3]}), keys="id")
    first = client.get(f"{TABLES}/moving/rows", params={"limit": 1}).json()
    lake.write("moving", pa.table({"id": [0, 9]}))
    lake.delete("moving", "id = 2")
    parameters = {"limit": 10, "cursor": first["next_cursor"]}
    rest = client.get(f"{TABLES}/moving/rows", params=parameters).json()
    assert [row["id"] for row in first["rows"] + rest["rows"]] == [1, 2, 3]
    assert rest["versions"] == first["versions"]
    assert rest["next_cursor"] is None
    for other in ({"filter": "id:gt:0"}, {"order": "id"}, {"version": 2}):
        assert client.get(f"{TABLES}/moving/rows", params={**parameters, **other}).status_code == 400


def test_a_role_sees_its_part_and_no_cursor_of_others(client: httpx.Client, analyst: httpx.Client) -> None:
    pages = _pages(analyst, 7)
    rows = [row for page in pages for row in page]
    assert sorted(row["id"] for row in rows) == list(range(30))
    assert {tuple(row) for row in rows} == {("id", "region", "amount")}
    assert {row["region"] for row in rows} == {None}
    foreign = client.get(f"{T}/rows", params={"limit": 1}).json()["next_cursor"]
    assert analyst.get(f"{T}/rows", params={"limit": 1, "cursor": foreign}).status_code == 400
    assert analyst.get(f"{T}/rows", params={"filter": "region:eq:north"}).json()["rows"] == []
    hidden, missing = (analyst.get(f"{T}/rows", params={"filter": f"{name}:eq:1"}) for name in ("ratio", "ratia"))
    assert hidden.json()["detail"] == "There is no column 'ratio'."
    assert missing.json()["detail"] == "There is no column 'ratia'."
    assert analyst.get(f"{TABLES}/loose/rows").status_code == 404


@pytest.mark.parametrize("accept", ["text/csv", "application/x-ndjson", "application/vnd.apache.arrow.stream"])
def test_other_formats_have_the_cursor_in_a_header(client: httpx.Client, accept: str) -> None:
    first = client.get(f"{T}/rows", params={"limit": 59}, headers={"Accept": accept})
    cursor = first.headers["X-Supertable-Next-Cursor"]
    last = client.get(f"{T}/rows", params={"limit": 59, "cursor": cursor})
    assert [row["id"] for row in last.json()["rows"]] == [59]
    assert "X-Supertable-Next-Cursor" not in last.headers


def test_numbers_are_text_on_demand(client: httpx.Client) -> None:
    sql = "SELECT 9007199254740993 AS a, 1.10::DECIMAL(5,2) AS b, [9007199254740993] AS c, 7::INTEGER AS d"
    exact = {"a": "9007199254740993", "b": "1.10", "c": ["9007199254740993"], "d": 7}
    answer = client.post("/api/v1/query?numbers=text", json={"sql": sql}).json()
    assert answer["rows"] == [exact]
    assert [column["type"] for column in answer["columns"]] == ["int64", "decimal(5,2)", "list<int64>", "int32"]
    ndjson = {"Accept": "application/x-ndjson"}
    lines = client.post("/api/v1/query?numbers=text", json={"sql": sql}, headers=ndjson).text
    assert json.loads(lines) == exact
    row = client.get(f"{T}/rows", params={"filter": "id:eq:1", "numbers": "text"}).json()["rows"][0]
    assert (row["id"], row["big"], row["lines"], row["amount"]) == ("1", "9223372036854775806", ["1"], None)
    statistics = client.get(f"{T}/statistics", params={"numbers": "text"}).json()["columns"]
    ends = {column["name"]: (column["min"], column["max"]) for column in statistics}
    assert (ends["id"], ends["amount"], ends['Odd "name']) == (("0", "59"), ("-7.00", "99.00"), (0, 1))
    assert client.post("/api/v1/query?numbers=exact", json={"sql": sql}).status_code == 400

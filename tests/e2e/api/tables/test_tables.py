"""`…/tables`: creating, describing, renaming, dropping, restoring and cloning tables."""

from __future__ import annotations

from typing import Any

import httpx
import pyarrow as pa
import pytest

from supertable import Lake
from supertable.domain.schema.new_fields import MAX_DEPTH
from tests.support.api.actors import TABLES, listed_supertables, problem_type_of, run_concurrently

COLUMNS = [{"name": "id", "type": "int64", "nullable": False}, {"name": "amount", "type": "decimal(10,2)"}]


def create_table(api: httpx.Client, name: str = "orders", **more: Any) -> httpx.Response:
    return api.post(TABLES, json={"name": name, "columns": COLUMNS, **more})


def test_a_table_is_created_and_described(lake: Lake, api: httpx.Client) -> None:
    answer = create_table(api, keys=["id"], comment="what was ordered")
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{TABLES}/orders"
    again = api.get(answer.headers["Location"])
    assert (again.json(), again.headers["ETag"]) == (answer.json(), answer.headers["ETag"])
    found = again.json()
    assert {name: found[name] for name in ("name", "comment", "version", "rows", "keys", "sequence", "tags")} == {
        "name": "orders",
        "comment": "what was ordered",
        "version": 1,
        "rows": 0,
        "keys": ["id"],
        "sequence": None,
        "tags": {},
    }
    assert found["columns"] == [
        {"name": "id", "type": "int64", "nullable": False, "comment": "", "field_id": 1},
        {"name": "amount", "type": "decimal(10,2)", "nullable": True, "comment": "", "field_id": 2},
    ]
    assert lake.table("orders").schema.field("amount").type == pa.decimal128(10, 2)


def test_views_are_listed_apart(lake: Lake, api: httpx.Client) -> None:
    create_table(api)
    for name in ("first", "second"):
        lake.sql(f"create view {name} as select id from orders")
    found = api.get(f"{TABLES.removesuffix('tables')}views", params={"limit": 1}).json()
    assert [(view["name"], view["definition"]) for view in found["items"]] == [("first", "select id from orders")]
    more = api.get(f"{TABLES.removesuffix('tables')}views", params={"cursor": found["next_cursor"]}).json()
    assert [view["name"] for view in more["items"]] == ["second"]
    assert [table["name"] for table in api.get(TABLES).json()["items"]] == ["orders"]
    assert problem_type_of(api.get(f"{TABLES}/first")) == "wrong-kind"
    assert problem_type_of(api.delete(f"{TABLES}/first")) == "wrong-kind"
    answer = api.post("/api/v1/query", json={"sql": "select count(*) as n from first"}).json()
    assert answer["rows"] == [{"n": 0}]


EVERY_TYPE: list[tuple[Any, pa.DataType]] = [
    *((name, getattr(pa, name)()) for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")),
    *((name, getattr(pa, name)()) for name in ("uint64", "float16", "float32", "float64", "string", "binary")),
    ("bool", pa.bool_()),
    ("date", pa.date32()),
    ("decimal(38,10)", pa.decimal128(38, 10)),
    ("time(ms)", pa.time32("ms")),
    ("time(us)", pa.time64("us")),
    ("timestamp(ms)", pa.timestamp("ms")),
    ("timestamp(ns)", pa.timestamp("ns")),
    ("timestamp(us,Europe/Vienna)", pa.timestamp("us", "Europe/Vienna")),
    ({"kind": "list", "element": {"type": "int8", "nullable": False}}, pa.list_(pa.int8())),
    (
        {
            "kind": "map",
            "key": {"type": "string", "nullable": False},
            "value": {
                "type": {
                    "kind": "struct",
                    "fields": [{"name": "x", "type": "date", "nullable": True, "comment": "when"}],
                },
                "nullable": True,
            },
        },
        pa.map_(pa.string(), pa.struct([("x", pa.date32())])),
    ),
]


def test_a_nested_type_may_be_given_by_its_name(api: httpx.Client) -> None:
    body = {"name": "named", "columns": [{"name": "tags", "type": "list<string>"}]}
    (column,) = api.post(TABLES, json=body).json()["columns"]
    assert column["type"] == {"kind": "list", "element": {"type": "string", "nullable": True}}


def test_every_type_round_trips(lake: Lake, api: httpx.Client) -> None:
    columns = [{"name": f"c{i}", "type": kind} for i, (kind, _) in enumerate(EVERY_TYPE)]
    answer = create_table(api, columns=columns)
    assert answer.status_code == 201, answer.text
    assert [column["type"] for column in answer.json()["columns"]] == [kind for kind, _ in EVERY_TYPE]
    for field, (_, expected) in zip(lake.table("orders").schema, EVERY_TYPE, strict=True):
        assert str(field.type).replace(" not null", "") == str(expected).replace("item", "element")


@pytest.mark.parametrize(
    "columns",
    [
        [],
        None,
        "id",
        [{"name": "id"}],
        [{"name": "id", "type": "int65"}],
        [{"name": "id", "type": ""}],
        [{"name": "id", "type": "INT64"}],
        [{"name": "id", "type": "decimal(39,2)"}],
        [{"name": "id", "type": "decimal(0,0)"}],
        [{"name": "id", "type": "decimal(3,4)"}],
        [{"name": "id", "type": "time(ns)"}],
        [{"name": "id", "type": "timestamp(us,'; --)"}],
        [{"name": "id", "type": "list<int>"}],
        [{"name": "id", "type": {"kind": "set", "element": {"type": "int64"}}}],
        [{"name": "id", "type": {"kind": "list"}}],
        [{"name": "id", "type": {"kind": "struct", "fields": []}}],
        [{"name": "id", "type": {"kind": "struct", "fields": [{"name": n, "type": "date"} for n in "aA"]}}],
        [{"name": "id", "type": "int64", "nulable": False}],
        [{"name": "id", "type": "int64", "field_id": 7}],
        [{"name": "", "type": "int64"}],
        [{"name": "x" * 256, "type": "int64"}],
        [{"name": "a\nb", "type": "int64"}],
        [{"name": "_version", "type": "int64"}],
        [{"name": "id", "type": "int64"}, {"name": "ID", "type": "date"}],
    ],
    ids=lambda value: str(value)[:60],
)
def test_invalid_columns_are_refused(lake: Lake, api: httpx.Client, columns: Any) -> None:
    answer = create_table(api, columns=columns)
    assert answer.status_code == 400
    assert problem_type_of(answer) in ("invalid-schema", "invalid-input")
    assert lake.tables() == []


def test_a_type_that_is_nested_too_deep_is_refused(api: httpx.Client) -> None:
    kind: Any = "int64"
    for _ in range(MAX_DEPTH):
        kind = {"kind": "list", "element": {"type": kind}}
    assert create_table(api, columns=[{"name": "x", "type": kind}]).status_code == 201
    kind = {"kind": "list", "element": {"type": kind}}
    assert problem_type_of(create_table(api, "deeper", columns=[{"name": "x", "type": kind}])) == "invalid-schema"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"name": "a b"}, "invalid-name"),
        ({"name": ""}, "invalid-name"),
        ({"name": "x" * 129}, "invalid-name"),
        ({"name": "ÄÖ"}, "invalid-name"),
        ({"name": "../x"}, "invalid-name"),
        ({"name": "main"}, "table-exists"),
        ({"name": 7}, "invalid-input"),
        ({"keys": ["nope"]}, "invalid-schema"),
        ({"keys": ["id", "ID"]}, "invalid-schema"),
        ({"keys": "id"}, "invalid-input"),
        ({"sequence": "amount"}, "invalid-schema"),
        ({"comment": "x" * 4097}, "invalid-input"),
        ({"surprise": 1}, "invalid-input"),
        ({"columns": [{"name": "id", "type": "int64", "nullable": 0}]}, "invalid-input"),
        ({"columns": [{"name": "id", "type": "int64", "nullable": "true"}]}, "invalid-input"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_invalid_bodies_are_refused(lake: Lake, api: httpx.Client, body: dict[str, Any], kind: str) -> None:
    answer = api.post(TABLES, json={"name": "orders", "columns": COLUMNS, **body})
    assert problem_type_of(answer) == kind
    assert lake.tables() == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"name": "x', b'"\xff"', b"[" * 50_000, b"\x00"])
def test_invalid_json_is_refused(api: httpx.Client, content: bytes) -> None:
    answer = api.post(TABLES, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, problem_type_of(answer)) == (400, "invalid-input")


def test_names_are_unique_regardless_of_case(api: httpx.Client) -> None:
    assert create_table(api).status_code == 201
    again = create_table(api, "ORDERS")
    assert (again.status_code, problem_type_of(again)) == (409, "table-exists")


def test_one_of_many_concurrent_creations_wins(api: httpx.Client) -> None:
    answers = run_concurrently(8, lambda number: create_table(api))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


def test_a_table_is_renamed(lake: Lake, api: httpx.Client) -> None:
    tag = create_table(api).headers["ETag"]
    lake.write("orders", pa.table({"id": [1]}))
    renamed = api.patch(f"{TABLES}/orders", json={"name": "Sales"}, headers={"If-Match": tag})
    assert (renamed.status_code, renamed.json()["name"], renamed.json()["rows"]) == (200, "Sales", 1)
    assert api.get(f"{TABLES}/orders").status_code == 404
    assert api.get(f"{TABLES}/sales").headers["ETag"] == renamed.headers["ETag"] != tag
    create_table(api)
    assert problem_type_of(api.patch(f"{TABLES}/orders", json={"name": "SALES"})) == "table-exists"
    assert problem_type_of(api.patch(f"{TABLES}/orders", json={"name": "a-b"})) == "invalid-name"


def test_a_comment_changes_only_if_the_etag_matches(lake: Lake, api: httpx.Client) -> None:
    tag = create_table(api).headers["ETag"]
    lake.write("orders", pa.table({"id": [1]}))
    first = api.patch(f"{TABLES}/orders", json={"comment": "mine"}, headers={"If-Match": tag})
    assert (first.status_code, first.json()["comment"]) == (200, "mine")
    late = api.patch(f"{TABLES}/orders", json={"comment": "yours"}, headers={"If-Match": tag})
    assert (late.status_code, problem_type_of(late)) == (412, "outdated")
    assert api.get(f"{TABLES}/orders").json()["comment"] == "mine"
    for known in (first.headers["ETag"], "*", f'"other", {first.headers["ETag"]}'):
        assert api.patch(f"{TABLES}/orders", json={"comment": "mine"}, headers={"If-Match": known}).status_code == 200
    for unknown in ("", "W/" + first.headers["ETag"], first.headers["ETag"].strip('"'), '"'):
        answer = api.patch(f"{TABLES}/orders", json={"comment": "x"}, headers={"If-Match": unknown})
        assert answer.status_code == 412, unknown


@pytest.mark.parametrize("body", [{}, {"name": "a", "comment": "b"}, {"name": None}, {"name": 1}, {"keys": ["id"]}, []])
def test_an_edit_has_either_a_name_or_a_comment(api: httpx.Client, body: Any) -> None:
    create_table(api)
    assert api.patch(f"{TABLES}/orders", json=body).status_code == 400


def test_one_of_many_conditional_edits_wins(api: httpx.Client) -> None:
    tag = create_table(api).headers["ETag"]

    def edit(number: int) -> httpx.Response:
        return api.patch(f"{TABLES}/orders", json={"comment": f"by {number}"}, headers={"If-Match": tag})

    answers = run_concurrently(8, edit)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    (winner,) = (answer for answer in answers if answer.status_code == 200)
    assert api.get(f"{TABLES}/orders").json()["comment"] == winner.json()["comment"]


def test_a_conditional_drop_spares_a_new_table_of_the_same_name(api: httpx.Client) -> None:
    tag = create_table(api).headers["ETag"]
    assert api.delete(f"{TABLES}/orders", headers={"If-Match": '"none"'}).status_code == 412
    assert api.delete(f"{TABLES}/orders").status_code == 204
    create_table(api)
    assert problem_type_of(api.delete(f"{TABLES}/orders", headers={"If-Match": tag})) == "outdated"
    assert api.get(f"{TABLES}/orders").status_code == 200


def test_a_dropped_table_is_restored(lake: Lake, api: httpx.Client) -> None:
    for name in ("a", "b", "c"):
        create_table(api, name)
        lake.write(name, pa.table({"id": [1, 2]}))
        assert api.delete(f"{TABLES}/{name}").status_code == 204
        assert api.delete(f"{TABLES}/{name}").status_code == 404
    first = api.get("/api/v1/supertables/main/dropped_tables", params={"limit": 2}).json()
    rest = api.get("/api/v1/supertables/main/dropped_tables", params={"cursor": first["next_cursor"]}).json()
    assert [entry["name"] for entry in (*first["items"], *rest["items"])] == ["c", "b", "a"]
    assert rest["next_cursor"] is None
    undrops = "/api/v1/supertables/main/undrops"
    restored = api.post(undrops, json={"table": "b"})
    assert (restored.status_code, restored.headers["Location"], restored.json()["rows"]) == (201, f"{TABLES}/b", 2)
    assert api.post(undrops, json={"table": "b"}).status_code == 409
    assert api.post(undrops, json={"table": "c", "as_name": "d"}).json()["name"] == "d"
    assert problem_type_of(api.post(undrops, json={"table": "zzz"})) == "table-not-found"
    assert api.post(undrops, json={"table": "a", "as_name": "x y"}).status_code == 400
    assert api.post(undrops, json={}).status_code == 400


def test_a_clone_has_the_rows_of_a_version_or_tag(lake: Lake, api: httpx.Client) -> None:
    create_table(api)
    for number in (1, 2):
        lake.write("orders", pa.table({"id": [number]}))
    lake.table("orders").tag("early", 2)
    for name, version, rows in (("now", None, 2), ("then", 2, 1), ("tagged", "early", 1)):
        made = api.post(f"{TABLES}/orders/clones", json={"name": name, "version": version})
        assert (made.status_code, made.headers["Location"], made.json()["rows"]) == (201, f"{TABLES}/{name}", rows)
    clones = f"{TABLES}/orders/clones"
    assert problem_type_of(api.post(clones, json={"name": "now"})) == "table-exists"
    assert problem_type_of(api.post(clones, json={"name": "x", "version": 99})) == "version-not-found"
    assert problem_type_of(api.post(clones, json={"name": "x", "version": "late"})) == "not-found"
    assert problem_type_of(api.post(clones, json={"name": "x", "version": 1.5})) == "invalid-input"
    assert problem_type_of(api.post(clones, json={"name": "x y"})) == "invalid-name"


def test_the_first_table_creates_the_supertable(api: httpx.Client) -> None:
    assert listed_supertables(api.get("/api/v1/supertables")) == []
    assert api.get("/api/v1/supertables/Sales").status_code == 404
    made = api.post("/api/v1/supertables/Sales/tables", json={"name": "orders", "columns": COLUMNS})
    assert made.status_code == 201
    assert listed_supertables(api.get("/api/v1/supertables")) == [{"name": "sales", "tables": 1}]
    assert api.get("/api/v1/supertables/SALES").json() == {"name": "sales", "tables": 1}
    assert problem_type_of(api.get("/api/v1/supertables/a b")) == "invalid-name"

"""`…/schema`: describing and changing a table's columns."""

from __future__ import annotations

from typing import Any

import httpx
import pyarrow as pa
import pytest

from supertable import Lake
from tests.support.api.actors import TABLES, problem_type_of, run_concurrently

SCHEMA = f"{TABLES}/people/schema"
CHANGES = f"{SCHEMA}/changes"


@pytest.fixture(autouse=True)
def people(lake: Lake) -> Lake:
    """A table of two rows with a nested address, keyed by id, at version 2."""
    address = pa.struct([("zip", pa.string()), ("city", pa.string())])
    columns = pa.schema([("id", pa.int32()), ("name", pa.string()), ("address", address)])
    rows = [{"id": 1, "name": "Ada", "address": {"zip": "1010"}}, {"id": 2, "name": None, "address": None}]
    lake.create_table_from("people", pa.Table.from_pylist(rows, columns), keys="id")
    return lake


def post_changes(api: httpx.Client, *changes: dict[str, Any], **headers: str) -> httpx.Response:
    return api.post(CHANGES, json={"changes": changes}, headers=headers)


def columns(api: httpx.Client) -> dict[str, dict[str, Any]]:
    return {column["name"]: column for column in api.get(SCHEMA).json()["columns"]}


def test_a_schema_describes_the_columns(api: httpx.Client) -> None:
    found = api.get(SCHEMA).json()
    assert (found["keys"], found["sequence"]) == (["id"], None)
    assert [column["name"] for column in found["columns"]] == ["id", "name", "address"]
    assert found["columns"][2]["type"]["fields"][0]["name"] == "zip"


def test_all_kinds_of_changes_make_one_version(lake: Lake, api: httpx.Client) -> None:
    before = columns(api)
    answer = post_changes(
        api,
        {"action": "add", "column": "note", "type": {"kind": "list", "element": {"type": "string"}}, "comment": "free"},
        {"action": "rename", "column": ["address", "zip"], "name": "postcode"},
        {"action": "add", "column": ["address", "country"], "type": "string"},
        {"action": "drop", "column": ["address", "city"]},
        {"action": "move", "column": "note", "after": "id"},
        {"action": "move", "column": "address"},
        {"action": "widen", "column": "id", "type": "int64"},
        {"action": "set_nullable", "column": "id", "nullable": False},
        {"action": "comment", "column": "name", "comment": "as in the passport"},
    )
    assert (answer.status_code, answer.json()["version"]) == (201, 3)
    assert answer.headers["Location"] == f"{TABLES}/people/versions/3"
    assert api.get(answer.headers["Location"]).json()["operation"] == "alter"
    after = columns(api)
    assert list(after) == ["address", "id", "note", "name"]
    assert (after["id"]["type"], after["id"]["nullable"]) == ("int64", False)
    assert after["note"]["comment"] == "free"
    assert after["name"]["comment"] == "as in the passport"
    assert [member["name"] for member in after["address"]["type"]["fields"]] == ["postcode", "country"]
    assert {name: after[name]["field_id"] for name in before} == {name: before[name]["field_id"] for name in before}
    assert lake.sql("SELECT address.postcode AS p FROM people WHERE id = 1").arrow().to_pylist() == [{"p": "1010"}]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"action": "drop", "column": "id"}, "invalid-schema"),
        ({"action": "drop", "column": "nope"}, "invalid-schema"),
        ({"action": "drop", "column": ["address", "nope"]}, "invalid-schema"),
        ({"action": "drop", "column": []}, "invalid-input"),
        ({"action": "drop", "column": ""}, "invalid-schema"),
        ({"action": "drop"}, "invalid-input"),
        ({"action": "drop", "column": "name", "cascade": True}, "invalid-input"),
        ({"action": "vanish", "column": "name"}, "invalid-input"),
        ({"column": "name"}, "invalid-input"),
        ({"action": "add", "column": "NAME", "type": "string"}, "invalid-schema"),
        ({"action": "add", "column": "x", "type": "text"}, "invalid-schema"),
        ({"action": "add", "column": "x\0", "type": "string"}, "invalid-schema"),
        ({"action": "add", "column": ["name", "x"], "type": "string"}, "invalid-schema"),
        ({"action": "rename", "column": "name", "name": "id"}, "invalid-schema"),
        ({"action": "rename", "column": "name", "name": ""}, "invalid-schema"),
        ({"action": "move", "column": "name", "after": "nope"}, "invalid-schema"),
        ({"action": "widen", "column": "id", "type": "string"}, "incompatible-schema"),
        ({"action": "widen", "column": "id", "type": "int8"}, "incompatible-schema"),
        ({"action": "set_nullable", "column": "name", "nullable": False}, "invalid-schema"),
        ({"action": "set_nullable", "column": "name", "nullable": None}, "invalid-input"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_invalid_changes_change_nothing(api: httpx.Client, change: dict[str, Any], kind: str) -> None:
    answer = post_changes(api, {"action": "add", "column": "extra", "type": "string"}, change)
    assert (answer.status_code, problem_type_of(answer)) == (400, kind)
    assert list(columns(api)) == ["id", "name", "address"]


@pytest.mark.parametrize("body", [{}, {"changes": []}, {"changes": {}}, {"changes": [1]}, []])
def test_a_body_without_changes_is_refused(api: httpx.Client, body: Any) -> None:
    assert problem_type_of(api.post(CHANGES, json=body)) == "invalid-input"


def test_one_of_many_conditional_changes_wins(lake: Lake, api: httpx.Client) -> None:
    tag = api.get(SCHEMA).headers["ETag"]
    lake.write("people", pa.table({"id": pa.array([3], pa.int32())}), "upsert")
    assert api.get(SCHEMA).headers["ETag"] == tag  # writing rows does not change the schema

    def add(number: int) -> httpx.Response:
        change = {"action": "add", "column": f"c{number}", "type": "string"}
        return post_changes(api, change, **{"If-Match": tag})

    answers = run_concurrently(8, add)
    assert sorted(answer.status_code for answer in answers) == [201] + [412] * 7
    assert len(columns(api)) == 4
    assert api.get(SCHEMA).headers["ETag"] != tag
    assert post_changes(api, {"action": "drop", "column": "name"}).status_code == 201

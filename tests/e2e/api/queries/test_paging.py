"""Cursors: stable under concurrent changes, bound to one list, and refused if damaged."""

from __future__ import annotations

import base64

import httpx
import pyarrow as pa
import pytest

from supertable import Lake
from tests.support.api.actors import TABLES, problem_type_of


@pytest.fixture
def tables(lake: Lake) -> Lake:
    for name in "bdfh":
        lake.create_table(name, pa.schema([("id", pa.int64())]))
    return lake


def test_concurrent_changes_shift_no_page(tables: Lake, api: httpx.Client) -> None:
    first = api.get(TABLES, params={"limit": 2}).json()
    assert [entry["name"] for entry in first["items"]] == ["b", "d"]
    for name in "aeg":
        tables.create_table(name, pa.schema([("id", pa.int64())]))
    tables.drop("b")
    tables.drop("d")
    rest = api.get(TABLES, params={"cursor": first["next_cursor"]}).json()
    assert [entry["name"] for entry in rest["items"]] == ["e", "f", "g", "h"]
    assert rest["next_cursor"] is None


def test_a_cursor_is_valid_only_for_its_list(tables: Lake, api: httpx.Client) -> None:
    cursor = api.get(TABLES, params={"limit": 1}).json()["next_cursor"]
    elsewhere = "/api/v1/supertables/other/tables"
    for path in (elsewhere, "/api/v1/roles", f"{TABLES}/b/tags", f"{TABLES}/b/versions", "/api/v1/supertables"):
        answer = api.get(path, params={"cursor": cursor})
        assert (answer.status_code, problem_type_of(answer)) == (400, "invalid-input"), path


def test_a_cursor_with_any_bit_changed_is_refused(tables: Lake, api: httpx.Client) -> None:
    cursor = api.get(TABLES, params={"limit": 1}).json()["next_cursor"]
    packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for place in range(len(packed)):
        damaged = bytes([*packed[:place], packed[place] ^ 1, *packed[place + 1 :]])
        answer = api.get(TABLES, params={"cursor": base64.urlsafe_b64encode(damaged).decode()})
        assert answer.status_code == 400, place
    assert api.get(TABLES, params={"cursor": cursor[:-2]}).status_code == 400
    assert api.get(TABLES, params={"cursor": cursor}).status_code == 200

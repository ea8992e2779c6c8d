"""`…/settings`: a table's maintenance policy."""

from __future__ import annotations

from typing import Any

import httpx
import pyarrow as pa
import pytest

from supertable import Lake
from tests.support.api.actors import TABLES, problem_type_of, run_concurrently

SETTINGS = f"{TABLES}/t/settings"
DEFAULTS = {
    "target_file_bytes": 134_217_728,
    "small_files": 16,
    "dirty_share": 0.2,
    "sort_by": [],
    "partition_by": [],
    "retention_seconds": 604_800,
    "engine": "default",
}


@pytest.fixture(autouse=True)
def table(lake: Lake) -> Lake:
    lake.create_table("t", pa.schema([("id", pa.int64()), ("at", pa.date32())]))
    return lake


def test_the_layout_of_files(lake: Lake, api: httpx.Client) -> None:
    layout = {"partition_by": ["month(at)", "bucket(16, id)"], "sort_by": ["at", "id DESC"]}
    assert api.patch(SETTINGS, json=layout).json() == {**DEFAULTS, **layout}
    described = api.get(f"{TABLES}/t").json()
    assert {name: described[name] for name in layout} == layout
    columns = [{"name": "id", "type": "int64"}, {"name": "at", "type": "date"}]
    assert api.post(TABLES, json={"name": "u", "columns": columns, **layout}).json()["sort_by"] == layout["sort_by"]
    assert lake.table("u").info().partition_by == layout["partition_by"]
    answer = api.patch(SETTINGS, json={"partition_by": ["hour(at)"]})
    assert problem_type_of(answer) == "invalid-schema"
    assert problem_type_of(api.patch(SETTINGS, json={"partition_by": ["hours"]})) == "invalid-schema"
    assert problem_type_of(api.patch(SETTINGS, json={"partition_by": ["f(id)"]})) == "invalid-setting"
    assert api.get(SETTINGS).json() == {**DEFAULTS, **layout}


def test_omitted_settings_keep_their_values(lake: Lake, api: httpx.Client) -> None:
    assert api.get(SETTINGS).json() == DEFAULTS
    edited = api.patch(SETTINGS, json={"small_files": 4, "sort_by": ["AT", "id"]})
    assert (edited.status_code, edited.json()) == (200, {**DEFAULTS, "small_files": 4, "sort_by": ["at", "id"]})
    assert edited.json() == api.patch(SETTINGS, json={}).json() == api.get(SETTINGS).json()
    assert api.patch(SETTINGS, json={"sort_by": [], "retention_seconds": 0.5}).json()["sort_by"] == []
    assert lake.table("t").maintenance().retention_seconds == 0.5


def test_the_engine_of_its_queries(lake: Lake, api: httpx.Client) -> None:
    assert api.patch(SETTINGS, json={"engine": "LITE"}).json() == {**DEFAULTS, "engine": "lite"}
    both = api.patch(SETTINGS, json={"small_files": 3})
    assert both.json() == {**DEFAULTS, "engine": "lite", "small_files": 3}
    answer = api.post("/api/v1/query", json={"sql": "SELECT * FROM t"})
    assert answer.headers["X-Supertable-Engine-Reason"] == "The engine of what the query reads is set to LITE."
    outdated = api.patch(SETTINGS, json={"engine": "default"}, headers={"If-Match": '"old"'})
    assert outdated.status_code == 412
    assert api.patch(SETTINGS, json={"engine": "default"}).json() == {**DEFAULTS, "small_files": 3}


def test_sort_columns_follow_renames_and_drops(lake: Lake, api: httpx.Client) -> None:
    api.patch(SETTINGS, json={"sort_by": ["at"]})
    lake.table("t").rename_column("at", "day")
    assert api.get(SETTINGS).json()["sort_by"] == ["day"]
    lake.table("t").drop_column("day")
    assert api.get(SETTINGS).json()["sort_by"] == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"target_file_bytes": 1}, "invalid-setting"),
        ({"target_file_bytes": 1 << 41}, "invalid-setting"),
        ({"target_file_bytes": "big"}, "invalid-input"),
        ({"small_files": 1}, "invalid-setting"),
        ({"small_files": 2.5}, "invalid-input"),
        ({"dirty_share": 0}, "invalid-setting"),
        ({"dirty_share": 1.1}, "invalid-setting"),
        ({"retention_seconds": -1}, "invalid-setting"),
        ({"retention_seconds": 1e12}, "invalid-setting"),
        ({"sort_by": ["nope"]}, "invalid-schema"),
        ({"engine": "duckdb"}, "invalid-setting"),
        ({"engine": ""}, "invalid-setting"),
        ({"engine": 1}, "invalid-input"),
        ({"sort_by": "id"}, "invalid-input"),
        ({"colour": "red"}, "invalid-input"),
        ([], "invalid-input"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_invalid_settings_change_nothing(api: httpx.Client, body: Any, kind: str) -> None:
    answer = api.patch(SETTINGS, json=body)
    assert (answer.status_code, problem_type_of(answer)) == (400, kind)
    assert api.get(SETTINGS).json() == DEFAULTS


def test_one_of_many_conditional_edits_wins(lake: Lake, api: httpx.Client) -> None:
    tag = api.get(SETTINGS).headers["ETag"]
    lake.write("t", pa.table({"id": [1]}))

    def edit(number: int) -> httpx.Response:
        return api.patch(SETTINGS, json={"small_files": 100 + number}, headers={"If-Match": tag})

    answers = run_concurrently(8, edit)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    (winner,) = (answer for answer in answers if answer.status_code == 200)
    assert (winner.json(), winner.headers["ETag"]) == (api.get(SETTINGS).json(), api.get(SETTINGS).headers["ETag"])

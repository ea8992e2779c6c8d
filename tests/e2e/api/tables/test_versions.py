"""`…/versions`, `…/restores`, `…/tombstones` and `…/tags`."""

from __future__ import annotations

from typing import Any

import httpx
import pyarrow as pa
import pytest

from supertable import Lake
from tests.support.api.actors import TABLES, problem_type_of, run_concurrently

T = f"{TABLES}/t"


@pytest.fixture(autouse=True)
def table(lake: Lake) -> Lake:
    """Version 1: empty; 2: ids 1, 2; 3: id 1 is deleted; 4: id 3 as well."""
    lake.create_table_from("t", pa.table({"id": [1, 2]}))
    lake.delete("t", "id = 1", reason="asked to", properties={"by": "Ada"})
    lake.write("t", pa.table({"id": [3]}), properties={"source": "erp"})
    return lake


def all_pages(api: httpx.Client, path: str, limit: int) -> list[list[Any]]:
    """The items of each page of a list."""
    pages = []
    cursor: str | None = None
    while True:
        params: dict[str, str | int] = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        answer = api.get(path, params=params)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json()["items"])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 1000])
def test_versions_are_listed_newest_first(api: httpx.Client, limit: int) -> None:
    pages = all_pages(api, f"{T}/versions", limit)
    versions = [entry for page in pages for entry in page]
    assert [entry["version"] for entry in versions] == [4, 3, 2, 1]
    assert [entry["operation"] for entry in versions] == ["append", "delete", "append", "create"]
    assert versions[0]["properties"] == {"source": "erp"}
    assert (versions[1]["predicate"], versions[1]["reason"], versions[1]["rows_deleted"]) == (
        "((id = 1))",
        "asked to",
        1,
    )


def test_concurrent_writes_shift_no_page(lake: Lake, api: httpx.Client) -> None:
    first = api.get(f"{T}/versions", params={"limit": 2}).json()
    lake.write("t", pa.table({"id": [9]}))
    second = api.get(f"{T}/versions", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [entry["version"] for entry in (*first["items"], *second["items"])] == [4, 3, 2, 1]


def test_a_version_is_described_with_its_columns(lake: Lake, api: httpx.Client) -> None:
    lake.table("t").add_column("note", pa.string())
    then = api.get(f"{T}/versions/2").json()
    now = api.get(f"{T}/versions/5").json()
    assert (then["rows_inserted"], [column["name"] for column in then["columns"]]) == (2, ["id"])
    assert (now["description"], [column["name"] for column in now["columns"]]) == ("add note string", ["id", "note"])


@pytest.mark.parametrize("version", ["5", "0", "-1", "99999999999999999999"])
def test_a_missing_version_is_not_found(api: httpx.Client, version: str) -> None:
    assert problem_type_of(api.get(f"{T}/versions/{version}")) == "version-not-found"


def test_a_version_must_be_a_number(api: httpx.Client) -> None:
    for version in ("x", "1.5", "newest"):
        assert api.get(f"{T}/versions/{version}").status_code == 404


def test_a_vacuumed_version_is_not_found(lake: Lake, api: httpx.Client) -> None:
    lake.table("t").compact()
    lake.write("t", pa.table({"id": [9]}), "overwrite")
    lake.vacuum(0, grace=0)
    assert problem_type_of(api.get(f"{T}/versions/2")) == "version-not-found"
    assert problem_type_of(api.post(f"{T}/restores", json={"version": 2})) == "version-not-found"


def test_a_restore_with_an_idempotency_key_happens_once(lake: Lake, api: httpx.Client) -> None:
    lake.table("t").tag("early", 2)
    body = {"version": "early", "properties": {"why": "mistake"}}
    answers = [api.post(f"{T}/restores", json=body, headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [answer.json()["version"] for answer in answers] == [5, 5]
    assert [answer.json()["replayed"] for answer in answers] == [False, True]
    assert answers[0].headers["Location"] == f"{T}/versions/5"
    restored = api.get(f"{T}/versions/5").json()
    assert (restored["restored"], restored["properties"], restored["idempotency_key"]) == (2, {"why": "mistake"}, "k1")
    assert sorted(lake.sql("SELECT id FROM t").arrow()["id"].to_pylist()) == [1, 2]
    assert api.post(f"{T}/restores", json={"version": 4}).json()["version"] == 6


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"version": None}, 400),
        ({"version": 0}, 404),
        ({"version": 99}, 404),
        ({"version": "nope"}, 404),
        ({"version": True}, 400),
        ({"version": 2, "properties": {"a": 1}}, 400),
        ({"version": 2, "properties": {"a": "x" * 70_000}}, 400),
        ({"version": 2, "force": True}, 400),
    ],
    ids=lambda value: str(value)[:60],
)
def test_invalid_restores_change_nothing(lake: Lake, api: httpx.Client, body: dict[str, Any], status: int) -> None:
    answer = api.post(f"{T}/restores", json=body)
    assert answer.status_code == status, answer.text
    problem_type_of(answer)
    assert lake.table("t").info().version == 4


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_an_idempotency_key_has_1_to_255_characters(api: httpx.Client, key: str) -> None:
    assert api.post(f"{T}/restores", json={"version": 2}, headers={"Idempotency-Key": key}).status_code == 400


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_deletions_are_listed_newest_first(lake: Lake, api: httpx.Client, limit: int) -> None:
    lake.delete("t", "id = 3")
    lake.write("t", pa.table({"id": [7]}))
    found = [entry for page in all_pages(api, f"{T}/tombstones", limit) for entry in page]
    assert [(entry["version"], entry["predicate"], entry["rows"]) for entry in found] == [
        (5, "((id = 3))", 1),
        (3, "((id = 1))", 1),
    ]
    assert (found[1]["reason"], found[1]["properties"]) == ("asked to", {"by": "Ada"})


def test_a_page_of_deletions_scans_a_bounded_number_of_versions(
    lake: Lake, api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supertable.entrypoints.api.tables.versions._MAX_VERSIONS_SCANNED", 2)
    assert [[entry["version"] for entry in page] for page in all_pages(api, f"{T}/tombstones", 10)] == [[3], []]


def test_tags_are_put_moved_listed_and_removed(lake: Lake, api: httpx.Client) -> None:
    put = api.put(f"{T}/tags/v1.0-rc", json={"version": 2})
    assert (put.status_code, put.json(), put.headers["ETag"]) == (201, {"name": "v1.0-rc", "version": 2}, '"2"')
    assert api.put(f"{T}/tags/v1.0-rc", json={"version": 2}).status_code == 200
    assert api.put(f"{T}/tags/newest", json={}).json()["version"] == 4
    assert api.put(f"{T}/tags/again", json={"version": "V1.0-RC"}).json()["version"] == 2
    pages = all_pages(api, f"{T}/tags", 2)
    assert [[tag["name"] for tag in page] for page in pages] == [["again", "newest"], ["v1.0-rc"]]
    assert api.get(f"{T}/tags/NEWEST").json() == {"name": "newest", "version": 4}
    assert api.get(T).json()["tags"] == {"again": 2, "newest": 4, "v1.0-rc": 2}
    assert api.delete(f"{T}/tags/again").status_code == 204
    missing = api.delete(f"{T}/tags/again")
    assert (missing.status_code, problem_type_of(missing)) == (404, "not-found")
    assert problem_type_of(api.get(f"{T}/tags/again")) == "not-found"


@pytest.mark.parametrize(
    ("tag", "body", "kind"),
    [
        ("12", {}, "invalid-name"),
        ("-a", {}, "invalid-name"),
        ("a b", {}, "invalid-name"),
        ("x" * 129, {}, "invalid-name"),
        ("a", {"version": 99}, "version-not-found"),
        ("a", {"version": "nope"}, "not-found"),
        ("a", {"version": 1.5}, "invalid-input"),
        ("a", {"number": 1}, "invalid-input"),
        ("a", [], "invalid-input"),
    ],
)
def test_invalid_tags_are_refused(api: httpx.Client, tag: str, body: Any, kind: str) -> None:
    assert problem_type_of(api.put(f"{T}/tags/{tag}", json=body)) == kind
    assert api.get(f"{T}/tags").json()["items"] == []


def test_one_of_many_conditional_tag_moves_wins(api: httpx.Client) -> None:
    tag = api.put(f"{T}/tags/live", json={"version": 1}).headers["ETag"]

    def move(number: int) -> httpx.Response:
        return api.put(f"{T}/tags/live", json={"version": 2 + number % 3}, headers={"If-Match": tag})

    answers = run_concurrently(6, move)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 5
    assert api.delete(f"{T}/tags/live", headers={"If-Match": tag}).status_code == 412
    assert api.put(f"{T}/tags/none", json={}, headers={"If-Match": '"1"'}).status_code == 412
    assert api.delete(f"{T}/tags/live", headers={"If-Match": "*"}).status_code == 204


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=1001", "limit=x", "limit=1.5", "cursor=", "cursor=x", "cursor=%00", "cursor=ä"],
)
@pytest.mark.parametrize("path", ["/versions", "/tombstones", "/tags", ""])
def test_invalid_limits_and_cursors_are_refused(api: httpx.Client, path: str, query: str) -> None:
    answer = api.get(f"{T}{path}?{query}" if path else f"{TABLES}?{query}")
    assert answer.status_code == 400
    problem_type_of(answer)

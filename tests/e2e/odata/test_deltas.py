"""Delta links: a client that follows them has what a client that reads anew has."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pyarrow as pa
import pytest

from supertable import Lake
from tests.support.api.actors import create_token
from tests.support.api.server import ApiServer

TRACKED = {"Prefer": "odata.track-changes, odata.maxpagesize=2"}


class _Copy:
    """What a client knows of a collection. `rows`: by key."""

    def __init__(self, client: httpx.Client, path: str) -> None:
        self.client = client
        self.rows: dict[int, Any] = {}
        self.reasons: list[str] = []
        self.link = path
        self.follow()

    def follow(self) -> None:
        link: str | None = self.link
        while link:
            answer = self.client.get(link, headers=TRACKED)
            assert answer.status_code == 200, answer.text
            for each in answer.json()["value"]:
                self._take(each)
            link = answer.json().get("@odata.nextLink")
        self.link = answer.json()["@odata.deltaLink"]

    def _take(self, each: dict[str, Any]) -> None:
        if "reason" in each:
            found = re.search(r"/t\((\d+)\)$", each["id"])
            assert found is not None
            del self.rows[int(found[1])]
            self.reasons.append(each["reason"])
        else:
            self.rows[each["id"]] = each


@pytest.fixture
def table(lake: Lake) -> Lake:
    lake.write("t", pa.table({"id": list(range(7)), "n": list(range(7))}), keys=["id"])
    return lake


@pytest.mark.parametrize(
    "path", ["t", "t?$filter=n lt 5", "t?$select=id,n&$filter=n ne 2"], ids=["all", "filter", "select"]
)
def test_a_copy_that_follows_links_equals_a_new_one(table: Lake, odata: httpx.Client, path: str) -> None:
    copy = _Copy(odata, path)
    table.write("t", pa.table({"id": [1, 7, 8], "n": [50, 1, 60]}))
    table.sql("DELETE FROM t WHERE id = 3")
    table.write("t", pa.table({"id": [9], "n": [1]}))
    table.sql("DELETE FROM t WHERE id = 9")
    copy.follow()
    assert copy.rows == _Copy(odata, path).rows
    assert sorted(copy.reasons) == (["changed", "deleted"] if " lt " in path else ["deleted"])
    table.write("t", pa.table({"id": [1, 3], "n": [0, 0]}))
    copy.follow()
    copy.follow()
    assert copy.rows == _Copy(odata, path).rows


def test_the_form_of_4_01(table: Lake, odata: httpx.Client) -> None:
    headers = {**TRACKED, "OData-MaxVersion": "4.01", "Prefer": "track-changes"}
    first = odata.get("t", headers=headers)
    assert first.headers["preference-applied"] == "track-changes"
    table.sql("DELETE FROM t WHERE id = 3")
    changed = odata.get(first.json()["@deltaLink"], headers=headers).json()
    assert changed["@context"] == f"{odata.base_url}$metadata#t/$delta"
    assert changed["value"] == [{"@removed": {"reason": "deleted"}, "@id": f"{odata.base_url}t(3)"}]


def test_a_role_hears_of_what_it_sees(table: Lake, server: ApiServer) -> None:
    table.roles.create("narrow", "reader")
    table.roles.grant("narrow", "t", where="n < 5")
    with httpx.Client(
        base_url=f"{server.url}/odata/", headers={"X-API-Key": create_token(table, "ann", "narrow")}
    ) as client:
        copy = _Copy(client, "t")
        assert sorted(copy.rows) == [0, 1, 2, 3, 4]
        table.write("t", pa.table({"id": [1, 5, 6], "n": [50, 0, 70]}))
        table.sql("DELETE FROM t WHERE id = 6")
        copy.follow()
        assert sorted(copy.rows) == [0, 2, 3, 4, 5]
        assert copy.reasons == ["deleted"]


def test_collections_without_keys_or_cut_ones_are_not_tracked(table: Lake, odata: httpx.Client) -> None:
    table.write("loose", pa.table({"n": [1]}))
    for path in ("loose", "t?$top=2"):
        answer = odata.get(path, headers={"Prefer": "odata.track-changes"})
        assert "preference-applied" not in answer.headers
        assert "@odata.deltaLink" not in answer.json()


def test_a_link_to_versions_that_are_gone(table: Lake, odata: httpx.Client) -> None:
    copy = _Copy(odata, "t")
    for number in range(3):
        table.write("t", pa.table({"id": [number], "n": [9]}), "overwrite")
    table.vacuum(0, grace=0)
    assert odata.get(copy.link).status_code == 410

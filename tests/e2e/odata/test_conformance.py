"""Clauses of the standard that no other test holds: what 4.01 adds to addresses, and isolation."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pyarrow as pa
import pytest

from supertable import Lake

DAYS = [dt.date(2024, 2, 28), dt.date(2024, 3, 1)]
MOMENTS = [dt.datetime(2024, 2, 28, 12), dt.datetime(2024, 3, 1, 12)]
PLACES = [{"city": "Rome", "at": {"lat": 1, "lon": 2}}, {"city": "Oslo", "at": {"lat": 3, "lon": 4}}]


@pytest.fixture
def trips(lake: Lake) -> Lake:
    day, moment = pa.array(DAYS), pa.array(MOMENTS, pa.timestamp("us", "UTC"))
    lake.write("trips", pa.table({"id": [1, 2], "day": day, "at": moment, "place": PLACES}), keys=["id"])
    lake.sql("CREATE VIEW all_trips AS FROM trips")
    return lake


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("day eq cast('2024-03-01',Edm.Date)", [2]),
        ("at eq cast('2024-02-28T12:00:00Z',Edm.DateTimeOffset)", [1]),
        ("time(at) eq cast('12:00:00',Edm.TimeOfDay)", [1, 2]),
        ("id eq cast('2',Edm.Int64)", [2]),
        ("cast('true',Edm.Boolean)", [1, 2]),
        ("day eq cast('2024-13-01',Edm.Date)", []),
        ("day add duration'P2D' eq 2024-03-01", [1]),
        ("day add 'P2D' eq 2024-03-01", [1]),
        ("at sub 2024-02-28T12:00:00Z eq 'P2D'", [2]),
        ("'PT0S' LT at SUB 2024-02-28T12:00:00Z", [2]),
        ("ID eq 1", None),
        ("day add 'P2X' eq 2024-03-01", None),
        ("at gt '2024-02-28T12:00:00Z'", None),
        ("id eq 'P2D'", None),
    ],
)
def test_strings_are_read_as_the_type_that_is_meant(
    trips: Lake, odata: httpx.Client, text: str, ids: list[int] | None
) -> None:
    answer = odata.get("trips", params={"$filter": text, "$orderby": "id"})
    found = [row["id"] for row in answer.json()["value"]] if answer.status_code == 200 else None
    assert found == ids, answer.text
    assert answer.status_code in (200, 400)


@pytest.mark.parametrize(
    ("select", "row"),
    [
        ("place($select=city)", {"place": {"city": "Rome"}}),
        ("id,place(select=at(select=lat),city)", {"id": 1, "place": {"at": {"lat": 1}, "city": "Rome"}}),
        ("place/at($select=lon)", {"place": {"at": {"lon": 2}}}),
        ("place($select=*)", {"place": PLACES[0]}),
        ("place($select=salary)", 400),
        ("place($select=city", 400),
        ("place()", 501),
        ("place($top=1)", 501),
        ("place($select=city;$top=1)", 501),
        ("place($select=" * 40 + "city" + ")" * 40, 400),
        ("place($select=" * 5_000, 400),
    ],
    ids=[*("one", "deep", "path", "all", "absent", "open", "empty", "top", "two", "nested", "very nested")],
)
def test_selections_within_selections(trips: Lake, odata: httpx.Client, select: str, row: Any) -> None:
    answer = odata.post("trips/$query", content=f"$select={select}&$top=1", headers={"Content-Type": "text/plain"})
    assert (answer.json()["value"][0] if answer.status_code == 200 else answer.status_code) == row, answer.text


def test_keys_by_aliases(trips: Lake, odata: httpx.Client) -> None:
    assert odata.get("trips(@k)", params={"@k": "2"}).json()["day"] == "2024-03-01"
    assert odata.get("trips(id=@k)", params={"@k": "1"}).json()["day"] == "2024-02-28"
    assert odata.get("trips(@k)").status_code == 400


@pytest.mark.parametrize("name", ["OData-Isolation", "Isolation"])
@pytest.mark.parametrize(
    ("path", "isolation", "status"),
    [
        ("trips", "snapshot", 200),
        ("trips(1)", "Snapshot", 200),
        ("trips", "serial", 412),
        ("all_trips", "snapshot", 412),
    ],
    ids=["table", "entity", "other", "view"],
)
def test_isolation_is_kept_or_refused(
    trips: Lake, odata: httpx.Client, name: str, path: str, isolation: str, status: int
) -> None:
    assert odata.get(path, headers={name: isolation}).status_code == status

"""`engine` in requests, and `engine` and `engine_reason` in every answer that has rows, whatever its format."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from supertable import Lake
from tests.support.api.actors import problem_type_of
from tests.support.api.jobs import submit_query, wait_until_ended
from tests.support.engines import OtherEngine, with_pro

ASKED = "The query asks for PRO."
FORMATS = (
    "application/json",
    "application/x-ndjson",
    "text/csv",
    "application/vnd.apache.parquet",
    "application/vnd.apache.arrow.stream",
)
TABLE = "/api/v1/supertables/main/tables/fruit"


@pytest.fixture
def pro(lake: Lake) -> OtherEngine:
    found = with_pro(lake._container)
    lake.write("fruit", {"id": [1, 2, 3]}, keys=["id"])
    return found


def told(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    headers = answer.headers
    return answer.status_code, headers.get("X-Supertable-Engine"), headers.get("X-Supertable-Engine-Reason")


def test_every_format_tells(pro: OtherEngine, api: httpx.Client) -> None:
    for media_type in FORMATS:
        headers = {"Accept": media_type}
        query = api.post("/api/v1/query", json={"sql": "FROM fruit", "engine": "pro"}, headers=headers)
        rows = api.get(f"{TABLE}/rows", params={"engine": "Pro", "limit": 2}, headers=headers)
        changes = api.get(f"{TABLE}/changes", params={"engine": "PRO", "after": 0}, headers=headers)
        for answer in (query, rows, changes):
            assert told(answer) == (200, "pro", ASKED), media_type
            if media_type == "application/json":
                assert (answer.json()["engine"], answer.json()["engine_reason"]) == ("pro", ASKED)
    assert pro.runs == 15


def test_statements_that_change_something_tell(pro: OtherEngine, api: httpx.Client) -> None:
    insert = api.post("/api/v1/query", json={"sql": "INSERT INTO fruit SELECT id + 10 FROM fruit", "engine": "pro"})
    assert told(insert) == (201, "pro", ASKED)
    returning = {"sql": "INSERT INTO fruit VALUES (99) RETURNING id", "engine": "pro"}
    answer = api.post("/api/v1/query", json=returning).json()
    assert (answer["rows"], answer["engine"], answer["engine_reason"]) == ([{"id": 99}], "pro", ASKED)
    update = api.post("/api/v1/query", json={"sql": "UPDATE fruit SET id = id + 100", "engine": "pro"})
    assert told(update) == (201, "pro", ASKED)
    dropped = api.post("/api/v1/query", json={"sql": "DROP TABLE fruit", "engine": "pro"})
    assert told(dropped) == (200, None, None)


def test_background_queries_tell(pro: OtherEngine, api: httpx.Client) -> None:
    address = submit_query(api, "SELECT id FROM fruit", engine="pro")
    described = wait_until_ended(api, address)
    assert (described["engine"], described["engine_reason"]) == ("pro", ASKED)
    for media_type in FORMATS:
        assert told(api.get(f"{address}/results", headers={"Accept": media_type})) == (200, "pro", ASKED)
    page = api.get(f"{address}/results").json()
    assert (page["engine"], page["engine_reason"]) == ("pro", ASKED)


def test_answers_tell_that_lite_answers_instead(pro: OtherEngine, api: httpx.Client) -> None:
    pro.instead = "it sleeps"
    by_lite = f"{ASKED} LITE answers: it sleeps."
    for media_type in FORMATS:
        body = {"sql": "SELECT id FROM fruit", "engine": "pro"}
        answer = api.post("/api/v1/query", json=body, headers={"Accept": media_type})
        assert told(answer) == (200, "lite", by_lite), media_type
        if media_type == "application/json":
            assert (answer.json()["engine"], answer.json()["engine_reason"]) == ("lite", by_lite)
    insert = api.post("/api/v1/query", json={"sql": "INSERT INTO fruit SELECT id + 10 FROM fruit", "engine": "pro"})
    assert told(insert) == (201, "lite", by_lite)
    address = submit_query(api, "SELECT id FROM fruit", engine="pro")
    described = wait_until_ended(api, address)
    assert (described["engine"], described["engine_reason"]) == ("lite", by_lite)
    assert told(api.get(f"{address}/results")) == (200, "lite", by_lite)
    job = api.get(f"/api/v1/jobs/{address.rpartition('/')[2]}").json()
    assert set(job["result"]) == {"rows", "bytes"}, "who controls jobs is not told why"


@pytest.mark.parametrize(
    ("body", "kind", "detail"),
    [
        ({"engine": "SPARK"}, "engine-unavailable", "The engine SPARK is not available: no cluster is"),
        ({"engine": "pro"}, "engine-unavailable", "The engine PRO is not available: it sleeps. Nothing was run."),
        ({"engine": "duckdb"}, "invalid-input", "There is no engine 'duckdb'. Use AUTO, LITE, PRO, SPARK."),
        ({"engine": ""}, "invalid-input", "There is no engine ''. Use AUTO, LITE, PRO, SPARK."),
    ],
    ids=lambda case: str(case.get("engine")) if isinstance(case, dict) else "",
)
def test_engines_that_are_refused(
    pro: OtherEngine, api: httpx.Client, body: dict[str, Any], kind: str, detail: str
) -> None:
    pro.away, pro.holds = "it sleeps", True
    answers = [api.post(f"/api/v1/{route}", json={"sql": "FROM fruit", **body}) for route in ("query", "queries")]
    answers += [api.get(f"{TABLE}/rows", params=body), api.get(f"{TABLE}/changes", params={**body, "after": 0})]
    answers.append(api.post("/api/v1/query", json={"sql": "INSERT INTO fruit SELECT 9", **body}))
    for answer in answers:
        assert (answer.status_code, problem_type_of(answer)) == (400, kind)
        assert detail in answer.json()["detail"]
    assert pro.runs == 0
    assert told(api.post("/api/v1/query", json={"sql": "FROM fruit"}))[:2] == (200, "lite")

"""Submits background queries, and waits for jobs and queries of the API."""

from __future__ import annotations

import time
from typing import Any

import httpx

ENDLESS = "SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c"
"""Runs until it is cancelled."""
QUERIES = "/api/v1/queries"
JOBS = "/api/v1/jobs"


def submit_query(api: httpx.Client, sql: str, **more: Any) -> str:
    """Submit a background query and return its address."""
    answer = api.post(QUERIES, json={"sql": sql, **more})
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "queued"
    assert answer.headers["Location"] == f"{QUERIES}/{answer.json()['id']}"
    return answer.headers["Location"]


def wait_until_ended(api: httpx.Client, address: str, seconds: float = 60) -> dict[str, Any]:
    """Wait until the job or query has ended, and return its description."""
    return wait_for_state(api, address, {"succeeded", "failed", "cancelled", "lost"}, seconds)


def wait_for_state(api: httpx.Client, address: str, wanted: set[str], seconds: float = 60) -> dict[str, Any]:
    """Wait until the job or query is in one of the `wanted` states, and return its description."""
    deadline = time.monotonic() + seconds
    while True:
        answer = api.get(address)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        if found["state"] in wanted:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.02)

"""Addresses that need no token, and addresses that do not exist."""

from __future__ import annotations

import httpx

from tests.support.api.server import ApiServer


def test_health_needs_no_token(server: ApiServer) -> None:
    with server.client(token=None) as anonymous:
        answer = anonymous.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")


def test_an_unknown_address_is_a_problem(api: httpx.Client) -> None:
    answer = api.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/not-found"

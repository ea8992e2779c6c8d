"""Small bodies that arrive whole stay in memory. Others are received in parts, from their first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from litestar import Request
from litestar.exceptions import ClientException, HTTPException
from litestar.testing import RequestFactory
from litestar.types import Empty

from supertable.domain.errors import UnreadableInput
from supertable.entrypoints.web.requests.row_bodies import BodyLimits, RowBody, received_rows, small_rows

LIMITS = BodyLimits(body=1_000, line=100)
JSON = "application/json"
NDJSON = "application/x-ndjson"


def request(
    messages: Sequence[Any], kind: str = JSON, size: int | None = None, encoding: str = ""
) -> Request[Any, Any, Any]:
    length = sum(len(message.get("body", b"")) for message in messages) if size is None else size
    made = RequestFactory().post(
        "/", headers={"content-type": kind, "content-length": str(length), "content-encoding": encoding}
    )
    waiting = list(messages)

    async def receive() -> Any:
        return waiting.pop(0)

    made.receive, made._body = receive, Empty
    return made


def part(body: bytes, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def small(given: Request[Any, Any, Any]) -> RowBody | None:
    return asyncio.run(small_rows(given, LIMITS))


@pytest.mark.parametrize("more", [pytest.param(True, id="more_may_come"), pytest.param(False, id="no_more")])
def test_a_whole_body_is_taken_with_its_first_message(more: bool) -> None:
    assert small(request([part(b'{"a": 1}', more)])) == RowBody("json", None, 8, b'{"a": 1}', "")
    assert small(request([part(b'{"a": 1}\n', more)], NDJSON)) == RowBody("ndjson", None, 9, b'{"a": 1}\n', "")


def test_a_body_in_parts_is_received_whole(tmp_path: Path) -> None:
    given = request([part(b'{"a":', True), part(b" 1}", True), part(b"", False)])

    async def both() -> tuple[RowBody | None, bytes | None]:
        first = await small_rows(given, LIMITS)
        async with received_rows(given, tmp_path, LIMITS, as_file=False, check=lambda: None) as body:
            return first, body.text

    assert asyncio.run(both()) == (None, b'{"a": 1}')


def test_a_client_that_leaves_is_noticed_where_the_rest_is_received(tmp_path: Path) -> None:
    given = request([{"type": "http.disconnect"}], size=8)

    async def both() -> None:
        assert await small_rows(given, LIMITS) is None
        async with received_rows(given, tmp_path, LIMITS, as_file=False, check=lambda: None):
            raise AssertionError("there is no body")

    with pytest.raises(ClientException):
        asyncio.run(both())


def test_other_bodies_are_left_alone() -> None:
    assert small(request([part(b"a\n1\n", False)], "text/csv")) is None
    assert small(request([part(b"x" * 1_001, False)])) is None
    assert small(request([part(b"", False)], encoding="gzip")) is None
    with pytest.raises(HTTPException) as refused:
        small(request([part(b"{}", False)], "text/plain"))
    assert refused.value.status_code == 415
    with pytest.raises(UnreadableInput):
        small(request([part(b"{" + b" " * 200, False)], NDJSON))

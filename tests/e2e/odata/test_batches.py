"""`$batch` as JSON and as multipart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import pyarrow as pa
import pytest

from supertable import Lake


@pytest.fixture
def numbers(lake: Lake) -> Lake:
    lake.write("numbers", pa.table({"n": [1, 2, 3]}), keys=["n"])
    return lake


def _json(odata: httpx.Client, requests: Sequence[dict[str, Any]], **headers: str) -> list[dict[str, Any]]:
    full = [{"method": "get", "id": str(number), **each} for number, each in enumerate(requests)]
    answer = odata.post("$batch", json={"requests": full}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["responses"]
    return found


def _multipart(*requests: str) -> str:
    head = "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    return "".join(f"{head}{request}\r\n\r\n\r\n" for request in requests) + "--b--\r\n"


def test_answers_are_those_of_the_requests_alone(numbers: Lake, odata: httpx.Client) -> None:
    paths = ["numbers?$filter=n gt 1", "numbers(2)", "numbers/$count", "$metadata?$format=json"]
    for path, each in zip(paths, _json(odata, [{"url": path} for path in paths]), strict=True):
        alone = odata.get(path)
        assert each["status"] == 200
        assert each["body"] == (alone.json() if "json" in alone.headers["content-type"] else alone.text)
    absolute: list[dict[str, Any]] = [{"url": f"{odata.base_url}numbers(1)"}, {"url": "/odata/main/numbers(1)"}]
    assert [each["body"]["n"] for each in _json(odata, absolute)] == [1, 1]


def test_a_failure_ends_the_batch_unless_the_client_continues(numbers: Lake, odata: httpx.Client) -> None:
    requests: list[dict[str, Any]] = [
        {"url": "numbers(1)", "atomicityGroup": "g"},
        {"url": "numbers(9)", "atomicityGroup": "g"},
        {"url": "numbers(2)", "dependsOn": ["1"]},
        {"url": "numbers(3)"},
        {"url": "numbers(3)", "method": "delete"},
    ]
    assert [each["status"] for each in _json(odata, requests)] == [200, 404]
    found = _json(odata, requests, Prefer="odata.continue-on-error")
    assert [each["status"] for each in found] == [200, 404, 424, 200, 405]


def test_multipart(numbers: Lake, odata: httpx.Client) -> None:
    body = _multipart(
        "GET numbers?$top=1 HTTP/1.1\r\nAccept: application/json", "GET /odata/numbers(2)/n/$value HTTP/1.1"
    )
    answer = odata.post("$batch", content=body, headers={"Content-Type": "multipart/mixed; boundary=b"})
    assert answer.headers["content-type"].startswith("multipart/mixed;boundary=")
    assert answer.text.count("HTTP/1.1 200 OK") == 2
    assert not [part for part in ('{"n":1}', "\r\n\r\n2\r\n") if part not in answer.text]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"x", "multipart/mixed; boundary=b", 400),
        (b"{}", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"x", "text/plain", 415),
        (_multipart(*["GET numbers HTTP/1.1"] * 101).encode(), "multipart/mixed; boundary=b", 413),
        (_multipart("GET").encode(), "multipart/mixed; boundary=b", 400),
        (
            b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n",
            "multipart/mixed; boundary=b",
            405,
        ),
    ],
    ids=["no-parts", "no-requests", "deep", "no-text", "type", "many", "no-address", "change-set"],
)
def test_what_is_no_batch_is_refused(odata: httpx.Client, content: bytes, kind: str, status: int) -> None:
    answer = odata.post("$batch", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text


def test_a_part_stays_in_the_service(numbers: Lake, odata: httpx.Client) -> None:
    urls = ["http://elsewhere.example.com/odata/numbers", "/api/v1/query", "$batch", "numbers?$frobnicate=1"]
    found = _json(odata, [{"url": url} for url in urls], Prefer="continue-on-error")
    assert [each["status"] for each in found] == [400] * 4

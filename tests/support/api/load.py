"""Many clients at once, each writing single rows and reading back what it was told is durable."""

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
_REPEAT = 20
"""Every so manieth write is sent again with its key, as after an answer that was lost."""


@dataclass
class Load:
    """What the clients did in `seconds`. `written`: the ids that were acknowledged; `errors`: whatever went wrong."""

    seconds: float
    written: list[int] = field(default_factory=list)
    write_ms: list[float] = field(default_factory=list)
    read_ms: list[float] = field(default_factory=list)
    replayed: int = 0
    errors: list[str] = field(default_factory=list)

    def lost(self, lake: Lake) -> list[int]:
        """What was acknowledged and is not in the table."""
        return sorted(set(self.written) - _times(lake).keys())

    def doubled(self, lake: Lake) -> list[int]:
        """What is in the table more than once."""
        return sorted(id_ for id_, times in _times(lake).items() if times > 1)


def loaded(port: int, token: str, clients: int, seconds: float) -> Load:
    """Every client has one connection, and waits for each answer."""
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
    def __init__(self, port: int, token: str, ids: Iterator[int], load: Load) -> None:
        """`ids`: of the rows, counted by all clients together."""
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
        except Exception as error:  # noqa: BLE001 - told by whoever judges
            self._load.errors.append(repr(error))
        finally:
            self._connection.close()

    def _write(self) -> None:
        id_ = next(self._ids)
        key = {"Idempotency-Key": f"order-{id_}"}
        row = {"id": id_, "region": "north", "amount": id_ / 2}
        started = time.perf_counter()
        told = self._asked(f"{TABLES}/{TABLE}/rows", row, key, 201)
        self._load.write_ms.append((time.perf_counter() - started) * 1000)
        self._own.append(id_)
        self._load.written.append(id_)
        if id_ % _REPEAT == 0:
            again = self._asked(f"{TABLES}/{TABLE}/rows", row, key, 201)
            assert again == {**told, "replayed": True}, again
            self._load.replayed += 1

    def _read(self) -> None:
        """One of the rows that this client was told of."""
        id_ = random.choice(self._own)
        started = time.perf_counter()
        told = self._asked("/api/v1/query", {"sql": _QUERY, "parameters": [id_]}, {}, 200)
        self._load.read_ms.append((time.perf_counter() - started) * 1000)
        assert told["rows"] == [{"id": id_, "amount": id_ / 2}], told

    def _asked(self, path: str, body: dict[str, Any], headers: dict[str, str], status: int) -> dict[str, Any]:
        self._connection.request("POST", path, json.dumps(body), {**self._headers, **headers})
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status == status, (answer.status, text)
        told: dict[str, Any] = json.loads(text)
        return told


def _times(lake: Lake) -> Counter[int]:
    return Counter(lake.sql(f"SELECT id FROM {TABLE}").arrow()["id"].to_pylist())

"""Users whose queries crash, take all memory or never end, beside users who work."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

_DEEP = "repeat('[', 200000) || repeat(']', 200000)"
HARMFUL = (
    f"SELECT json_contains({_DEEP}, {_DEEP})",
    f"SELECT from_json('{{}}', {_DEEP})",
    f"SELECT ({_DEEP})::JSON::VARIANT::VARCHAR",
    "SELECT damerau_levenshtein(repeat('ab', 40000 + id), repeat('ba', 40000)) FROM few",
    "SELECT length(printf('%1500000000d', id)) FROM few",
    "SELECT levenshtein(repeat('ab', 200000 + id), repeat('ba', 200000)) FROM few",
    "SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c WHERE a.range + b.range + c.range = 7",
    "SELECT a.id FROM few a, range(1000000000) b",
)
"""Crashes, memory beyond any limit, work without a check for interrupts, work and results without an end."""


@dataclass
class Harm:
    """What users met. `unexpected`: what those who work got in place of an answer. `statuses`: what the others got."""

    seconds: list[float] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def percentile(self, share: float) -> float:
        """Seconds of a request of those who work."""
        ordered = sorted(self.seconds)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def run_harm(client: Callable[[str], httpx.Client], bad: Sequence[str], good: Sequence[str], seconds: float) -> Harm:
    """Users with the tokens `bad` send the harmful queries; those with the tokens `good` read and write."""
    harm = Harm()
    end = time.monotonic() + seconds

    def do_harm(number: int, token: str) -> None:
        with client(token) as api:
            while time.monotonic() < end:
                harm.statuses[_status_of_harm(api, HARMFUL[number % len(HARMFUL)])] += 1
                number += 1

    def work(number: int, token: str) -> None:
        with client(token) as api:
            while time.monotonic() < end:
                _work(api, harm, f"user {number}")

    threads = [threading.Thread(target=do_harm, args=one) for one in enumerate(bad)]
    threads += [threading.Thread(target=work, args=one) for one in enumerate(good)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return harm


def _status_of_harm(api: httpx.Client, sql: str) -> int:
    """The status; 200 for a result without an end, of which the client reads a part."""
    try:
        with api.stream("POST", "/api/v1/query", json={"sql": sql, "timeout_seconds": 1}) as answer:
            for _ in zip(range(100), answer.iter_raw(), strict=False):
                pass
            return answer.status_code
    except httpx.TransportError:  # a stream that fails after it began is cut off
        return 0


def _work(api: httpx.Client, harm: Harm, name: str) -> None:
    began = time.monotonic()
    try:
        read = api.post("/api/v1/query", json={"sql": "SELECT count(*) AS n FROM few WHERE id >= ?", "parameters": [2]})
        ok = read.status_code == 200 and read.json()["rows"] == [{"n": 2}]
        harm.seconds.append(time.monotonic() - began)
        written = api.post("/api/v1/supertables/main/tables/rows/rows", json=[{"name": name}])
        if not ok or written.status_code != 201:
            harm.unexpected.append(f"{read.status_code} {read.text}, {written.status_code} {written.text}")
    except (httpx.TransportError, KeyError, ValueError) as error:
        harm.unexpected.append(repr(error))

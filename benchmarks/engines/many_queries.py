"""Times many queries on several systems in turns, and compares their answers. All are warm: each answers a query once
before it is timed, and Pro has loaded what it keeps."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from benchmarks.engines.sides import Ask, Side
from benchmarks.engines.targets import verdicts
from benchmarks.engines.timing import geometric_mean, in_turns, ratios

BASE, OURS = "parquet", ("lite", "pro")
_OURS, _OTHERS = 1e-9, 1e-4
"""How much answers may differ: sums of floats depend on their order, and averages of decimals on the engine."""
_OWN_PROCESS = frozenset({"DuckLake"})
"""Whose CPU time this process does not see."""


def load(sides: Sequence[Side], batches: Iterable[tuple[str, pa.Table, Sequence[str]]]) -> list[float]:
    """Write the batches, each as table, rows and keys, to all sides in turns. Returns the seconds of each side."""
    seconds = [0.0] * len(sides)
    for table, rows, keys in batches:
        for number, side in enumerate(sides):
            started = time.perf_counter()
            side.upsert(table, rows, keys)
            seconds[number] += time.perf_counter() - started
    return seconds


def compare(name: str, sides: Sequence[Side], queries: Mapping[int, str], turns: int) -> dict[str, Any]:
    """Medians and ratios to `BASE` by query, and their geometric means. `name`: of the benchmark in the targets.

    A system that cannot run a query, or answers otherwise, has no part in it; that is said.
    """
    asks = {who: ask for side in sides for who, ask in side.asks(list(queries.values())).items()}
    print("milliseconds, ratio of wall and of CPU time to the first system")
    print(f"{'query':<7}" + "".join(f"{who:>19}" for who in asks), flush=True)
    found, failed = {}, {}
    for number, sql in queries.items():
        able, failed[number] = _able(asks, sql)
        found[number] = ratios(in_turns({who: _work(asks[who], sql) for who in able}, turns, warm=1), BASE)
        for who in _OWN_PROCESS & found[number].keys():
            del found[number][who]["cpu_ms"], found[number][who]["cpu_ratio"]
        print(f"{number:<7}" + "".join(_cell(found[number].get(who)) for who in asks), flush=True)
    means = {who: _means([one[who] for one in found.values() if who in one]) for who in asks}
    for kind in ("ratio", "cpu_ratio"):
        print(
            f"geometric means, {kind}: { ({who: round(mean[kind], 2) for who, mean in means.items() if kind in mean}) }"
        )
    for number, reasons in failed.items():
        for who, reason in reasons.items():
            print(f"query {number}: {who} is left out: {reason}")
    cpu = {f"{name}, {who}, CPU": mean["cpu_ratio"] for who, mean in means.items() if "cpu_ratio" in mean}
    targets = verdicts({f"{name}, {who}": mean["ratio"] for who, mean in means.items()} | cpu)
    return {"means": means, "queries": found, "left_out": {n: r for n, r in failed.items() if r}, "targets": targets}


def _work(ask: Ask, sql: str) -> Any:
    return lambda turn: ask(sql)


def _able(asks: Mapping[str, Ask], sql: str) -> tuple[list[str], dict[str, str]]:
    """Who answers as `BASE`, and why others do not. Our own engines must."""
    expected = asks[BASE](sql)
    able, failed = [], {}
    for who, ask in asks.items():
        try:
            problem = "" if same(ask(sql), expected, _OURS if who in OURS else _OTHERS) else "another answer"
        except Exception as error:  # noqa: BLE001 each system has errors of its own
            problem = str(error).splitlines()[0][:200]
        if problem and who in OURS:
            raise AssertionError(f"{who}: {problem}: {sql}")
        if problem:
            failed[who] = problem
        else:
            able.append(who)
    return able, failed


def same(found: pa.Table, expected: pa.Table, tolerance: float) -> bool:
    """Whether the rows are the same, in order. Only numbers that are no integers may differ, by this share."""
    if (found.num_rows, found.num_columns) != (expected.num_rows, expected.num_columns):
        return False
    return all(
        _close(one, other, tolerance)
        for column, another in zip(found.columns, expected.columns, strict=True)
        for one, other in zip(column.to_pylist(), another.to_pylist(), strict=True)
    )


def _close(one: Any, other: Any, tolerance: float) -> bool:
    if any(isinstance(value, float | Decimal) for value in (one, other)) and None not in (one, other):
        return math.isclose(one, other, rel_tol=tolerance)
    return bool(one == other)


def _cell(found: Mapping[str, float] | None) -> str:
    if not found:
        return f"{'–':>19}"
    cpu = f"{found['cpu_ratio']:6.2f}" if "cpu_ratio" in found else f"{'–':>6}"
    return f"{found['ms']:7.0f}{found['ratio']:6.2f}{cpu}"


def _means(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    kinds = [kind for kind in ("ratio", "cpu_ratio") if all(kind in one for one in found)]
    return {kind: geometric_mean(max(one[kind], 1e-3) for one in found) for kind in kinds}

"""The targets for engines: ratios within one run, to DuckDB over one clean Parquet file unless they say otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """`what`: of the measurement, as its benchmark calls it. `least`: the value may not be lower, instead of higher."""

    what: str
    bound: float
    least: bool = False

    def met(self, value: float) -> bool:
        return value >= self.bound if self.least else value <= self.bound


TARGETS = (
    Target("after upserts, owner, pro, count", 1.0),
    Target("after upserts, owner, pro, lookup", 0.5),
    Target("after upserts, owner, pro, group by", 0.5),
    Target("after upserts, owner, lite, lookup", 1.8),
    Target("after upserts, owner, lite, group by", 2.5),
    Target("after upserts, role, pro, count", 1.0),
    Target("after upserts, role, pro, lookup", 0.5),
    Target("after upserts, role, pro, group by", 0.5),
    Target("after upserts, role, lite, lookup", 1.8),
    Target("after upserts, role, lite, group by", 2.5),
    *(
        Target(f"{queries}, {engine}{time}", bound)
        for queries in ("tpch", "clickbench")
        for engine, bound in (("pro", 0.6), ("lite", 1.3))
        for time in ("", ", CPU")
    ),
    Target("commits, local, to the landed code", 2.0, least=True),
    Target("commits, SeaweedFS and Valkey, to the landed code", 1.7, least=True),
    Target("commits by HTTP per second, local", 3_000, least=True),
    Target("commits by HTTP per second, SeaweedFS and Valkey", 1_500, least=True),
    Target("after one-row commits, lite, scan", 1.5),
    Target("after one-row commits, lite, lookup", 1.5),
    Target("dashboard, wrong answers", 0),
    Target("dashboard, repeated query, ms", 1.0),
    Target("100,000 files, cold open, ms", 150),
    Target("100,000 files, plan, ms", 5),
)


def verdicts(found: Mapping[str, float]) -> list[dict[str, Any]]:
    """The targets of what was measured, and whether they are met. Prints them."""
    judged = [(target, found[target.what]) for target in TARGETS if target.what in found]
    for target, value in judged:
        word = "met   " if target.met(value) else "MISSED"
        print(f"  {word}  {value:>9.2f}  {'at least' if target.least else 'at most'} {target.bound:g}  {target.what}")
    return [asdict(target) | {"value": value, "met": target.met(value)} for target, value in judged]

"""The performance targets: ratios of SuperTable to its peers within one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.peers.timing import Measured

_CLEAN = "Parquet + DuckDB"
WORST_WRITE = 5.0


@dataclass(frozen=True, slots=True)
class Target:
    """SuperTable may take at most `most` times as long as the peer, plus `plus_ms` milliseconds."""

    key: str
    peer: str
    most: float
    plus_ms: float = 0.0


TARGETS = (
    Target("append-100k", _CLEAN, 1.3),
    Target("upsert-1k", "DuckLake", 0.35),
    Target("upsert-10k", "DuckLake", 0.4),
    Target("upsert-10k", "delta-rs", 0.15),
    Target("delete-1k", "DuckLake", 0.35),
    Target("count", _CLEAN, 2.0, plus_ms=3.0),
    Target("lookup", _CLEAN, 1.5),
    Target("group-by", _CLEAN, 2.0),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a measured ratio compares with its target."""

    what: str
    found: float
    most: float

    @property
    def met(self) -> bool:
        return self.found <= self.most


def verdicts(found: Mapping[str, Measured]) -> list[Verdict]:
    """The verdicts on all targets whose cases were measured. `found`: measurements by the case's key."""
    judged = [_verdict(target, found[target.key]) for target in TARGETS if target.key in found]
    worst = max((measured for measured in found.values() if measured.case.writes), key=Measured.worst, default=None)
    if worst:
        judged.append(Verdict(f"worst single write to median: {worst.case.title}", worst.worst(), WORST_WRITE))
    return judged


def _verdict(target: Target, measured: Measured) -> Verdict:
    peer_ms = measured.median_ms(target.peer)
    what = f"{measured.case.title}, relative to {target.peer}"
    if target.plus_ms:
        what += f" (most: {target.most:g}x and {target.plus_ms:g} ms)"
    return Verdict(what, measured.ratio(target.peer), target.most + target.plus_ms / peer_ms)

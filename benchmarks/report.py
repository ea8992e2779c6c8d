"""The figures on the terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.cases import Sizes
from benchmarks.machine import facts
from benchmarks.measure import OURS, Measured
from benchmarks.systems import System
from benchmarks.targets import Verdict

_CASE = 38
_CELL = 17
_NOTES = (
    "Before every timed call unwritten pages are flushed, so that nobody's fsync pays for another's write.",
    "Reads after the upserts and scans: Parquet + DuckDB has one clean file of the same rows, in order of the id.",
    "Upserts without a figure were not waited for; the reads are then of a clean copy of the same rows.",
    "The last column is SuperTable's slowest call, as a multiple of its median.",
)


def heading(makers: Iterable[type[System]]) -> str:
    names = "".join(f"{maker.name:>{_CELL}}" for maker in makers if maker.name != OURS)
    line = f"{'medians; below 1x SuperTable is faster':<{_CASE}}{OURS:>11}{names}{'worst':>7}"
    return f"{line}\n{'-' * len(line)}"


def row(measured: Measured, makers: Iterable[type[System]]) -> str:
    """SuperTable's time; of each peer SuperTable's ratio to it, and its time; SuperTable's worst turn to its median."""
    cells = "".join(_cell(measured, maker.name) for maker in makers if maker.name != OURS)
    return f"{measured.case.title:<{_CASE}}{_time(measured, OURS):>11}{cells}{measured.worst():>6.1f}x"


def _cell(measured: Measured, peer: str) -> str:
    if peer not in measured.times_ms:
        return f"{'–':>{_CELL}}"
    return f"{measured.ratio(peer):>6.2f}x{_time(measured, peer):>{_CELL - 7}}"


def _time(measured: Measured, system: str) -> str:
    return f"{measured.median_ms(system):.1f} ms"


def judgement(verdicts: Iterable[Verdict]) -> str:
    lines = ["Targets:"]
    for verdict in verdicts:
        word = "met   " if verdict.met else "MISSED"
        lines.append(f"  {word}  {verdict.found:>7.3f}x of at most {verdict.most:>6.2f}x  {verdict.what}")
    return "\n".join(lines)


def notes(makers: Iterable[type[System]]) -> str:
    lines = ["What is on the disk when a write returns (the rest may be lost when the power fails):"]
    lines += [f"  {maker.name:<18}{maker.durability}" for maker in makers]
    return "\n".join([*lines, *_NOTES])


def as_document(
    found: Sequence[Measured], verdicts: Iterable[Verdict], makers: Iterable[type[System]], sizes: Sizes
) -> dict[str, Any]:
    return {
        "machine": facts(),
        "sizes": asdict(sizes),
        "durability": {maker.name: maker.durability for maker in makers},
        "cases": [_case(measured) for measured in found],
        "targets": [asdict(verdict) | {"met": verdict.met} for verdict in verdicts],
    }


def save(document: object, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(_rounded(document), indent=1) + "\n")


def _case(measured: Measured) -> dict[str, Any]:
    return {
        "case": measured.case.key,
        "title": measured.case.title,
        "median_ms": {name: measured.median_ms(name) for name in measured.times_ms},
        "ratio": {name: measured.ratio(name) for name in _peers(measured)},
        "worst_to_median": {name: measured.worst(name) for name in measured.times_ms},
        "times_ms": dict(measured.times_ms),
    }


def _peers(measured: Measured) -> list[str]:
    return [name for name in measured.times_ms if name != OURS]


def _rounded(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _rounded(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_rounded(value) for value in part]
    return round(part, 3) if isinstance(part, float) else part

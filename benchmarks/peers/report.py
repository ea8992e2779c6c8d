"""The results of a comparison as text for the terminal, and as a document for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.machine import machine_facts
from benchmarks.peers.cases import Sizes
from benchmarks.peers.systems import System
from benchmarks.peers.targets import Verdict
from benchmarks.peers.timing import OURS, Measured

_CASE = 38
_CELL = 17
_NOTES = (
    "Before every timed call, unwritten pages are flushed, so that no system pays for the writes of another.",
    "Reads after upserts, and scans: Parquet + DuckDB has one clean file of the same rows, sorted by id.",
    "A dash: the system did not run these upserts; its reads are of a clean copy of the same rows.",
    "The last column is SuperTable's slowest call, as a multiple of its median.",
)


def heading(makers: Iterable[type[System]]) -> str:
    names = "".join(f"{maker.name:>{_CELL}}" for maker in makers if maker.name != OURS)
    line = f"{'medians; below 1x SuperTable is faster':<{_CASE}}{OURS:>11}{names}{'worst':>7}"
    return f"{line}\n{'-' * len(line)}"


def row(measured: Measured, makers: Iterable[type[System]]) -> str:
    """One case: SuperTable's time, its ratio to each peer with the peer's time, and its worst turn by its median."""
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
    lines = ["On disk when a write returns (the rest may be lost in a power failure):"]
    lines += [f"  {maker.name:<18}{maker.durability}" for maker in makers]
    return "\n".join([*lines, *_NOTES])


def as_document(
    found: Sequence[Measured], verdicts: Iterable[Verdict], makers: Iterable[type[System]], sizes: Sizes
) -> dict[str, Any]:
    """The document that is saved as JSON and drawn as the chart."""
    return {
        "machine": machine_facts(),
        "sizes": asdict(sizes),
        "durability": {maker.name: maker.durability for maker in makers},
        "cases": [_case(measured) for measured in found],
        "targets": [asdict(verdict) | {"met": verdict.met} for verdict in verdicts],
    }


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

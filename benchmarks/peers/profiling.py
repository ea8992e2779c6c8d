"""Profiles SuperTable in one case."""

from __future__ import annotations

import cProfile
import pstats
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from benchmarks.peers.cases import Bench, Sizes
from benchmarks.peers.systems.supertable_lake import SuperTable
from benchmarks.peers.timing import Case, Stopwatch


def profile_case(key: str, sizes: Sizes, lines: int) -> str:
    """The functions of all turns of one case with the most time of their own, and with the most cumulative time."""
    profile = cProfile.Profile()

    @contextmanager
    def around(case: Case) -> Iterator[None]:
        if case.key != key:
            yield
            return
        with profile:
            yield

    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), [SuperTable], sizes, Stopwatch(around))
        times = {measured.case.key: measured for measured in bench.run(lambda candidate: candidate == key)}[key]
    text = StringIO()
    stats = pstats.Stats(profile, stream=text).strip_dirs()
    stats.sort_stats("tottime").print_stats(lines)
    stats.sort_stats("cumulative").print_stats(lines)
    turns = len(times.times_ms["SuperTable"]) + 1
    return f"{text.getvalue()}\n{turns} turns, median {times.median_ms():.2f} ms each under the profiler"

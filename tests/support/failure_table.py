"""The table of failures: what each fault did to a lake at work. The tests that inject them tell its rows."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "FAILURES_FILE"
HEADINGS = ("where", "fault", "times", "acknowledged", "lost", "doubled", "stale reads", "failed calls", "recovery")


@dataclass(frozen=True)
class Failure:
    """`times` the fault was met. Of the `acknowledged` writes so many were `lost` or `doubled`; `stale`: reads that
    missed one. `failed`: calls that ended in an error and were repeated. `recovery_seconds`: the slowest: of a call,
    with all its repetitions, or from the fault's end to an answer.
    """

    where: str
    fault: str
    times: int
    acknowledged: int
    lost: int
    doubled: int
    stale: int
    failed: int
    recovery_seconds: float

    def __str__(self) -> str:
        *cells, recovery = asdict(self).values()
        return f"| {' | '.join(map(str, cells))} | {recovery:.2f} s |"


def tell(failure: Failure) -> None:
    """Shown with `pytest -s`, and kept where `python -m benchmarks failures` asks for it."""
    print(f"\n{failure}")
    if file := os.environ.get(FILE):
        with Path(file).open("a") as lines:
            lines.write(json.dumps(asdict(failure)) + "\n")

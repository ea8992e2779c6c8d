"""The table of failures: the effect of each fault on a lake in use. Tests that inject faults add its rows."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "FAILURES_FILE"
HEADINGS = ("where", "fault", "times", "acknowledged", "lost", "doubled", "stale reads", "failed calls", "recovery")


@dataclass(frozen=True)
class Failure:
    """The effect of one fault.

    `times`: how often the fault happened. `acknowledged`: writes that were acknowledged; `lost` and `doubled`: how many
    of them. `stale`: reads that missed an acknowledged write. `failed`: calls that ended in an error and were retried.
    `recovery_seconds`: the longest time that a call took with all its retries, or from the fault's end to an answer.
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


def record_failure(failure: Failure) -> None:
    """Print the row, which `pytest -s` shows, and append it to the file that `python -m benchmarks failures` names."""
    print(f"\n{failure}")
    if file := os.environ.get(FILE):
        with Path(file).open("a") as lines:
            lines.write(json.dumps(asdict(failure)) + "\n")

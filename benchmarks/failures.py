"""The table of failures: the tests that let things fail are run, and what they tell is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import facts
from tests.support.failure_table import FILE, HEADINGS, Failure

_TESTS = Path(__file__).parents[1] / "tests" / "integration"


def measured() -> dict[str, Any]:
    """Prints the table. The tests must pass: they assert that nothing was lost, doubled or stale."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "failures"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "failures", str(_TESTS)]
        subprocess.run(command, env={**os.environ, FILE: str(file)}, check=True)
        rows = [json.loads(line) for line in file.read_text().splitlines()]
    print(f"\n| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    for row in rows:
        print(Failure(**row))
    return {"machine": facts(), "failures": rows}

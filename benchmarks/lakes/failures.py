"""The table of failures: runs the tests that inject faults, and collects their results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import machine_facts
from tests.support.failure_table import FILE, HEADINGS, Failure

_TESTS = Path(__file__).parents[2] / "tests" / "integration"


def measure() -> dict[str, Any]:
    """Run the tests and print the table. The tests fail if a write is lost or doubled, or a read is stale."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "failures"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "failures", str(_TESTS)]
        subprocess.run(command, env={**os.environ, FILE: str(file)}, check=True)
        rows = [json.loads(line) for line in file.read_text().splitlines()]
    print(f"\n| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    for row in rows:
        print(Failure(**row))
    return {"machine": machine_facts(), "failures": rows}

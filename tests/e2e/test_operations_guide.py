"""The commands of docs/operations.md work as written, beside writers."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
from itertools import takewhile
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

import supertable
from supertable.entrypoints.cli import main as command_line
from supertable.entrypoints.web.observability.metrics import own_counts
from tests.support.budgets import BUDGET

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/operations.md").read_text()
ALERTS = yaml.safe_load((ROOT / "infrastructure/prometheus/alerts.yaml").read_text())
RULES = ALERTS["groups"][0]["rules"]


def blocks() -> list[str]:
    return re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL)


def run(commands: str, home: Path, backup: Path) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "SUPERTABLE_HOME": str(home), "BACKUP": str(backup), "PATH": path}
    done = subprocess.run(["bash", "-euc", commands], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, (commands, done.stdout, done.stderr)
    return done.stdout


def test_every_command_works_in_order(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of SuperTable, with which blocks begin, run in this process."""
    with supertable.connect(home) as lake:
        lake.create_table_from("t", pa.table({"id": [1]}))
        lake.write("t", pa.table({"id": [2]}))
    monkeypatch.setenv("SUPERTABLE_HOME", str(home))
    monkeypatch.setenv("BACKUP", str(tmp_path / "backup"))
    for commands in blocks():
        lines = commands.splitlines()
        ours = list(takewhile(lambda line: line.startswith("supertable "), lines))
        for line in ours:
            assert command_line.run([os.path.expandvars(word) for word in shlex.split(line)[1:]]) == 0, line
        run("\n".join(lines[len(ours) :]), home, tmp_path / "backup")


@pytest.mark.parametrize("attempt", range(BUDGET.live_copies))
def test_a_copy_of_a_live_lake_is_whole(home: Path, tmp_path: Path, attempt: int) -> None:
    """Each commit writes the same number to two tables' rows; the copy has all that was acknowledged before it."""
    backup = tmp_path / f"backup{attempt}"
    stop = threading.Event()
    acknowledged = [0]
    with supertable.connect(home) as lake:
        lake.create_table("t", pa.schema([("id", pa.int64()), ("copy", pa.int64())]), keys=["id"])

        def write() -> None:
            while not stop.is_set():
                number = acknowledged[0] + 1
                lake.write("t", pa.table({"id": [number, -1], "copy": [number, number]}), mode="upsert")
                acknowledged[0] = number
                if number % 20 == 0:
                    lake.table("t").compact()
                if number % 5 == 0:
                    lake.audit.export()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            while acknowledged[0] < 30:
                stop.wait(0.01)
            before = acknowledged[0]
            run(blocks()[0], home, backup)
            run(blocks()[1], home, backup)
        finally:
            stop.set()
            writer.join()
    with supertable.connect(backup) as copy:
        (found,) = copy.sql("SELECT count(*) AS n, max(id) AS m, min(copy) AS c FROM t").arrow().to_pylist()
        assert found["m"] >= before
        assert found["n"] == found["m"] + 1
        (last,) = copy.sql("SELECT copy FROM t WHERE id = -1").arrow().to_pylist()
        assert last["copy"] == found["m"]
        assert copy.fsck().sound
        assert copy.audit.verify().whole
        copy.write("t", pa.table({"id": [0], "copy": [0]}))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_uses_existing_metrics_and_is_explained(rule: dict[str, str]) -> None:
    known = {"supertable_worker_restarts_total"}
    for name, kind, _ in own_counts():
        known |= {f"{name}_total"} if kind == "counter" else {name}
    assert set(re.findall(r"\bsupertable_\w+", rule["expr"])) <= known
    assert f"| `{rule['alert']}` |" in GUIDE


def test_every_explained_alert_exists() -> None:
    explained = re.findall(r"^\| `(Supertable\w+)` \|", GUIDE, re.MULTILINE)
    assert sorted(explained) == sorted(rule["alert"] for rule in RULES)

"""Schemathesis asks for everything that the OpenAPI document describes, in ways right and wrong.

No answer is a server's error, or of a status, type, shape or header that the document does not know; what the document
forbids is refused; nothing is answered to those who are not signed in. `make fuzz-api` does it for longer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from prometheus_client.parser import text_string_to_metric_families

import supertable
from supertable import Lake
from tests.support.api.service import TOKEN, ApiService
from tests.support.budgets import BUDGET, SEED

CONFIG = Path(__file__).with_name("schemathesis.toml")
HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
COMMAND = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(CONFIG), "run"]
AMOUNT = ["--max-examples", str(BUDGET.fuzz_examples), "--seed", str(SEED)]
OPTIONS = [*AMOUNT, "--warnings", "off", "--no-color", "--report", "json"]
ORDERS = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        ("region", pa.string()),
        ("card", pa.string()),
        ("amount", pa.decimal128(10, 2)),
        ("ordered_at", pa.timestamp("us")),
        ("address", pa.struct([("zip", pa.string())])),
    ]
)


@pytest.fixture
def reader(home: Path) -> str:
    """The token of one who may read; the lake has whatever the document's examples speak of."""
    with supertable.connect(home) as lake:
        _fill(lake)
        lake.roles.create("reader_role", "reader", ["*"])
        lake.users.create("reader", ["reader_role"])
        return lake.tokens.create("for tests", "reader").secret


@pytest.fixture
def service(reader: str, home: Path, tmp_path: Path) -> Iterator[ApiService]:
    service = ApiService(home, tmp_path / "service", LOG_LEVEL="WARNING")
    yield service
    service.stop()


@pytest.mark.slow
def test_as_the_superuser(service: ApiService, tmp_path: Path) -> None:
    ran(service, TOKEN, "examples,coverage,fuzzing,stateful", tmp_path)
    answered = answers(service)
    all_ = operations(service)
    never = all_ - {(method, path) for method, path, status in answered if status < 300}
    print(f"{len(all_) - len(never)} of them did what they are for at least once")
    assert len(never) <= len(all_) // 8, never


@pytest.mark.slow
def test_as_a_reader(service: ApiService, reader: str, tmp_path: Path) -> None:
    ran(service, reader, "examples,fuzzing,stateful", tmp_path)
    answered = answers(service)
    changed = {path for method, path, status in answered if method in {"PUT", "PATCH"} and status < 300}
    assert changed == set()


def ran(service: ApiService, token: str, phases: str, folder: Path) -> None:
    """Prints its summary; fails with its output."""
    report = folder / "report.json"
    own = ["--phases", phases, "--report-json-path", str(report)]
    command = [*COMMAND, f"{service.url}/api/v1/openapi.json", *OPTIONS, *own]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS), "SCHEMATHESIS_TOKEN": token}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert report.exists(), done.stdout + done.stderr
    told: dict[str, Any] = json.loads(report.read_text())
    operations, cases = told["operations"], told["test_cases"]
    print(
        f"\nschemathesis {told['schemathesis_version']}: {operations['tested']} of {operations['total']} operations, "
        f"{cases['generated']} cases, {cases['unique_failures']} failures, {told['running_time']:.0f} s, seed {SEED}"
    )
    assert done.returncode == 0, _shortened(done.stdout)
    assert operations["tested"] == operations["total"]
    assert not told["operations"]["errored"]
    assert service.client().get("/healthz").status_code == 200
    assert "Traceback" not in service.log()
    assert not [answer for answer in answers(service) if answer[2] >= 500]


def operations(service: ApiService) -> set[tuple[str, str]]:
    with service.client() as api:
        paths: dict[str, dict[str, Any]] = api.get("/api/v1/openapi.json").json()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def answers(service: ApiService) -> set[tuple[str, str, int]]:
    """The methods, paths and statuses that the service itself has counted."""
    with service.client() as api:
        families = text_string_to_metric_families(api.get("/metrics").text)
    samples = [
        sample.labels for family in families if family.name == "supertable_requests" for sample in family.samples
    ]
    return {(labels["method"], labels["route"], int(labels["status"])) for labels in samples}


def _fill(lake: Lake) -> None:
    for name in ("orders", "spare"):
        table = lake.create_table(name, ORDERS, keys=["id"])
        for number in (1, 2):
            row = {"id": number, "region": "north", "address": {"zip": "1"}}
            lake.write(name, pa.Table.from_pylist([row], ORDERS))
        table.tag("before_import", 3)
        table.tag("spare", 3)
    for name in ("keeper", "spare"):
        lake.roles.create(name, "reader", ["orders"])
        lake.roles.grant(name, "orders", columns=["id"])
    for name in ("bob", "spare"):
        lake.users.create(name, ["keeper"])


def _shortened(text: str) -> str:
    return "\n".join(line[:400] for line in text.splitlines())

"""Schemathesis calls all operations of the OpenAPI description with valid and invalid requests.

No response is a server error, or has a status, media type, schema or header that is not described. Requests that the
description forbids are refused, and so are requests without a token. `make soak` runs it for longer, and tries the
systematic cases (the phase `coverage`) of all operations; each day has those of a fifth of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from prometheus_client.parser import text_string_to_metric_families

import supertable
from supertable import Lake
from tests.support.api.service import TOKEN, ApiService
from tests.support.budgets import BUDGET, SEED, SOAK, todays

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
    """A reader's token. The lake has everything that the examples of the description name."""
    with supertable.connect(home) as lake:
        _fill_lake(lake)
        lake.roles.create("reader_role", "reader", ["*"])
        lake.users.create("reader", ["reader_role"])
        return lake.tokens.create("for tests", "reader").secret


@pytest.fixture
def service(reader: str, home: Path, tmp_path: Path) -> Iterator[ApiService]:
    service = ApiService(home, tmp_path / "service", LOG_LEVEL="WARNING", SUPERTABLE_EXECUTORS="1")
    yield service
    service.stop()


@pytest.mark.slow
def test_all_operations_as_the_superuser(service: ApiService, tmp_path: Path) -> None:
    every_operation = operations(service)
    run_schemathesis(service, TOKEN, "coverage", todays(every_operation, "coverage of operations"), tmp_path)
    run_schemathesis(service, TOKEN, "examples,fuzzing,stateful", every_operation, tmp_path)
    answered = counted_requests(service)
    unsuccessful = set(every_operation) - {(method, path) for method, path, status in answered if status < 300}
    print(f"{len(every_operation) - len(unsuccessful)} operations succeeded at least once")
    assert len(unsuccessful) <= len(every_operation) // (4 if BUDGET is SOAK else 2), unsuccessful


@pytest.mark.slow
def test_all_operations_as_a_reader(service: ApiService, reader: str, tmp_path: Path) -> None:
    some = todays(operations(service), "operations of a reader")
    run_schemathesis(service, reader, "examples,fuzzing,stateful", some, tmp_path)
    answered = counted_requests(service)
    changed = {path for method, path, status in answered if method in {"PUT", "PATCH"} and status < 300}
    assert changed == set()


def run_schemathesis(
    service: ApiService, token: str, phases: str, tested: Sequence[tuple[str, str]], folder: Path
) -> None:
    """Run Schemathesis on the `tested` operations and print its summary. Fails with its output."""
    report_file = folder / "report.json"
    own = ["--phases", phases, "--report-json-path", str(report_file)]
    only = [word for method, path in tested for word in ("--include-name", f"{method} {path}")]
    command = [*COMMAND, f"{service.url}/api/v1/openapi.json", *OPTIONS, *own, *only]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS), "SCHEMATHESIS_TOKEN": token}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert report_file.exists(), done.stdout + done.stderr
    report: dict[str, Any] = json.loads(report_file.read_text())
    counts, cases = report["operations"], report["test_cases"]
    print(
        f"\nschemathesis {report['schemathesis_version']}: {counts['tested']} of {counts['total']} operations, "
        f"{cases['generated']} cases, {cases['unique_failures']} failures, {report['running_time']:.0f} s, seed {SEED}"
    )
    assert done.returncode == 0, _shortened(done.stdout)
    assert counts["tested"] == len(tested)
    assert not counts["errored"]
    assert service.client().get("/healthz").status_code == 200
    assert "Traceback" not in service.log()
    assert not [answer for answer in counted_requests(service) if answer[2] >= 500]


def operations(service: ApiService) -> list[tuple[str, str]]:
    """The method and path of every operation, in the order of the description."""
    with service.client() as api:
        paths: dict[str, dict[str, Any]] = api.get("/api/v1/openapi.json").json()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


def counted_requests(service: ApiService) -> set[tuple[str, str, int]]:
    """The method, path and status of the requests, from the metrics of the service."""
    with service.client() as api:
        families = text_string_to_metric_families(api.get("/metrics").text)
    samples = [
        sample.labels for family in families if family.name == "supertable_requests" for sample in family.samples
    ]
    return {(labels["method"], labels["route"], int(labels["status"])) for labels in samples}


def _fill_lake(lake: Lake) -> None:
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

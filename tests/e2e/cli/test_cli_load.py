"""`supertable load`: formats, modes, options and unreadable files."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from supertable.entrypoints.cli.terminal import exit_codes
from tests.support.command_line import FRUIT, Cli, rows


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)  # a fixed time, so that test names do not change between runs


class TestLoad:
    def test_creates_the_table_and_reports_the_write(self, cli: Cli) -> None:
        Path("fruit.csv").write_text(FRUIT)
        layout = ("--partition-by", "bucket(4, id)", "--sort-by", "id DESC")
        done = cli("load", "fruit.csv", "--into", "fruit", "--key", "id", "--property", "source=a=b", *layout)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("Loaded fruit: version 2, 3 rows inserted, 1 file of ")
        (info,) = cli("--json", "tables").json()
        assert (info["keys"], info["partition_by"], info["sort_by"]) == (["id"], ["bucket(4, id)"], ["id DESC"])
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
            (b"a,b\n" + b"1,x\n" * 30_000 + b"1\n", "line 30002: 1 column found, 2 expected"),
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

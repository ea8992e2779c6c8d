"""The file reader over real files: every format, every compression, and every kind of unreadable file."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import os
import re
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from supertable.adapters.readers.files import FileReaderAdapter
from supertable.application.ports.readers import ReadOptions
from supertable.domain.errors import InvalidInput, UnreadableInput

ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["a", "b", None]})


def read(*sources: Path | str, **options: Any) -> pa.Table:
    with FileReaderAdapter().open([str(source) for source in sources], ReadOptions(**options)) as opened:
        return opened.reader.read_all()


def refusal(*sources: Path | str, **options: Any) -> str:
    with pytest.raises(UnreadableInput) as caught:
        read(*sources, **options)
    return str(caught.value)


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zipped(path: Path, members: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)  # the content is part of tests' names, which must not change between runs


def arrow_stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


class TestFormats:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("rows.csv", "id,name\n1,a\n2,b\n3,\n"),
            ("rows.tsv", "id\tname\n1\ta\n2\tb\n3\t\n"),
            ("rows.txt", "id|name\n1|a\n2|b\n3|\n"),
            ("rows.ndjson", '{"id":1,"name":"a"}\n{"id":2,"name":"b"}\n{"id":3}\n'),
            ("rows.jsonl", '{"id":1,"name":"a"}\n{"id":2,"name":"b"}\n{"id":3,"name":null}\n'),
            ("rows.json", '[{"id":1,"name":"a"},\n {"id":2,"name":"b"}, {"id":3}]'),
            ("pretty.json", '{\n "id":1,\n "name":"a"\n}\n{"id":2,"name":"b"} {"id":3}'),
            ("rows.arrows", arrow_stream(ROWS)),
            ("no_suffix", "id,name\n1,a\n2,b\n3,\n"),
            ("no_suffix", '{"id":1,"name":"a"}\n{"id":2,"name":"b"}\n{"id":3}\n'),
            ("named_wrongly.csv", arrow_stream(ROWS)),
        ],
    )
    def test_each_is_detected_and_read(self, tmp_path: Path, name: str, content: str | bytes) -> None:
        assert read(write(tmp_path / name, content)) == ROWS

    def test_parquet_and_arrow_files(self, tmp_path: Path) -> None:
        pq.write_table(ROWS, tmp_path / "rows.parquet", row_group_size=2)
        with pa.ipc.new_file(str(tmp_path / "rows.arrow"), ROWS.schema) as writer:
            writer.write_table(ROWS)
        assert read(tmp_path / "rows.parquet") == ROWS
        assert read(tmp_path / "rows.arrow") == ROWS

    def test_batches_are_bounded_and_progress_reaches_the_end(self, tmp_path: Path) -> None:
        many = pa.table({"id": range(200_000)})
        pq.write_table(many, tmp_path / "many.parquet")
        write(tmp_path / "many.arrows", arrow_stream(many.combine_chunks()))
        write(tmp_path / "many.csv", "id\n" + "\n".join(map(str, range(200_000))) + "\n")
        for name in ("many.parquet", "many.arrows", "many.csv"):
            with FileReaderAdapter().open([str(tmp_path / name)]) as opened:
                sizes = [batch.num_rows for batch in opened.reader]
                assert sum(sizes) == 200_000
                assert max(sizes) <= 65_536
                assert opened.bytes_read() == opened.total_bytes == (tmp_path / name).stat().st_size

    def test_types_are_inferred(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "types.csv",
            "i,f,b,d,t,ts,tz,zip,big,none\n"
            "1,1.5,true,2024-01-31,10:00:00,2024-01-31 10:00:00,2024-01-31T10:00:00+02:00,01234,"
            "123456789012345678901,\n",
        )
        table = read(path)
        assert [str(field.type) for field in table.schema] == [
            "int64", "double", "bool", "date32[day]", "time64[us]", "timestamp[us]", "timestamp[us, tz=UTC]",
            "string", "decimal128(38, 0)", "string",
        ]  # fmt: skip
        assert table["tz"][0].as_py() == dt.datetime(2024, 1, 31, 8, tzinfo=dt.UTC)
        assert table["big"][0].as_py() == Decimal(123456789012345678901)

    def test_nested_json_and_zones(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "nested.json",
            '[{"a":{"b":[1,2]},"at":"2024-01-31T10:00:00+02:00","naive":"2024-01-31T10:00:00","big":12345678901234567890123}]',
        )
        assert read(path).to_pylist() == [
            {
                "a": {"b": [1, 2]},
                "at": dt.datetime(2024, 1, 31, 8, tzinfo=dt.UTC),
                "naive": dt.datetime(2024, 1, 31, 10),
                "big": Decimal(12345678901234567890123),
            }
        ]

    def test_records_with_very_many_keys_stay_columns(self, tmp_path: Path) -> None:
        record = "{" + ",".join(f'"k{position}":{position}' for position in range(400)) + "}"
        assert read(write(tmp_path / "wide.json", record)).num_columns == 400

    def test_nan_and_infinity(self, tmp_path: Path) -> None:
        values = read(write(tmp_path / "floats.csv", "x\n1.5\nnan\ninf\n-inf\n"))["x"].to_pylist()
        assert [str(value) for value in values] == ["1.5", "nan", "inf", "-inf"]


class TestCsv:
    def test_quotes_newlines_and_lookalike_comments(self, tmp_path: Path) -> None:
        path = write(tmp_path / "q.csv", 'a,b\n"x\ny","say ""hi"", ok"\n#1,2\n')
        assert read(path).to_pylist() == [{"a": "x\ny", "b": 'say "hi", ok'}, {"a": "#1", "b": "2"}]

    def test_quotes_that_come_late_are_still_quotes(self, tmp_path: Path) -> None:
        path = write(tmp_path / "late.csv", "a,b\n" + "1,x\n" * 30_000 + '2,"x,""y"""\n')
        assert read(path).slice(30_000).to_pylist() == [{"a": 2, "b": 'x,"y"'}]

    def test_null_strings(self, tmp_path: Path) -> None:
        path = write(tmp_path / "n.csv", "a,b\n1,NA\n,2\n-,3\n")
        assert read(path)["b"].to_pylist() == ["NA", "2", "3"]
        table = read(path, null_strings=("NA", "-"))
        assert table.to_pydict() == {"a": [1, None, None], "b": [None, 2, 3]}

    def test_known_types_win_over_inferred_ones(self, tmp_path: Path) -> None:
        path = write(tmp_path / "t.csv", "ZIP,price,n\n1234,1.10,\n")
        types = {"zip": pa.string(), "price": pa.decimal128(10, 2), "n": pa.float32(), "absent": pa.int8()}
        assert read(path, types=types).to_pylist() == [{"ZIP": "1234", "price": Decimal("1.10"), "n": None}]

    def test_header_delimiter_and_skipped_lines(self, tmp_path: Path) -> None:
        path = write(tmp_path / "h.csv", "a report\n2020;2021\n1;2\n")
        assert read(path, skip_lines=1, header=True, delimiter=";").to_pylist() == [{"2020": 1, "2021": 2}]
        assert read(path, skip_lines=1, header=False).num_rows == 2

    def test_all_text(self, tmp_path: Path) -> None:
        path = write(tmp_path / "t.csv", "a,b\n01,2024-01-01\n")
        assert read(path, all_text=True).to_pylist() == [{"a": "01", "b": "2024-01-01"}]

    def test_header_only_has_no_rows(self, tmp_path: Path) -> None:
        table = read(write(tmp_path / "h.csv", "a,b\n"))
        assert (table.num_rows, table.column_names) == (0, ["a", "b"])

    def test_one_column(self, tmp_path: Path) -> None:
        assert read(write(tmp_path / "one.csv", "a\n1\n2\n")).to_pydict() == {"a": [1, 2]}

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
    def test_a_byte_order_mark_sets_the_encoding(self, tmp_path: Path, encoding: str) -> None:
        path = write(tmp_path / "bom.csv", "ä,b\n1,ü\n".encode(encoding))
        assert read(path).to_pylist() == [{"ä": 1, "b": "ü"}]

    @pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-le", "shift-jis"])
    def test_any_encoding_that_python_knows(self, tmp_path: Path, encoding: str) -> None:
        text = "名,b\n1,x\n" if encoding == "shift-jis" else "ä,b\n1,x\n"
        path = write(tmp_path / "e.csv", text.encode(encoding))
        assert read(path, encoding=encoding).column_names == [text[0], "b"]

    def test_very_long_lines_up_to_the_limit(self, tmp_path: Path) -> None:
        path = write(tmp_path / "long.csv", "a,b\n1," + "x" * 7_000_000 + "\n")
        assert len(read(path)["b"][0].as_py()) == 7_000_000
        assert "line 2: it is longer than 1,000,000 bytes" in refusal(path, max_line_bytes=1_000_000)

    def test_lenient(self, tmp_path: Path) -> None:
        path = write(tmp_path / "l.csv", "a,b\r\n1,2\n3\r\n")
        assert "--lenient" in refusal(path)
        assert read(path, lenient=True).to_pylist() == [{"a": 1, "b": 2}, {"a": 3, "b": None}]


class TestManyFiles:
    def test_globs_are_sorted_and_columns_matched_by_name(self, tmp_path: Path) -> None:
        write(tmp_path / "b.csv", "y,x\n4,3\n")
        write(tmp_path / "a.csv", "x,y\n1,2\n")
        write(tmp_path / "c.csv", "x,z\n5,six\n")
        assert read(tmp_path / "*.csv").to_pylist() == [
            {"x": 1, "y": 2, "z": None},
            {"x": 3, "y": 4, "z": None},
            {"x": 5, "y": None, "z": "six"},
        ]

    @pytest.mark.parametrize("suffix", ["parquet", "arrow"])
    def test_columnar_files_are_unified(self, tmp_path: Path, suffix: str) -> None:
        first = pa.table({"x": pa.array([1], pa.int32()), "s": ["a"]})
        second = pa.table({"extra": [True], "x": pa.array([2], pa.int64())})
        for position, table in enumerate((first, second)):
            if suffix == "parquet":
                pq.write_table(table, tmp_path / f"{position}.{suffix}")
            else:
                write(tmp_path / f"{position}.{suffix}", arrow_stream(table))
        assert read(tmp_path / f"*.{suffix}").to_pylist() == [
            {"x": 1, "s": "a", "extra": None},
            {"x": 2, "s": None, "extra": True},
        ]

    def test_incompatible_types_are_refused(self, tmp_path: Path) -> None:
        pq.write_table(pa.table({"x": [1]}), tmp_path / "0.parquet")
        pq.write_table(pa.table({"x": ["a"]}), tmp_path / "1.parquet")
        assert re.search(
            r"1\.parquet: its columns do not match those of .*0\.parquet: ", refusal(tmp_path / "*.parquet")
        )

    def test_formats_do_not_mix(self, tmp_path: Path) -> None:
        message = refusal(write(tmp_path / "a.csv", "x\n1\n"), write(tmp_path / "b.json", '{"x":1}'))
        assert "b.json" in message
        assert "json, but" in message

    def test_json_arrays_and_lines_do_not_mix(self, tmp_path: Path) -> None:
        write(tmp_path / "a.json", '[{"x":1}]')
        write(tmp_path / "b.json", '{"x":2}')
        assert re.search(r"only one of it and .*a\.json is a JSON array", refusal(tmp_path / "*.json"))

    @pytest.mark.parametrize("name", ["[a]*.csv", 'it\'s "q".csv', "y=1.csv", "-x.csv", "s3:.csv", "ü n.csv"])
    def test_a_name_that_looks_like_a_pattern_names_the_file(self, tmp_path: Path, name: str) -> None:
        write(tmp_path / "a.csv", "x\n9\n")
        assert read(write(tmp_path / name, "x\n1\n")).to_pydict() == {"x": [1]}

    def test_nothing_to_read(self, tmp_path: Path) -> None:
        assert "no file matches" in refusal(tmp_path / "*.csv")
        assert "no such file" in refusal(tmp_path / "absent.csv")
        assert "it is a folder" in refusal(tmp_path)
        assert "no file is named" in refusal()


class TestCompressed:
    CSV = b"id,name\n1,a\n2,b\n3,\n"

    def test_gzip_and_zstd_are_detected_by_their_content(self, tmp_path: Path) -> None:
        assert read(write(tmp_path / "rows.csv.gz", gzipped(self.CSV))) == ROWS
        assert read(write(tmp_path / "rows.csv", gzipped(self.CSV))) == ROWS
        assert read(write(tmp_path / "rows.csv.zst", zstd(self.CSV))) == ROWS
        assert read(write(tmp_path / "rows.csv.gz", self.CSV)) == ROWS

    def test_several_members_in_one_gzip(self, tmp_path: Path) -> None:
        content = gzipped(self.CSV) + gzipped(b"4,d\n")
        assert read(write(tmp_path / "rows.csv.gz", content)).num_rows == 4

    def test_packed_columnar_files(self, tmp_path: Path) -> None:
        pq.write_table(ROWS, tmp_path / "rows.parquet")
        packed = gzipped((tmp_path / "rows.parquet").read_bytes())
        assert read(write(tmp_path / "rows.parquet.gz", packed)) == ROWS

    def test_a_zip_is_read_as_one_without_clutter(self, tmp_path: Path) -> None:
        path = zipped(
            tmp_path / "rows.zip",
            {
                "2.csv": "id,name\n3,\n",
                "1.csv": "id,name\n1,a\n2,b\n",
                "README.md": "hello",
                "__MACOSX/1.csv": b"\0\0junk",
                ".hidden.csv": "x\n",
                "folder/": "",
            },
        )
        assert read(path) == ROWS

    def test_a_zip_with_packed_members_and_one_of_unknown_kind(self, tmp_path: Path) -> None:
        assert read(zipped(tmp_path / "a.zip", {"rows.csv.gz": gzipped(self.CSV)})) == ROWS
        assert read(zipped(tmp_path / "b.csv.zip", {"data": self.CSV})) == ROWS

    def test_the_format_chooses_members(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "two.zip", {"a.csv": "x\n1\n", "b.json": '{"x":2}'})
        assert read(path, format="json").to_pydict() == {"x": [2]}

    def test_truncated_and_damaged_files_are_refused(self, tmp_path: Path) -> None:
        content = b"id,name\n" + b"".join(b"%d,%d\n" % (n, n * 7919 % 1000) for n in range(50_000))
        for name, packed in (("x.csv.gz", gzipped(content)), ("x.csv.zst", zstd(content))):
            assert "cut off" in refusal(write(tmp_path / name, packed[: len(packed) // 2]))
            assert "cut off" in refusal(write(tmp_path / name, packed[:-4]))
            broken = bytearray(packed)
            broken[len(broken) // 2] ^= 0xFF
            assert name in refusal(write(tmp_path / name, bytes(broken)))
        whole = zipped(tmp_path / "x.zip", {"x.csv": content}).read_bytes()
        assert "damaged" in refusal(write(tmp_path / "x.zip", whole[: len(whole) // 2]))
        middle = bytearray(whole)
        middle[len(middle) // 2] ^= 0xFF
        assert "damaged" in refusal(write(tmp_path / "x.zip", bytes(middle)))

    def test_a_bomb_is_bounded(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "bomb.zip", {"x.csv": b"0\n" * 50_000_000})
        assert path.stat().st_size < 200_000
        assert "more than the limit of 10,000,000 bytes" in refusal(path, max_unpacked_bytes=10_000_000)

    def test_unsupported_compressions_are_named(self, tmp_path: Path) -> None:
        assert "bzip2" in refusal(write(tmp_path / "x.csv.bz2", b"BZh91AY&SY"))
        assert "none of its" in refusal(zipped(tmp_path / "x.zip", {"a.md": "x", "b.md": "y"}))


class TestStandardInput:
    def run(self, content: bytes, *options: str) -> str:
        script = textwrap.dedent(
            """
            import sys
            from supertable.adapters.readers.files import FileReaderAdapter
            from supertable.application.ports.readers import ReadOptions
            with FileReaderAdapter().open(["-"], ReadOptions()) as opened:
                print(opened.reader.read_all().to_pydict())
            """
        )
        done = subprocess.run(
            [sys.executable, "-c", script], input=content, capture_output=True, check=True, timeout=60
        )
        return done.stdout.decode().strip()

    @pytest.mark.parametrize(
        "content", [b"x\n1\n", b'{"x":1}\n', gzipped(b"x\n1\n"), arrow_stream(pa.table({"x": [1]}))]
    )
    def test_the_format_is_detected(self, content: bytes) -> None:
        assert self.run(content) == "{'x': [1]}"

    def test_a_named_pipe(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        with subprocess.Popen(["sh", "-c", f"printf 'x\\n1\\n' > '{pipe}'"]):
            assert read(pipe).to_pydict() == {"x": [1]}

    def test_it_is_read_only_once(self) -> None:
        assert "only once" in refusal("-", "-")


class TestUnreadable:
    @pytest.mark.parametrize(
        ("name", "content", "expected"),
        [
            ("x.csv", b"", "it is empty"),
            ("x.csv", b" \n\n", "it is empty"),
            ("x.csv", b"a,b\n" + b"1,x\n" * 30_000 + b"oops,y\n", "line 30002: column 'a': 'oops' does not fit the"),
            ("x.csv", b"a,b\n1,x\n1,y,z\n", "line 3: 3 columns found, 2 expected"),
            ("x.csv", b"a,b\n" + b"1,x\n" * 30_000 + b"1\n", "line 30002: 1 column found, 2 expected"),
            ("x.csv", b'a,b\n1,"x\n', "line 2: a quote is opened and never closed"),
            ("x.csv", b'a,b\n1,"x"y\n', "or text follows the closing quote"),
            ("x.csv", b"a,b\n1,caf\xe9\n", "line 2: it is not UTF-8"),
            ("x.csv", bytes(range(256)) * 20, "it is binary, not text"),
            ("x.csv", b"\x89PNG\r\n\x1a\n\0\0", "it is a PNG image"),
            ("x.json", b'{"a":1}\n{"a":\n', "row 2, byte 7: it is not valid JSON"),
            ("x.json", b'[{"a":1},\n{"a":1,\n"b":}]', "row 2, byte 13: it is not valid JSON"),
            ("x.json", b'[{"a":1},{"a":', "row 2, byte 6: it is not valid JSON"),
            ("x.ndjson", b'{"a":1}\n\n\n{"a":}', "row 2, byte 6: it is not valid JSON"),
            ("x.ndjson", b'{"a":1}\n' * 300_000 + b'{"a":}', "row 300,001, byte 6: it is not valid JSON"),
            ("x.ndjson", b'{"a":1}\n{"a":"caf\xe9"}\n', "row 2, byte 10: it is not UTF-8"),
            ("x.ndjson", b'{"a":1}\n' * 30_000 + b'{"zz":5}\n', "row 30,001: the key 'zz' does not occur in the rows"),
            ("x.ndjson", b'{"a":1}\n' * 30_000 + b'{"a":"no"}\n', "row 30,001: column 'a': '\"no\"' does not"),
            ("x.ndjson", b'{"a":{"b":1}}\n' * 30_000 + b'{"a":[]}\n', "row 30,001: column 'a': expected object or"),
            ("x.ndjson", b'{"a":"10:00:00"}\n' * 30_000 + b'{"a":"no"}\n', "row 30,001: column 'a': '\"no\"' do"),
            ("x.ndjson", b'{"a":' * 2_000 + b"1" + b"}" * 2_000, "its values are nested too deeply"),
            ("x.json", b"[1,2]", "every row must be a JSON object"),
            ("x.json", b"[]", "every row must be a JSON object"),
            ("x.json", b'{"a":1,"a":2}', "row 1: the key 'a' occurs twice"),
            ("x.parquet", b"PAR1junkjunkPAR1", "is damaged, or is not parquet"),
            ("x.parquet", b"a,b\n1,2\n", "is damaged, or is not parquet"),
            ("x.arrow", b"ARROW1\0\0junkjunkjunk", "is damaged, or is not arrow"),
            ("x.arrow", arrow_stream(ROWS)[:-20], "is damaged, or is not arrow"),
        ],
    )  # fmt: skip
    def test_the_error_names_the_place_and_the_reason(
        self, tmp_path: Path, name: str, content: bytes, expected: str
    ) -> None:
        message = refusal(write(tmp_path / name, content))
        assert f"{tmp_path / name}: " in message
        assert expected in message

    def test_a_parquet_file_that_is_truncated_or_overwritten(self, tmp_path: Path) -> None:
        pq.write_table(pa.table({"x": [str(n) for n in range(20_000)]}), tmp_path / "x.parquet")
        whole = (tmp_path / "x.parquet").read_bytes()
        assert "damaged" in refusal(write(tmp_path / "cut.parquet", whole[: len(whole) // 2]))
        assert "damaged" in refusal(write(tmp_path / "hole.parquet", whole[:200] + bytes(2_000) + whole[2_200:]))

    def test_the_file_is_named_among_many(self, tmp_path: Path) -> None:
        write(tmp_path / "1.csv", "a\n" + "1\n" * 30_000)
        write(tmp_path / "2.csv", "a\n" + "1\n" * 30_000 + "x\n")
        assert "2.csv: line 30002" in refusal(tmp_path / "*.csv")

    def test_a_member_of_a_zip_is_named(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "x.zip", {"deep/bad.json": '{"a":'})
        assert "x.zip/deep/bad.json: " in refusal(path)

    def test_a_column_that_occurs_twice_is_named(self, tmp_path: Path) -> None:
        rows = pa.table([pa.array([1]), pa.array([2])], names=["x", "x"])
        assert "it has more than one column 'x'" in refusal(write(tmp_path / "x.arrow", arrow_stream(rows)))

    def test_a_value_that_the_table_cannot_hold_is_named(self, tmp_path: Path) -> None:
        message = refusal(write(tmp_path / "x.ndjson", '{"a":300}\n'), types={"a": pa.int8()})
        assert "column 'a': " in message
        assert "300" in message

    def test_errors_by_another_name_have_no_hints_for_the_command_line(self, tmp_path: Path) -> None:
        path = write(tmp_path / "x.csv", "a\n" + "1\n" * 30_000 + "a. --b\n")
        assert "--sample-size -1" in refusal(path)
        assert refusal(path, name="the body") == (
            "Cannot read the body: line 30002: column 'a': 'a. --b' does not fit the column's type int64, inferred "
            "from the rows before it."
        )

    def test_invalid_options_are_refused(self, tmp_path: Path) -> None:
        path = write(tmp_path / "x.csv", "a\n1\n")
        assert "unknown encoding 'nope'" in refusal(path, encoding="nope")
        assert "is not utf-16" in refusal(write(tmp_path / "odd.csv", b"a\n1"), encoding="utf-16-le")
        for wrong in ({"format": "xml"}, {"compression": "rar"}, {"delimiter": "||||||"}, {"quote": "''"}):
            with pytest.raises(InvalidInput):
                read(path, **wrong)

    def test_a_file_without_read_permission(self, tmp_path: Path) -> None:
        path = write(tmp_path / "x.csv", "a\n1\n")
        path.chmod(0)
        if not os.access(path, os.R_OK):
            assert "Permission denied" in refusal(path)


def csv_line(n: int) -> str:
    return f'{n},name {n % 977},{n * 0.37:.2f},2024-01-{n % 28 + 1:02d},"note {n} with padding {"p" * 150}"\n'


def json_item(n: int) -> str:
    tags = f'["{"a" * 120}","{n}"]'
    return f',{{"id":{n},"name":"name {n % 977}","at":"2024-01-01T10:00:00Z","tags":{tags},"x":{{"y":{n * 0.5}}}}}\n'


@pytest.mark.parametrize(
    ("name", "start", "line", "end"),
    [("large.csv", "id,name,amount,day,note\n", csv_line, ""), ("large.json", '[{"id":0}\n', json_item, "]")],
)
def test_a_large_file_takes_little_memory(
    tmp_path: Path, name: str, start: str, line: Callable[[int], str], end: str
) -> None:
    """About 100 MB: at most 75 MB on top of the interpreter and its libraries."""
    path = tmp_path / name
    with path.open("w") as file:
        file.write(start)
        for first in range(0, 500_000, 50_000):
            file.write("".join(line(n) for n in range(first, first + 50_000)))
        file.write(end)
    script = textwrap.dedent(
        """
        import resource, sys, duckdb, pyarrow
        from supertable.adapters.readers.files import FileReaderAdapter
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with FileReaderAdapter().open([sys.argv[1]]) as opened:
            rows = sum(batch.num_rows for batch in opened.reader)
        print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True, timeout=120
    )
    rows, megabytes = map(int, done.stdout.split())
    assert rows in {500_000, 500_001}
    assert megabytes < 75

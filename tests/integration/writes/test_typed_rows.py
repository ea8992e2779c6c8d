"""JSON rows for an existing table become exactly the values of its columns, or an error that names the row."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from supertable.adapters.readers.files import FileReaderAdapter
from supertable.application.ports.readers import ReadOptions
from supertable.application.storage.arrow.arrow_schemas import fields_of
from supertable.domain.errors import InvalidInput
from supertable.domain.schema.schemas import first_schema

UTC = datetime.UTC
TYPES: dict[str, pa.DataType] = {
    "id": pa.int64(),
    "tiny": pa.int8(),
    "huge": pa.uint64(),
    "flag": pa.bool_(),
    "ratio": pa.float32(),
    "amount": pa.decimal128(10, 2),
    "note with spaces": pa.string(),
    "raw": pa.binary(),
    "day": pa.date32(),
    "clock": pa.time64("us"),
    "at": pa.timestamp("us"),
    "at_ms": pa.timestamp("ms"),
    "at_ns": pa.timestamp("ns"),
    "zoned": pa.timestamp("us", "UTC"),
    "tags": pa.list_(pa.string()),
    "point": pa.struct([("x", pa.float64()), ("inner", pa.struct([("d", pa.decimal128(5, 1))]))]),
    "counts": pa.map_(pa.string(), pa.int32()),
}
GOOD: dict[str, tuple[Any, Any]] = {
    "id": (-(2**63), -(2**63)),
    "tiny": (-128, -128),
    "huge": (2**64 - 1, 2**64 - 1),
    "flag": (True, True),
    "ratio": (0.5, 0.5),
    "amount": ("12345678.90", Decimal("12345678.90")),
    "note with spaces": ("Grüße \u0000", "Grüße \u0000"),
    "raw": ("AP8=", b"\x00\xff"),
    "day": ("2026-02-28", datetime.date(2026, 2, 28)),
    "clock": ("23:59:59.000001", datetime.time(23, 59, 59, 1)),
    "at": ("2026-01-01T00:00:00.000001", datetime.datetime(2026, 1, 1, 0, 0, 0, 1)),
    "at_ms": ("2026-01-01T00:00:00.001", datetime.datetime(2026, 1, 1, 0, 0, 0, 1000)),
    "zoned": ("2026-01-01T01:00:00+01:00", datetime.datetime(2026, 1, 1, tzinfo=UTC)),
    "tags": (["a", None], ["a", None]),
    "point": ({"x": 1, "inner": {"d": 1.5}}, {"x": 1.0, "inner": {"d": Decimal("1.5")}}),
    "counts": ({"a": 1, "b": None}, [("a", 1), ("b", None)]),
}
BAD: list[tuple[str, Any, str]] = [
    ("id", "1", "row 2: expected int"),
    ("id", 1.5, "row 2: expected int"),
    ("id", 2**63, "row 2: expected int"),
    ("tiny", 128, "row 2: expected int"),
    ("huge", 2**64, "row 2: "),
    ("huge", -1, "row 2: "),
    ("flag", 1, "row 2: expected bool"),
    ("ratio", 1e39, "row 2: "),
    ("amount", "1.234", "row 2: "),
    ("amount", "123456789.0", "row 2: "),
    ("amount", "much", "row 2: "),
    ("raw", "no base64", "row 2: "),
    ("day", "2026-02-29", "row 2: "),
    ("at", "yesterday", "row 2: "),
    ("at_ns", "yesterday", "row 2: "),
    ("tags", "a", "row 2: "),
    ("point", {"x": "1"}, "row 2: "),
    ("point", {"y": 1}, "no such column"),
    ("counts", {"a": "x"}, "row 2: "),
    ("nothing", 1, "no such column"),
    ("ID", 1, "no such column"),
]


def options(format_: str = "json", same: bool = False, **more: Any) -> ReadOptions:
    columns = first_schema(fields_of(pa.schema(list(TYPES.items()))))
    return ReadOptions(format=format_, name="the body", columns=columns, same_columns=same, **more)


def read(text: bytes, format_: str = "json", **more: Any) -> pa.Table:
    return FileReaderAdapter().rows(text, options(format_, **more))


def read_file(path: Path, text: bytes, format_: str, **more: Any) -> pa.Table:
    path.write_bytes(text)
    with FileReaderAdapter(path.parent / "temporary").open([str(path)], options(format_, **more)) as opened:
        return opened.reader.read_all()


@pytest.mark.parametrize("name", GOOD)
def test_values_become_exactly_those_of_the_column(name: str) -> None:
    given, expected = GOOD[name]
    table = read(json.dumps([{name: given}, {name: None}, {}]).encode())
    assert table.column(name).to_pylist() == [expected, None, None]
    assert table.schema.names == list(TYPES)


def test_nanoseconds_are_kept() -> None:
    table = read(b'{"at_ns": "2026-01-01T00:00:00.000000001"}')
    assert table.column("at_ns").cast(pa.int64()).to_pylist() == [1767225600000000001]


@pytest.mark.parametrize(("name", "value", "expected"), BAD)
def test_an_error_names_the_row_and_the_column_that_does_not_fit(name: str, value: Any, expected: str) -> None:
    rows = [{"id": 1}, {name: value}]
    for text, format_ in ((json.dumps(rows), "json"), ("\n".join(map(json.dumps, rows)), "ndjson")):
        with pytest.raises(InvalidInput) as caught:
            read(text.encode(), format_)
        assert expected in str(caught.value)
        assert name in str(caught.value)
        assert "row 2" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "not valid JSON"),
        (b"[1, 2]", "row 1: expected object, got int"),
        (b'"text"', "expected object, got str"),
        (b'[{"id": 1}', "not valid JSON"),
        (b'[{"id": 1}] more', "not valid JSON"),
        (b'[{"note with spaces": "\xff"}]', "not UTF-8"),
        (b'[{"ratio": NaN}]', "not valid JSON"),
        (b"[" * 100_000, "row 1"),
        (b'{"point": ' * 100_000, "x"),
    ],
)
def test_invalid_json_is_an_error(text: bytes, expected: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(text)
    assert expected in str(caught.value)


def test_the_rows_of_an_upsert_have_the_same_columns() -> None:
    table = read(b'[{"id": 1, "tiny": null}, {"tiny": 2, "id": 2}]', same=True)
    assert table.schema.names == ["id", "tiny"]
    with pytest.raises(InvalidInput, match=r"Row 2 .* 'tiny'"):
        read(b'[{"id": 1, "tiny": null}, {"id": 2}]', same=True)
    assert read(b"[]", same=True).num_rows == 0


@pytest.mark.parametrize("format_", ["json", "ndjson"])
def test_large_files_are_read_in_pieces(tmp_path: Path, format_: str) -> None:
    rows = [{"id": n, "note with spaces": "x" * 40, "tags": ["a,]}", "\n"]} for n in range(40_000)]
    lines = "\n".join(map(json.dumps, rows))
    text = json.dumps(rows, indent=1) if format_ == "json" else lines
    table = read_file(tmp_path / "rows", b"\xef\xbb\xbf" + text.encode(), format_)
    assert table.column("id").to_pylist() == list(range(40_000))
    assert table.column("tags").to_pylist()[-1] == ["a,]}", "\n"]
    rows[30_000]["id"] = "x"
    text = json.dumps(rows) if format_ == "json" else "\n".join(map(json.dumps, rows))
    with pytest.raises(InvalidInput, match=r"'id': row 30,001: expected int"):
        read_file(tmp_path / "bad", text.encode(), format_)


def test_a_line_over_the_limit_is_refused(tmp_path: Path) -> None:
    text = b'{"id": 1}\n{"note with spaces": "' + b"x" * 3_000_000
    with pytest.raises(InvalidInput, match="longer than 1,000,000 bytes"):
        read_file(tmp_path / "long", text, "ndjson", max_line_bytes=1_000_000)


def test_binary_columns_of_csv_are_base64(tmp_path: Path) -> None:
    types = dict(TYPES)
    table = read_file(tmp_path / "rows", b"id,raw\n1,1234\n2,\n", "csv", types=types, header=True)
    assert table.column("raw").to_pylist() == [b"\xd7\x6d\xf8", None]
    with pytest.raises(InvalidInput, match=r"line 3: column 'raw': '\?' does not fit"):
        read_file(tmp_path / "bad", b"id,raw\n1,1234\n2,?\n", "csv", types=types, header=True)


def test_errors_of_csv_reveal_no_path_and_no_engine_option(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_file(tmp_path / "bad", b"id\n1\nx\n", "csv", types=dict(TYPES), header=True)
    message = str(caught.value)
    assert message.startswith("Cannot read the body: line 3: column 'id': 'x' does not fit the column's type int64")
    assert "--" not in message
    assert str(tmp_path) not in message

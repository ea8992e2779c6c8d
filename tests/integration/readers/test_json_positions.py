"""Errors of JSON that is read by a table's columns name the row and the byte where the JSON breaks."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from supertable.adapters.readers.files import FileReaderAdapter
from supertable.application.ports.readers import ReadOptions
from supertable.application.storage.arrow.arrow_schemas import fields_of
from supertable.domain.errors import InvalidInput, UnreadableInput
from supertable.domain.schema.schemas import first_schema

COLUMNS = first_schema(fields_of(pa.schema([("id", pa.int64()), ("name", pa.string())])))


def options(format_: str, same_columns: bool = False) -> ReadOptions:
    return ReadOptions(format=format_, name="the body", columns=COLUMNS, same_columns=same_columns)


@pytest.mark.parametrize(
    ("format_", "text", "expected"),
    [
        ("ndjson", b'{"id":1}\n\n{"id":,}\n', "row 2, byte 7: it is not valid JSON: invalid character."),
        ("ndjson", b'{"id":1}\n{"id":2\n', "row 2, byte 8: it is not valid JSON: it ends too early."),
        ("ndjson", b'{"id":1}\n{"name":"caf\xe9"}\n', "row 2, byte 13: it is not UTF-8."),
        ("json", b'[{"id":1},\n{"id":,}]', "byte 18: it is not valid JSON: invalid character."),
        ("json", b'[{"id":1}] more', "byte 12: it is not valid JSON: trailing characters."),
        ("json", b'\xef\xbb\xbf [{"name":"\xff"}]', "byte 12: it is not UTF-8."),
    ],
)
def test_a_text_that_is_not_json_is_refused_with_its_position(format_: str, text: bytes, expected: str) -> None:
    with pytest.raises(UnreadableInput) as caught:
        FileReaderAdapter().rows(text, options(format_))
    assert str(caught.value) == f"Cannot read the body: {expected}"


def test_rows_are_counted_across_the_pieces_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_bytes(b'{"id":1,"name":"some"}\n' * 100_000 + b'{"id":}\n')
    with pytest.raises(UnreadableInput) as caught, FileReaderAdapter().open([str(path)], options("ndjson")) as opened:
        opened.reader.read_all()
    assert str(caught.value) == "Cannot read the body: row 100,001, byte 7: it is not valid JSON: invalid character."


@pytest.mark.parametrize(
    ("text", "difference"),
    [
        (b'[{"id":1,"name":"a"},{"id":2}]', "Row 2 lacks the column 'name', which the rows before it have."),
        (b'[{"id":1},{"id":2,"name":"a"}]', "Row 2 has the column 'name', which the rows before it lack."),
    ],
)
def test_a_row_with_other_columns_is_named(text: bytes, difference: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        FileReaderAdapter().rows(text, options("json", same_columns=True))
    assert str(caught.value).startswith(difference)

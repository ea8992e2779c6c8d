"""Texts that are read together give the rows and the errors of each alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from supertable.adapters.readers.files import FileReaderAdapter
from supertable.application.ports.readers import ReadOptions, RowsOfTexts
from supertable.domain.errors import InvalidInput
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Field

FLAT = (
    Field(1, "id", DataType("int64"), nullable=False),
    Field(2, "at", DataType("timestamp", unit="us")),
    Field(3, "name", DataType("string")),
)
AT = dt.datetime(2026, 1, 1)
READER = FileReaderAdapter()


def options(format_: str = "json", same_columns: bool = False, fields: tuple[Field, ...] = FLAT) -> ReadOptions:
    return ReadOptions(format=format_, columns=Schema(0, fields, 9), same_columns=same_columns, name="the rows")


def read(texts: list[bytes], given: ReadOptions) -> RowsOfTexts | None:
    return READER.rows_of_texts(texts, given)


def counts(found: RowsOfTexts | None) -> list[Any]:
    assert found is not None
    return [str(one) if isinstance(one, InvalidInput) else one for one in found.counts]


def test_objects_and_arrays_become_rows_in_the_order_of_their_texts() -> None:
    texts = [b'{"id": 1, "at": "2026-01-01T00:00:00"}', b'[{"id": 2}, {"id": 3, "name": "x"}]', b'\xef\xbb\xbf{"id":4}']
    found = read(texts, options())
    assert counts(found) == [1, 2, 1]
    assert found is not None
    assert found.rows.to_pylist() == [
        {"id": 1, "at": AT, "name": None},
        {"id": 2, "at": None, "name": None},
        {"id": 3, "at": None, "name": "x"},
        {"id": 4, "at": None, "name": None},
    ]


def test_a_text_that_is_no_json_or_of_other_columns_fails_alone() -> None:
    texts = [b'{"id": 1}', b'{"id": ', b'{"id": 2, "other": 1}', b'{"id": "x"}', b"[]", b'[{"id": 3}, {"id": null}]']
    found = read(texts, options())
    assert found is not None
    assert found.rows["id"].to_pylist() == [1]
    alone = []
    for text in texts[1:4] + texts[5:]:
        with pytest.raises(InvalidInput) as raised:
            READER.rows(text, options())
        alone.append(str(raised.value))
    assert counts(found) == [1, *alone[:3], 0, alone[3]]
    assert "row 2" in alone[3]


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param([b'{"id": 1}', b'{"id": 2, "at": "2026-02-30T00:00:00"}'], id="no_such_day"),
        pytest.param([b'{"id": 1}', b'{"id": 2, "id": 3}'], id="a_key_twice"),
        pytest.param([b'{"id" : 1}', b'{"id": 2}'], id="white_space_before_a_colon"),
        pytest.param([b'{"id": 1, "name": "a\\":b"}', b'{"id": 2}'], id="a_quote_and_a_colon_in_a_value"),
    ],
)
def test_texts_of_which_one_needs_a_closer_look_are_not_read_together(texts: list[bytes]) -> None:
    assert read(texts, options()) is None


def test_a_key_that_is_twice_in_one_nested_text_is_not_hidden_by_another() -> None:
    """An escaped quote makes one text have fewer marks than keys, and a repeated key makes the other have more."""
    tags = Field(4, "tags", DataType("list", fields=(Field(5, "element", DataType("string")),)))
    texts = [b'{"id": 1, "id": 2}', b'{"id": 3, "tags": ["a\\u0022:b"]}']
    assert read(texts, options(fields=(*FLAT, tags))) is None


def test_lines_of_several_texts_are_read_together() -> None:
    found = read([b'{"id": 1}\n{"id": 2}\n', b'{"id": 3}\n{"id": 4'], options("ndjson"))
    assert found is not None
    assert found.rows["id"].to_pylist() == [1, 2]
    assert counts(found)[0] == 2
    assert "row 2, byte 9" in counts(found)[1]


def test_an_upsert_of_other_columns_is_left_for_another_group() -> None:
    texts = [b'{"id": 1, "name": "x"}', b'{"id": 2}', b'{"name": "y", "id": 3}', b'[{"id": 4, "name": "z"}, {"id": 5}]']
    found = read(texts, options(same_columns=True))
    assert counts(found) == [1, None, 1, None]
    assert found is not None
    assert found.rows.to_pylist() == [{"id": 1, "name": "x"}, {"id": 3, "name": "y"}]

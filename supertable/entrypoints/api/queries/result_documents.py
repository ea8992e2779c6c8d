"""Results as JSON documents: an object with the columns, further members, and the rows last."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pyarrow as pa

from supertable.application.queries.result_batches import with_distinct_names
from supertable.application.storage.arrow_schemas import type_name
from supertable.entrypoints.api.openapi.response_headers import VERSIONS_HEADER
from supertable.entrypoints.api.queries.numbers import Numbers
from supertable.entrypoints.encoding.number_texts import numbers_as_text
from supertable.entrypoints.encoding.results import Encoding, Piece, encode_result, json_array, split_into_parts

_MAX_HEADER_CHARACTERS = 8_000


class ResultColumn(msgspec.Struct, frozen=True):
    """A column of a result. The names of types are those of table columns; a list is `list<int64>`."""

    name: str
    type: str


class QueryAnswer(msgspec.Struct, frozen=True):
    """The rows of a query, each an object by column name. `versions`: those that were read, by table name."""

    columns: list[ResultColumn]
    versions: dict[str, list[int]]
    rows: list[dict[str, Any]]


class StoredResultPage(msgspec.Struct, frozen=True):
    """Rows of a stored result. Pass `next_cursor` as `cursor` to get the next page; it is null on the last page."""

    columns: list[ResultColumn]
    next_cursor: str | None
    items: list[dict[str, Any]]


class RowsPage(QueryAnswer, frozen=True, kw_only=True):
    """Rows of a table. Pass `next_cursor` as `cursor` to get the next page; it is null on the last page."""

    next_cursor: str | None


def result_document(
    reader: pa.RecordBatchReader, members: Mapping[str, Any], rows: str, numbers: Numbers = Numbers.NATIVE
) -> Iterator[Piece]:
    """The document in pieces. `rows` is the name of the member with the rows.

    The document is complete only if all rows were read, so a truncated one is not valid JSON.
    """
    distinct = with_distinct_names(reader)
    columns = [{"name": field.name, "type": type_name(field.type)} for field in distinct.schema]
    before = json.dumps({"columns": columns, **members})[:-1].encode() + f', "{rows}": '.encode()
    for piece in json_array(numbers_as_text(distinct) if numbers is Numbers.TEXT else distinct):
        yield split_into_parts([before + piece])
        before = b""
    yield [b"}\n"]


def encoded_rows(reader: pa.RecordBatchReader, encoding: Encoding, numbers: Numbers) -> Iterator[Piece]:
    """The rows in an encoding other than JSON. Only NDJSON has numbers that may be rounded."""
    as_text = numbers is Numbers.TEXT and encoding is Encoding.NDJSON
    return encode_result(numbers_as_text(with_distinct_names(reader)) if as_text else reader, encoding)


def query_answer(
    reader: pa.RecordBatchReader, versions: Mapping[str, tuple[int, ...]], encoding: Encoding, numbers: Numbers
) -> Iterator[Piece]:
    """The rows of a statement, in JSON with the versions that it read or made."""
    if encoding is Encoding.JSON:
        return result_document(reader, {"versions": versions}, rows="rows", numbers=numbers)
    return encoded_rows(reader, encoding, numbers)


def versions_header(versions: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """The header with the versions that a statement read or made; empty if it would be too long."""
    text = json.dumps(versions)
    return {VERSIONS_HEADER: text} if len(text) <= _MAX_HEADER_CHARACTERS else {}

"""Results as JSON documents: an object with the columns, further members, and the rows last."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pyarrow as pa

from supertable.application.queries.result_batches import with_distinct_names
from supertable.application.queries.run_query import PreparedQuery
from supertable.application.statements.requests import StatementResult
from supertable.application.storage.arrow.arrow_schemas import type_name
from supertable.entrypoints.api.openapi.response_headers import ENGINE_HEADER, ENGINE_REASON_HEADER, VERSIONS_HEADER
from supertable.entrypoints.api.queries.numbers import Numbers
from supertable.entrypoints.encoding.number_texts import numbers_as_text
from supertable.entrypoints.encoding.results import Encoding, Piece, encode_result, json_array, split_into_parts

_MAX_HEADER_CHARACTERS = 8_000


class ResultColumn(msgspec.Struct, frozen=True):
    """A column of a result. The names of types are those of table columns; a list is `list<int64>`."""

    name: str
    type: str


class QueryAnswer(msgspec.Struct, frozen=True):
    """The rows of a query, each an object by column name. `versions`: those that were read, by table name.

    `engine`: the one that read them, such as `lite`; empty if none did. `engine_reason`: why, in sentences.
    """

    columns: list[ResultColumn]
    versions: dict[str, list[int]]
    engine: str
    engine_reason: str
    rows: list[dict[str, Any]]


class StoredResultPage(msgspec.Struct, frozen=True):
    """Rows of a stored result. Pass `next_cursor` as `cursor` to get the next page; it is null on the last page.

    `engine` and `engine_reason`: as in the answer of a query.
    """

    columns: list[ResultColumn]
    engine: str
    engine_reason: str
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


@dataclass(frozen=True, slots=True)
class ReadBy:
    """What answers tell besides rows: the versions that a statement read or made, the engine that read, and why."""

    versions: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    engine: str = ""
    engine_reason: str = ""

    @classmethod
    def of(cls, ran: PreparedQuery | StatementResult) -> ReadBy:
        return cls(ran.versions, ran.chosen.name, ran.chosen.reason) if ran.chosen else cls(ran.versions)

    @property
    def members(self) -> dict[str, Any]:
        """The members of a JSON document."""
        return {"versions": self.versions, "engine": self.engine, "engine_reason": self.engine_reason}

    @property
    def headers(self) -> dict[str, str]:
        """The headers, without those that would be empty or too long."""
        texts = {
            VERSIONS_HEADER: json.dumps(self.versions) if self.versions else "",
            ENGINE_HEADER: self.engine,
            ENGINE_REASON_HEADER: self.engine_reason,
        }
        return {name: text for name, text in texts.items() if 0 < len(text) <= _MAX_HEADER_CHARACTERS}


def query_answer(
    reader: pa.RecordBatchReader, read_by: ReadBy, encoding: Encoding, numbers: Numbers
) -> Iterator[Piece]:
    """The rows of a statement, in JSON with what read them."""
    if encoding is Encoding.JSON:
        return result_document(reader, read_by.members, rows="rows", numbers=numbers)
    return encoded_rows(reader, encoding, numbers)

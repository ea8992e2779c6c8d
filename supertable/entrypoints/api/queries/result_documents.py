"""Results as JSON documents: an object with the columns, further members, and the rows last."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from supertable.application.queries.result_batches import with_distinct_names
from supertable.entrypoints.encoding.results import Piece, json_array, split_into_parts


def result_document(reader: pa.RecordBatchReader, members: Mapping[str, Any], rows: str) -> Iterator[Piece]:
    """The document in pieces. `rows` is the name of the member with the rows.

    The document is complete only if all rows were read, so a truncated one is not valid JSON.
    """
    distinct = with_distinct_names(reader)
    columns = [{"name": field.name, "type": str(field.type)} for field in distinct.schema]
    before = json.dumps({"columns": columns, **members})[:-1].encode() + f', "{rows}": '.encode()
    for piece in json_array(distinct):
        yield split_into_parts([before + piece])
        before = b""
    yield [b"}\n"]

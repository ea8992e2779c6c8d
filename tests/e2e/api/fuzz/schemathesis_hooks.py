"""Serializers for rows in formats other than JSON. They put any generated value into a valid or nearly valid body."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/ndjson", "application/jsonl")
def lines(_: object, value: Any) -> bytes:
    return b"\n".join(_json(row) for row in (value if isinstance(value, list) else [value]))


@schemathesis.serializer("text/csv", "text/tab-separated-values")
def text(_: object, value: Any) -> bytes:
    return b"id,region\n" + _json(value)


@schemathesis.serializer("application/vnd.apache.parquet")
def parquet(_: object, value: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(_table(value), sink)
    return sink.getvalue()


@schemathesis.serializer("application/vnd.apache.arrow.stream")
def arrow(_: object, value: Any) -> bytes:
    sink = io.BytesIO()
    table = _table(value)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _table(value: Any) -> pa.Table:
    return pa.table({"id": [1], "region": [_json(value).decode()]})


def _json(value: Any) -> bytes:
    return json.dumps(value, default=str).encode("utf-8", "replace")

"""The JSON description of a table, and responses with it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import msgspec
from litestar import Response

from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.table_info import TableInfo
from supertable.entrypoints.api.tables.columns import Column
from supertable.entrypoints.web.requests.etags import etag_of


class TableDescription(msgspec.Struct, frozen=True):
    """A table at its newest version. A field is null if the role sees only a part of the table.

    `dead_rows`: deleted rows that still take space. `oldest_version`: the oldest version that can be read. `tags`: the
    tagged versions by tag.
    """

    name: str
    comment: str
    version: int
    oldest_version: int
    created_at: datetime
    updated_at: datetime
    rows: int | None
    dead_rows: int | None
    files: int | None
    bytes: int | None
    keys: list[str]
    sequence: str | None
    partition_by: list[str]
    sort_by: list[str]
    columns: list[Column]
    tags: dict[str, int]

    @classmethod
    def of(cls, table: OpenTable) -> TableDescription:
        return cls(
            **asdict(TableInfo.of(table)),
            oldest_version=table.snapshot.oldest,
            columns=[Column.of(field) for field in table.schema.fields],
            tags=dict(sorted(table.entry.tags.items())),
        )


def table_etag(table: OpenTable) -> str:
    """The tag of a table. It covers the table itself, its name and its comment."""
    return etag_of("table", table.entry.table_id, table.name, table.snapshot.definition.comment)


def table_path(namespace: Namespace, name: str) -> str:
    return f"/api/v1/supertables/{namespace.supertable}/tables/{name}"


def table_response(table: OpenTable) -> Response[TableDescription]:
    return Response(TableDescription.of(table), headers={"ETag": table_etag(table)})


def created_response(namespace: Namespace, table: OpenTable) -> Response[TableDescription]:
    """The response to the creation of a table: 201 with its description and `Location`."""
    headers = {"ETag": table_etag(table), "Location": table_path(namespace, table.name)}
    return Response(TableDescription.of(table), status_code=201, headers=headers)

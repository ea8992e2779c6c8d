"""A table as the resources show it."""

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
    """A table at its newest version. What is null is not for callers who see only a part of the table.

    `dead_rows` are deleted and still take room. `tags` name versions; those from `oldest_version` on can be read.
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
    """Stands for the table itself, its name and its comment."""
    return etag_of("table", table.entry.table_id, table.name, table.snapshot.definition.comment)


def table_address(namespace: Namespace, name: str) -> str:
    return f"/api/v1/supertables/{namespace.supertable}/tables/{name}"


def described(table: OpenTable) -> Response[TableDescription]:
    return Response(TableDescription.of(table), headers={"ETag": table_etag(table)})


def created(namespace: Namespace, table: OpenTable) -> Response[TableDescription]:
    """201, and where the table is."""
    headers = {"ETag": table_etag(table), "Location": table_address(namespace, table.name)}
    return Response(TableDescription.of(table), status_code=201, headers=headers)

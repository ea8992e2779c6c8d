"""`…/schema`: describes a table's columns, and changes them without rewriting data."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from supertable.application.commits.write_result import WriteResult
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.table_info import TableInfo
from supertable.domain.access.roles import Permission
from supertable.domain.schema.schema_changes import (
    AddColumn,
    DropColumn,
    MoveColumn,
    Path,
    RenameColumn,
    SchemaChange,
    SetComment,
    SetNullable,
    WidenColumn,
)
from supertable.domain.table.commits import CommitInfo
from supertable.entrypoints.api.openapi.problem_responses import change_problems, problems
from supertable.entrypoints.api.openapi.response_headers import ETAG_HEADER
from supertable.entrypoints.api.tables.columns import Column, Type, data_type
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.api.tables.versions import version_response
from supertable.entrypoints.web.requests.etags import IfMatch, etag_of, matched_table
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace

_TAGS = ["schemas"]

ColumnPath = Annotated[
    str | Annotated[list[str], msgspec.Meta(min_length=1)],
    msgspec.Meta(
        description="The name of a column, or for a nested field the names from the column down to the field.",
        examples=["amount", ["address", "zip"]],
    ),
]


class _Change(Body, tag_field="action"):
    column: ColumnPath

    @property
    def path(self) -> Path:
        return (self.column,) if isinstance(self.column, str) else tuple(self.column)


class Add(_Change, tag="add"):
    """Add a column or a field of a struct. It is null in all existing rows."""

    type: Type
    comment: Annotated[str, msgspec.Meta(max_length=4096)] = ""

    def change(self) -> SchemaChange:
        return AddColumn(self.path, data_type(self.type, self.path[-1]), self.comment)


class Drop(_Change, tag="drop"):
    """Drop a column. Older versions keep it. A later column of the same name does not get its values."""

    def change(self) -> SchemaChange:
        return DropColumn(self.path)


class Rename(_Change, tag="rename"):
    """Rename a column. `name` is the new name."""

    name: str

    def change(self) -> SchemaChange:
        return RenameColumn(self.path, self.name)


class Move(_Change, tag="move"):
    """Move a column to the place after its sibling `after`; null: to the first place."""

    after: str | None = None

    def change(self) -> SchemaChange:
        return MoveColumn(self.path, self.after)


class Widen(_Change, tag="widen"):
    """Change a column to a wider type, which represents all values of the old type exactly."""

    type: Type

    def change(self) -> SchemaChange:
        return WidenColumn(self.path, data_type(self.type, self.path[-1]))


class Nullable(_Change, tag="set_nullable"):
    """Allow nulls in a column, or forbid them. Forbidding them is refused if a row has a null."""

    nullable: bool

    def change(self) -> SchemaChange:
        return SetNullable(self.path, self.nullable)


class Comment(_Change, tag="comment"):
    """Set the comment of a column."""

    comment: Annotated[str, msgspec.Meta(max_length=4096)]

    def change(self) -> SchemaChange:
        return SetComment(self.path, self.comment)


class SchemaChanges(Body):
    """Changes, in order. All of them become one version, or none is made."""

    changes: Annotated[
        list[Add | Drop | Rename | Move | Widen | Nullable | Comment],
        msgspec.Meta(
            min_length=1,
            max_length=10_000,
            examples=[
                [
                    {"action": "add", "column": "note", "type": "string"},
                    {"action": "rename", "column": ["address", "zip"], "name": "postcode"},
                ]
            ],
        ),
    ]


class TableSchema(msgspec.Struct, frozen=True):
    """The columns that the caller sees.

    `keys`: the columns that identify a row. `sequence`: the column that decides which of two rows with the same key is
    newer; null: the later write.
    """

    columns: list[Column]
    keys: list[str]
    sequence: str | None

    @classmethod
    def of(cls, table: OpenTable) -> TableSchema:
        info = TableInfo.of(table)
        return cls([Column.of(field) for field in table.schema.fields], info.keys, info.sequence)


@get(
    TABLE + "/schema",
    tags=_TAGS,
    summary="Describe a table's columns",
    responses=problems(404),
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def describe_schema(
    container: InjectedContainer, namespace: InjectedNamespace, table: FromPath[str]
) -> Response[TableSchema]:
    """Return the columns that the caller sees, in order. A masked column has the type of its mask."""
    found = container.tables().open(namespace, table, Permission.META)
    return Response(TableSchema.of(found), headers={"ETag": schema_etag(found)})


@post(
    TABLE + "/schema/changes",
    tags=_TAGS,
    summary="Change a table's columns",
    responses=change_problems(404, 412),
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def change_schema(
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    data: JSONBody[SchemaChanges],
    if_match: IfMatch = None,
) -> Response[WriteResult]:
    """Change columns in one new version, and return it with 201. No data is rewritten.

    The actions are add, drop, rename, move, widen, set_nullable and comment.
    """
    tables = container.tables()
    read = matched_table(tables, namespace, table, if_match, schema_etag)
    changes = [change.change() for change in data.changes]
    result = container.alter_table()(namespace, table, changes, CommitInfo(), read)
    return version_response(namespace, result)


def schema_etag(table: OpenTable) -> str:
    """The tag of a table's columns."""
    return etag_of("schema", table.entry.table_id, table.snapshot.schema.id)


HANDLERS = (describe_schema, change_schema)

"""The rules for fields that become part of a table: their names, their types and how deep they are nested."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from supertable.domain.errors import InvalidSchema
from supertable.domain.names import check_column_name, check_member_name, require_distinct
from supertable.domain.schema.types import Field

MAX_DEPTH = 16
"""The number of lists, structs and maps that may be nested in each other in one column.

Engines read lists and maps at a cost that grows with every level; in measurements up to twofold, so that 16 levels take
a tenth of a second and 24 take a minute. Arrow streams end at 64 levels, of which a map takes two.
"""


def check_columns(fields: Sequence[Field]) -> None:
    """Raises `InvalidSchema` for columns that a table cannot have."""
    for field in fields:
        check_column_name(field.name)
        check_field(field, field.name)
    require_distinct(field.name for field in fields)


def check_field(field: Field, path: str) -> None:
    """Raises `InvalidSchema` for a type that no column can have. `path`: of the field; its own name is not checked."""
    if field.type.name == "struct":
        for member in field.type.fields:
            check_member_name(member.name, f"{path}.{member.name}")
        require_distinct((member.name for member in field.type.fields), path)
    elif field.type.name == "map" and field.type.fields[0].type.fields:
        raise InvalidSchema(path, "the keys of a map cannot be lists, structs or maps")
    for part in field.type.fields:
        check_field(part, f"{path}.{part.name}")


def check_depth(fields: Iterable[Field], before: Iterable[Field] = ()) -> None:
    """Raises `InvalidSchema` for a column that is nested too deeply, and deeper than all columns of `before`."""
    most = max([MAX_DEPTH, *map(_depth, before)])
    for field in fields:
        depth = _depth(field)
        if depth > most:
            raise InvalidSchema(field.name, f"it is nested {depth} levels deep; up to {MAX_DEPTH} are allowed")


def _depth(field: Field) -> int:
    return 1 + max(map(_depth, field.type.fields)) if field.type.fields else 0

"""`$select`: the columns of an answer. Structs are cut to the members that are selected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from supertable.domain.errors import InvalidInput
from supertable.domain.names import quoted
from supertable.entrypoints.odata.expressions.syntax import Path
from supertable.entrypoints.odata.model.entity_types import Complex, Property
from supertable.entrypoints.odata.sql.relations.relation import ALIAS, Relation
from supertable.entrypoints.odata.sql.values.scopes import missing
from supertable.entrypoints.odata.sql.values.typed import text_literal


@dataclass(frozen=True, slots=True)
class Projection:
    """`columns`: of the answer, in order. `sql`: of each. `identity`: whether the row's identity is selected."""

    columns: tuple[Property, ...]
    sql: tuple[str, ...]
    identity: bool = False


def projection(relation: Relation, paths: Sequence[Path], row_identity: str) -> Projection:
    """`paths`: none: all properties. `row_identity`: the name of that property; empty: there is none.

    Raises `InvalidInput` for what does not exist.
    """
    chosen: dict[str, Property] = {}
    identity = not paths and bool(row_identity)
    for path in paths or (Path(("*",), 0),):
        if path.names == ("*",):
            chosen = {each.name: each for each in relation.properties}
            identity = bool(row_identity)
        elif path.names == (row_identity,):
            identity = True
        else:
            found = _cut(relation.properties, path)
            chosen[found.name] = _merged(chosen.get(found.name), found)
    columns = tuple(chosen.values())
    whole = {each.name: each for each in relation.properties}
    sql = tuple(_sql(f"{ALIAS}.{quoted(each.column)}", whole[each.name], each) for each in columns)
    return Projection(columns, sql, identity)


def _cut(properties: Sequence[Property], path: Path) -> Property:
    """The property with the members on the path alone."""
    name, *rest = path.names
    found = next((each for each in properties if each.name == name), None)
    if found is None:
        raise _refused(path, missing(name, [each.name for each in properties]))
    if not rest:
        return found
    if not isinstance(found.type, Complex):
        raise _refused(path, f"{name} has no properties of its own")
    inner = _cut(found.type.properties, Path(tuple(rest), path.at))
    return replace(found, type=Complex(found.type.name, (inner,)))


def _refused(path: Path, what: str) -> InvalidInput:
    return InvalidInput(f"$select, position {path.at}: {what}{'' if what.endswith('?') else '.'}")


def _merged(before: Property | None, found: Property) -> Property:
    """The property with the members of both, in the order in which they were selected."""
    if before is None or not isinstance(before.type, Complex) or not isinstance(found.type, Complex):
        return found
    members = {each.name: each for each in before.type.properties}
    for each in found.type.properties:
        members[each.name] = _merged(members.get(each.name), each)
    return replace(found, type=Complex(found.type.name, tuple(members.values())))


def _sql(sql: str, whole: Property, cut: Property) -> str:
    """A struct is made anew if it lacks members; a null one stays null."""
    if whole == cut or not isinstance(whole.type, Complex) or not isinstance(cut.type, Complex):
        return sql
    members = {each.name: each for each in whole.type.properties}
    inside = [f"struct_extract({sql}, {text_literal(each.column)})" for each in cut.type.properties]
    parts = (
        f"{quoted(each.column)} := {_sql(member, members[each.name], each)}"
        for member, each in zip(inside, cut.type.properties, strict=True)
    )
    return f"(CASE WHEN {sql} IS NOT NULL THEN struct_pack({', '.join(parts)}) END)"

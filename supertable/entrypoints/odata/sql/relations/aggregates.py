"""`aggregate` and `groupby`: the values of groups, and the types that they have.

A sum of whole numbers of up to 32 bits is `Edm.Int64`, other exact sums are `Edm.Decimal` of 38 digits; an average is
`Edm.Double`; counts are `Edm.Decimal` without a scale, as the extension for data aggregation wants it.
"""

from __future__ import annotations

from collections.abc import Sequence

from supertable.domain.errors import InvalidInput
from supertable.domain.names import quoted
from supertable.domain.schema.types import DataType, Field
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.expressions.syntax import Aggregated, GroupBy, Path
from supertable.entrypoints.odata.model.entity_types import Complex, Primitive, Property
from supertable.entrypoints.odata.sql.relations.computed_columns import as_column
from supertable.entrypoints.odata.sql.relations.relation import ALIAS, Relation
from supertable.entrypoints.odata.sql.values.bindings import Bindings
from supertable.entrypoints.odata.sql.values.typed import DOUBLE, FLOATS, INT64, Typed, type_text

_COUNT = Primitive("Edm.Decimal", 19, 0)
_SMALL = frozenset({"Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32"})
_ORDERED = frozenset({"Edm.String", "Edm.Date", "Edm.TimeOfDay", "Edm.DateTimeOffset", "Edm.Boolean"})
Column = tuple[str, Property]


def aggregated(relation: Relation, bindings: Bindings, values: Sequence[Aggregated]) -> Relation:
    """One row: that of all rows. Raises `InvalidInput` and `NotSupported`."""
    columns = _aggregates(relation, bindings, values, [])
    selected = ", ".join(f"{sql} AS {quoted(each.column)}" for sql, each in columns)
    source = f"(SELECT {selected} {relation.from_where}) AS {ALIAS}"
    return Relation(source, tuple(each for _, each in columns), ())


def grouped(relation: Relation, bindings: Bindings, step: GroupBy, values: Sequence[Aggregated]) -> Relation:
    """A row for each combination of the paths' values."""
    keys = _keys(relation, bindings, step.paths)
    tops, unique = _nested(keys)
    columns = _aggregates(relation, bindings, values, [each for _, each in tops])
    inner = ", ".join(
        [
            *(f"{sql} AS {name}" for name, sql, _, _ in keys),
            *(f"{sql} AS {quoted(each.column)}" for sql, each in columns),
        ]
    )
    by = ", ".join(sql for _, sql, _, _ in keys)
    groups = f"(SELECT {inner} {relation.from_where} GROUP BY {by}) AS g"
    outer = [*tops, *((f"g.{quoted(each.column)}", each) for _, each in columns)]
    source = f"(SELECT {', '.join(f'{sql} AS {quoted(each.column)}' for sql, each in outer)} FROM {groups}) AS {ALIAS}"
    return Relation(source, tuple(each for _, each in outer), tuple(unique))


_Key = tuple[str, str, Path, Typed]


def _keys(relation: Relation, bindings: Bindings, paths: Sequence[Path]) -> list[_Key]:
    """The column of each path within the groups, its SQL, and its value."""
    compiler = relation.compiler(bindings, "$apply")
    found: list[_Key] = []
    for number, path in enumerate(dict.fromkeys(paths), 1):
        value = compiler.path(path)
        if not isinstance(value.type, Primitive) or path.names[-1] == "$count" or path.names[0] == "$it":
            raise NotSupported(f"$apply, position {path.at}: groups by {type_text(value.type)} are not supported.")
        found.append((quoted(f"$key{number}"), value.sql, path, value))
    return found


def _nested(keys: Sequence[_Key]) -> tuple[list[Column], list[tuple[str, ...]]]:
    """The properties that the paths make up, with members below them, and the paths."""
    groups: dict[str, list[tuple[tuple[str, ...], str, Typed]]] = {}
    for name, _, path, value in keys:
        groups.setdefault(path.names[0], []).append((path.names[1:], f"g.{name}", value))
    return [_column(name, members) for name, members in groups.items()], [path.names for _, _, path, _ in keys]


def _column(name: str, members: Sequence[tuple[tuple[str, ...], str, Typed]]) -> Column:
    if not members[0][0]:
        if len(members) > 1:
            raise NotSupported(f"$apply: groups by {name} and by a part of it are not supported.")
        _, sql, value = members[0]
        found, column = as_column(Typed(sql, value.type, zoned=value.zoned, stored=value.stored), name)
        return found, column
    inside: dict[str, list[tuple[tuple[str, ...], str, Typed]]] = {}
    for names, sql, value in members:
        inside.setdefault(names[0], []).append((names[1:], sql, value))
    parts = [_column(each, below) for each, below in inside.items()]
    packed = ", ".join(f"{quoted(each.column)} := {sql}" for sql, each in parts)
    fields = tuple(Field(number, each.column, each.stored) for number, (_, each) in enumerate(parts, 1))
    kind = Complex(name, tuple(each for _, each in parts))
    return f"struct_pack({packed})", Property(name, name, kind, DataType("struct", fields=fields))


def _aggregates(
    relation: Relation, bindings: Bindings, values: Sequence[Aggregated], taken: Sequence[Property]
) -> list[Column]:
    names = {each.name.lower() for each in taken}
    columns: list[Column] = []
    for value in values:
        if value.alias.lower() in names:
            raise InvalidInput(f"$apply, position {value.at}: {value.alias[:80]!r} is the name of another property.")
        names.add(value.alias.lower())
        columns.append(_aggregate(relation, bindings, value))
    return columns


def _aggregate(relation: Relation, bindings: Bindings, value: Aggregated) -> Column:
    if value.expression is None:
        return _count("count(*)", value.alias)
    operand = relation.compiler(bindings, "$apply").value(value.expression)
    if value.method == "countdistinct":
        return _count(f"count(DISTINCT {operand.sql})", value.alias)
    allowed = operand.is_number or (value.method in ("min", "max") and operand.name in _ORDERED)
    if not allowed:
        raise InvalidInput(f"$apply, position {value.at}: {value.method} does not take {type_text(operand.type)}.")
    if value.method in ("min", "max"):
        found = Typed(f"{value.method}({operand.sql})", operand.type, zoned=operand.zoned, stored=operand.stored)
        return as_column(found, value.alias)
    if value.method == "average":
        return as_column(Typed(f"avg({operand.sql})", DOUBLE), value.alias)
    return as_column(_sum(operand), value.alias)


def _sum(operand: Typed) -> Typed:
    if operand.name in FLOATS:
        return Typed(f"sum(CAST({operand.sql} AS DOUBLE))", DOUBLE)
    if operand.name in _SMALL:
        return Typed(f"sum({operand.sql})", INT64)
    wide = f"CAST({operand.sql} AS DECIMAL(38, {operand.scale}))"
    return Typed(f"sum({wide})", Primitive("Edm.Decimal", 38, operand.scale))


def _count(sql: str, name: str) -> Column:
    return sql, Property(name, name, _COUNT, DataType("int64"), nullable=False)

"""Values of expressions as columns of an answer: their SQL types and their types in OData's words."""

from __future__ import annotations

from collections.abc import Sequence

from supertable.domain.errors import InvalidInput
from supertable.domain.schema.types import UNITS, DataType
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.expressions.syntax import Computed
from supertable.entrypoints.odata.model.entity_types import Primitive, Property
from supertable.entrypoints.odata.sql.relations.relation import Relation
from supertable.entrypoints.odata.sql.values.bindings import Bindings
from supertable.entrypoints.odata.sql.values.typed import Typed, type_text

_STORED = {
    "Edm.Boolean": DataType("bool"),
    "Edm.Byte": DataType("uint8"),
    "Edm.SByte": DataType("int8"),
    "Edm.Int16": DataType("int16"),
    "Edm.Int32": DataType("int32"),
    "Edm.Int64": DataType("int64"),
    "Edm.Single": DataType("float32"),
    "Edm.Double": DataType("float64"),
    "Edm.String": DataType("string"),
    "Edm.Binary": DataType("binary"),
    "Edm.Date": DataType("date"),
    "Edm.TimeOfDay": DataType("time", unit="us"),
    "Edm.DateTimeOffset": DataType("timestamp", unit="us"),
    "Edm.Guid": DataType("string"),
}
_CASTS = {
    "bool": "BOOLEAN",
    "uint8": "UTINYINT",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "float32": "FLOAT",
    "float64": "DOUBLE",
}


def computed(relation: Relation, bindings: Bindings, values: Sequence[Computed], option: str) -> Relation:
    """The relation with a column for each value; a later one may use an earlier one. Raises `InvalidInput`."""
    for value in values:
        typed = relation.compiler(bindings, option).value(value.expression)
        require_free(relation, value.alias, option, value.at)
        relation = relation.extended([as_column(typed, value.alias)])
    return relation


def require_free(relation: Relation, alias: str, option: str, at: int) -> None:
    """Raises `InvalidInput` if the relation has a property of this name."""
    if alias.lower() in {relation.row_identity.lower(), *(each.name.lower() for each in relation.properties)}:
        raise InvalidInput(f"{option}, position {at}: {alias[:80]!r} is the name of another property.")


def as_column(value: Typed, name: str) -> tuple[str, Property]:
    """The SQL of the value in the type that the column has, and the column."""
    if value.stored is not None:
        return value.sql, Property(name, name, value.type, value.stored)
    if not isinstance(value.type, Primitive) or value.name == "Edm.Duration":
        raise NotSupported(f"{name}: a value of {type_text(value.type)} cannot be computed. Compute its total seconds.")
    if value.is_null:
        return "CAST(NULL AS VARCHAR)", Property(name, name, Primitive("Edm.String"), _STORED["Edm.String"])
    if value.name == "Edm.Decimal":
        kind = Primitive("Edm.Decimal", value.type.precision or 38, value.type.scale or 0)
        stored = DataType("decimal", precision=kind.precision or 38, scale=kind.scale or 0)
        return f"CAST({value.sql} AS DECIMAL({stored.precision}, {stored.scale}))", Property(name, name, kind, stored)
    return _plain_column(value, name)


def _plain_column(value: Typed, name: str) -> tuple[str, Property]:
    stored = _STORED[value.name]
    if value.name == "Edm.DateTimeOffset" and value.zoned:
        stored = DataType("timestamp", unit="us", timezone="UTC")
    cast = _CASTS.get(stored.name)
    kind = Primitive(value.name, UNITS[stored.unit] if stored.unit else None)
    return f"CAST({value.sql} AS {cast})" if cast else value.sql, Property(name, name, kind, stored)

"""The types of columns in OData's words. docs/odata.md has the table."""

from __future__ import annotations

from collections.abc import Sequence

from supertable.domain.schema.types import NESTED, UNITS, DataType, Field
from supertable.entrypoints.odata.model.entity_types import Collection, Complex, EdmType, Primitive, Property
from supertable.entrypoints.odata.model.identifiers import free_identifier, identifiers

_PRIMITIVES = {
    "bool": Primitive("Edm.Boolean"),
    "int8": Primitive("Edm.SByte"),
    "int16": Primitive("Edm.Int16"),
    "int32": Primitive("Edm.Int32"),
    "int64": Primitive("Edm.Int64"),
    "uint8": Primitive("Edm.Byte"),
    "uint16": Primitive("Edm.Int32"),
    "uint32": Primitive("Edm.Int64"),
    "uint64": Primitive("Edm.Decimal", precision=20, scale=0),
    "float16": Primitive("Edm.Single"),
    "float32": Primitive("Edm.Single"),
    "float64": Primitive("Edm.Double"),
    "string": Primitive("Edm.String"),
    "binary": Primitive("Edm.Binary"),
    "date": Primitive("Edm.Date"),
}
JSON_TEXT = Primitive("Edm.String")
"""Of what OData has no type for: maps, and lists of lists."""
_NO_KEYS = frozenset({"Edm.Single", "Edm.Double", "Edm.Binary"})


def properties_of(fields: Sequence[Field]) -> tuple[Property, ...]:
    """The columns of a table as properties. Names and complex types depend on the columns and their order alone."""
    return _Types().properties(fields, "")


def can_be_key(kind: EdmType) -> bool:
    """Whether a property of the type may be a part of a key (OData CSDL 4.0, 8.2)."""
    return isinstance(kind, Primitive) and kind.name not in _NO_KEYS


class _Types:
    """The types of one table. Complex types are named by the path of their struct."""

    def __init__(self) -> None:
        self._complex: set[str] = set()

    def properties(self, fields: Sequence[Field], path: str) -> tuple[Property, ...]:
        names = identifiers(field.name for field in fields)
        return tuple(self._property(name, field, path) for name, field in zip(names, fields, strict=True))

    def _property(self, name: str, field: Field, path: str) -> Property:
        kind = self._type(field.type, f"{path}_{name}" if path else name)
        return Property(name, field.name, kind or JSON_TEXT, field.type, field.nullable, field.comment, kind is None)

    def _type(self, kind: DataType, path: str) -> EdmType | None:
        """None: OData has none."""
        if kind.name == "list":
            element = kind.fields[0]
            inner = None if element.type.name == "list" else self._type(element.type, path)
            return Collection(inner, element.nullable) if isinstance(inner, Primitive | Complex) else None
        if kind.name == "struct":
            name = free_identifier(path, self._complex)
            self._complex.add(name)
            return Complex(name, self.properties(kind.fields, path))
        return None if kind.name in NESTED else _primitive(kind)


def _primitive(kind: DataType) -> Primitive:
    if kind.name == "decimal":
        return Primitive("Edm.Decimal", kind.precision, kind.scale)
    if kind.name == "time":
        return Primitive("Edm.TimeOfDay", UNITS[kind.unit])
    if kind.name == "timestamp":
        return Primitive("Edm.DateTimeOffset", UNITS[kind.unit])
    return _PRIMITIVES[kind.name]

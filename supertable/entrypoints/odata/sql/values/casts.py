"""`cast` and `isof`. A value that the type cannot have is null (OData 4.01, URL conventions, 5.1.1.10.1)."""

from __future__ import annotations

from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.model.entity_types import Primitive
from supertable.entrypoints.odata.sql.values.bindings import Bindings
from supertable.entrypoints.odata.sql.values.comparisons import in_microseconds
from supertable.entrypoints.odata.sql.values.typed import BOOLEAN, FLOATS, INTEGER_DIGITS, MOMENT, Typed, type_text

_SQL_TYPES = {
    "Edm.Boolean": "BOOLEAN",
    "Edm.Byte": "UTINYINT",
    "Edm.SByte": "TINYINT",
    "Edm.Int16": "SMALLINT",
    "Edm.Int32": "INTEGER",
    "Edm.Int64": "BIGINT",
    "Edm.Decimal": "DECIMAL(38, 12)",
    "Edm.Single": "FLOAT",
    "Edm.Double": "DOUBLE",
    "Edm.String": "VARCHAR",
    "Edm.Date": "DATE",
    "Edm.TimeOfDay": "TIME",
    "Edm.DateTimeOffset": "TIMESTAMP",
}
_NUMBERS = FLOATS | INTEGER_DIGITS.keys() | {"Edm.Decimal"}
_FROM = {
    **dict.fromkeys(_NUMBERS, _NUMBERS | {"Edm.String"}),
    "Edm.String": _NUMBERS - FLOATS | {"Edm.Boolean", "Edm.Date", "Edm.String"},
    "Edm.Boolean": frozenset({"Edm.Boolean"}),
    "Edm.Date": frozenset({"Edm.Date", "Edm.DateTimeOffset"}),
    "Edm.TimeOfDay": frozenset({"Edm.TimeOfDay", "Edm.DateTimeOffset"}),
    "Edm.DateTimeOffset": frozenset({"Edm.DateTimeOffset", "Edm.Date"}),
}
READ_FROM_TEXTS = frozenset(
    {"Edm.Binary", "Edm.Boolean", "Edm.Date", "Edm.DateTimeOffset", "Edm.Duration", "Edm.TimeOfDay"}
)
"""Of these types a `cast` takes a string that is written in the address, and reads it as a literal."""
_NUMBER_PATTERN = "[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?"


def cast_to(bindings: Bindings, value: Typed, name: str) -> Typed:
    """Raises `NotSupported` for types that no value here can have, or that OData leaves to the service."""
    if name not in _SQL_TYPES or (not value.is_null and value.name not in _FROM.get(name, frozenset())):
        raise NotSupported(f"A cast of {type_text(value.type)} to {name[:80]} is not supported.")
    kind = Primitive(name, 38, 12) if name == "Edm.Decimal" else Primitive(name)
    kind = MOMENT if name == "Edm.DateTimeOffset" else kind
    sql = in_microseconds(value, bindings.sql(value))
    if value.name == "Edm.String" and name in _NUMBERS:
        sql = f"(CASE WHEN regexp_full_match({sql}, '{_NUMBER_PATTERN}') THEN {sql} END)"
    if value.name in FLOATS and name in INTEGER_DIGITS:
        sql = f"round({sql})"
    return Typed(f"TRY_CAST({sql} AS {_SQL_TYPES[name]})", kind, fails=value.fails)


def is_of(bindings: Bindings, value: Typed, name: str) -> Typed:
    """Whether the value is of the type; null is of none."""
    if value.literal is not None or value.is_null:
        return Typed(bindings.add(value.name == name), BOOLEAN)
    if type_text(value.type) != name:
        return Typed("FALSE", BOOLEAN)
    return Typed(f"({value.sql} IS NOT NULL)", BOOLEAN, fails=value.fails)

"""Names of types are read back into the types that have them."""

from __future__ import annotations

import pytest

from supertable.domain.errors import InvalidSchema
from supertable.domain.schema.type_names import named_type
from supertable.domain.schema.types import DataType, Field

INT = DataType("int64")
DECIMAL = DataType("decimal", precision=10, scale=2)
MOMENT = DataType("timestamp", unit="us", timezone="Europe/Berlin")
INTS = DataType("list", fields=(Field(0, "element", INT),))
BY_NAME = DataType("map", fields=(Field(0, "key", DataType("string"), False), Field(0, "value", DECIMAL)))
PAIR = DataType("struct", fields=(Field(0, "a", DECIMAL), Field(0, "b c", BY_NAME), Field(0, "at", MOMENT)))
NAMES = {
    "int64": INT,
    "decimal(10,2)": DECIMAL,
    "timestamp(us,Europe/Berlin)": MOMENT,
    "list<int64>": INTS,
    "map<string, decimal(10,2)>": BY_NAME,
    "struct<a: decimal(10,2), b c: map<string, decimal(10,2)>, at: timestamp(us,Europe/Berlin)>": PAIR,
    "list<struct<a: decimal(10,2), b c: map<string, decimal(10,2)>, at: timestamp(us,Europe/Berlin)>>": DataType(
        "list", fields=(Field(0, "element", PAIR),)
    ),
    "map<string,list<int64>>": DataType(
        "map", fields=(Field(0, "key", DataType("string"), False), Field(0, "value", INTS))
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_read(name: str) -> None:
    assert named_type(name, "v") == NAMES[name]
    assert str(NAMES[name]).replace(" ", "") == name.replace(" ", "")


@pytest.mark.parametrize(
    "name",
    ["", "int", "list", "list<>", "list<int64", "list<int64, int64>", "map<string>", "struct<a>", "struct<a int64>",
     "list<list<>>", "decimal(10,2", "list<int64>>", "LIST<int64>", "list<" * 17 + "int64" + ">" * 17],
)  # fmt: skip
def test_other_texts_are_no_types(name: str) -> None:
    with pytest.raises(InvalidSchema):
        named_type(name, "v")

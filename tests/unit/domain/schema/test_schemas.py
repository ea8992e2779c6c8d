import pytest

from supertable.domain.errors import IncompatibleSchema, InvalidSchema
from supertable.domain.schema.schemas import (
    Schema,
    check_keys,
    first_schema,
    fitted_schema,
    missing_columns,
    require_nullable,
    walk_fields,
)
from supertable.domain.schema.types import DataType, Field


def column(name: str, kind: str = "int64", nullable: bool = True, fields: tuple[Field, ...] = ()) -> Field:
    return Field(0, name, DataType(kind, fields=fields), nullable)


def struct(name: str, *members: Field) -> Field:
    return column(name, "struct", fields=members)


@pytest.fixture
def orders() -> Schema:
    return first_schema([column("Id"), struct("address", column("street", "string"), column("zip", "int32"))])


def test_field_ids_are_assigned_parents_first(orders: Schema) -> None:
    assert [(field.name, field.id) for field in walk_fields(orders.fields)] == [
        ("Id", 1),
        ("address", 2),
        ("street", 3),
        ("zip", 4),
    ]
    assert orders.last_field_id == 4


def test_a_table_needs_a_column() -> None:
    with pytest.raises(InvalidSchema):
        first_schema([])


def test_columns_match_without_case_and_in_any_order(orders: Schema) -> None:
    assert fitted_schema(orders, [orders.fields[1], column("iD")], evolve=False) is orders


def test_narrower_data_fits_without_a_change_of_the_schema(orders: Schema) -> None:
    assert fitted_schema(orders, [column("id", "int8")], evolve=True) is orders


def test_new_columns_need_evolve(orders: Schema) -> None:
    with pytest.raises(IncompatibleSchema, match="evolve") as caught:
        fitted_schema(orders, [column("id"), column("price", "float64")], evolve=False)
    assert caught.value.column == "price"


def test_evolving_adds_nullable_columns_at_the_end_with_new_ids(orders: Schema) -> None:
    evolved = fitted_schema(orders, [column("price", "float64", nullable=False)], evolve=True)
    assert [(field.name, field.id, field.nullable) for field in evolved.fields][-1] == ("price", 5, True)
    assert (evolved.id, evolved.last_field_id) == (2, 5)
    assert evolved.fields[:2] == orders.fields


def test_evolving_adds_members_to_structs(orders: Schema) -> None:
    data = [struct("address", column("zip", "int64"), column("city", "string"))]
    address = fitted_schema(orders, data, evolve=True).fields[1]
    assert [(field.name, field.id, field.type.name) for field in address.type.fields] == [
        ("street", 3, "string"),
        ("zip", 4, "int64"),
        ("city", 5, "string"),
    ]


def test_an_incompatible_type_is_an_error_that_names_both_types(orders: Schema) -> None:
    with pytest.raises(IncompatibleSchema) as caught:
        fitted_schema(orders, [column("id", "string")], evolve=True)
    assert (caught.value.column, caught.value.expected, caught.value.given) == ("Id", "int64", "string")


def test_wider_data_may_fit_without_evolve_and_each_value_decides(orders: Schema) -> None:
    wide = [struct("address", column("zip", "int64"))]
    assert fitted_schema(orders, wide, evolve=False) is orders
    assert fitted_schema(orders, wide, evolve=True).fields[1].type.fields[1].type.name == "int64"


def test_data_that_is_null_only_fits_every_column_but_makes_no_new_one(orders: Schema) -> None:
    assert fitted_schema(orders, [column("id", "null"), column("address", "null")], evolve=True) is orders
    with pytest.raises(InvalidSchema, match="null only"):
        fitted_schema(orders, [column("price", "null")], evolve=True)


def test_struct_members_that_differ_in_case_are_refused_rather_than_lost(orders: Schema) -> None:
    with pytest.raises(IncompatibleSchema, match="exact name"):
        fitted_schema(orders, [struct("address", column("Street", "string"))], evolve=True)


def test_missing_columns_are_null_unless_they_forbid_nulls(orders: Schema) -> None:
    missing = missing_columns(orders, ["ID"])
    assert [field.name for field in missing] == ["address"]
    require_nullable(missing)
    strict = first_schema([column("a"), column("b", nullable=False)])
    with pytest.raises(InvalidSchema, match="may not be null"):
        require_nullable(missing_columns(strict, ["a"]))


def test_keys_and_the_sequence_must_be_comparable_columns(orders: Schema) -> None:
    assert check_keys(orders, ["id"], None) == ((1,), None)
    for keys, sequence in (
        (["nope"], None),
        (["address"], None),
        (["id", "ID"], None),
        ([], "id"),
        (["id"], "address"),
    ):
        with pytest.raises(InvalidSchema):
            check_keys(orders, keys, sequence)

import pytest

from supertable.domain.errors import InvalidName, InvalidSchema
from supertable.domain.names import checked_columns, checked_name, name_key


@pytest.mark.parametrize("name", ["a", "A_1", "_", "9", "x" * 128])
def test_valid_names_are_returned_unchanged(name: str) -> None:
    assert checked_name("table", name) == name


@pytest.mark.parametrize(
    "name",
    ["", "x" * 129, "a b", "a-b", "a.b", "../a", "a/b", "é", "ａ", "a\n", "a\x00", "٣", None, 3, b"a", ["a"]],
)
def test_invalid_names_are_refused_with_their_kind_and_the_reason(name: object) -> None:
    with pytest.raises(InvalidName, match="table name") as caught:
        checked_name("table", name)
    assert caught.value.kind == "table"
    assert caught.value.reason


def test_names_that_differ_in_case_are_the_same() -> None:
    assert name_key("Flights") == name_key("fLIGHTS")


@pytest.mark.parametrize("names", [["a", "A"], [""], ["x" * 256], ["a\tb"], ["_table"], ["_Change"], ["\ud800"]])
def test_invalid_column_names_are_refused(names: list[str]) -> None:
    with pytest.raises(InvalidSchema) as caught:
        checked_columns(names)
    assert caught.value.column == names[-1]


def test_any_other_text_is_a_valid_column_name() -> None:
    checked_columns(["Größe (m²)", 'quo"te', "semi;colon", "select", "x" * 255])

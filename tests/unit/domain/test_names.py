import pytest

from supertable.domain.errors import InvalidName, InvalidSchema
from supertable.domain.names import check_column_name, checked_name, name_key, require_distinct


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


@pytest.mark.parametrize("name", ["", "x" * 256, "a\tb", "a\x00b", "a\x7f", "_table", "_Change", "\ud800"])
def test_invalid_column_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        check_column_name(name)
    assert caught.value.column == name


@pytest.mark.parametrize("name", ["Größe (m²)", 'quo"te', "semi;colon", "select", "x" * 255])
def test_any_other_text_is_a_valid_column_name(name: str) -> None:
    check_column_name(name)


@pytest.mark.parametrize("names", [["a", "A"], ["a", "a"], ["ab", "ab"], ["é", "é"], ["x", "Ä", "ä"]])
def test_equal_names_and_names_that_differ_in_case_are_refused(names: list[str]) -> None:
    with pytest.raises(InvalidSchema) as caught:
        require_distinct(names)
    assert caught.value.column == names[-1]

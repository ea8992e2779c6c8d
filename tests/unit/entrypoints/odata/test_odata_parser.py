"""Trees of expressions, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.expressions.keys import parse_key
from supertable.entrypoints.odata.expressions.options import parse_compute, parse_orderby, parse_select
from supertable.entrypoints.odata.expressions.parser import parse_expression
from supertable.entrypoints.odata.expressions.search import parse_search
from supertable.entrypoints.odata.expressions.syntax import (
    Among,
    Binary,
    Call,
    Expression,
    Junction,
    Literal,
    Path,
    Quantified,
    SearchJunction,
    SearchNot,
    SearchTerm,
    Unary,
)
from supertable.entrypoints.odata.expressions.transformations import parse_apply


def brief(tree: Expression) -> Any:
    """The tree without positions."""
    match tree:
        case Literal():
            return tree.value
        case Path():
            return "/".join(tree.names)
        case Unary():
            return (tree.operator, brief(tree.operand))
        case Binary():
            return (tree.operator, brief(tree.left), brief(tree.right))
        case Junction():
            return (tree.operator, *(brief(each) for each in tree.operands))
        case Among():
            return (
                "in",
                brief(tree.operand),
                [brief(each) for each in tree.items] if isinstance(tree.items, tuple) else brief(tree.items),
            )
        case Call():
            return (tree.name, *(brief(each) for each in tree.arguments))
        case Quantified():
            return (tree.word, brief(tree.path), tree.variable, brief(tree.condition) if tree.condition else None)
        case _:
            return tree


TREES: dict[str, Any] = {
    "not A eq 1": ("eq", ("not", "A"), 1),
    "not (A eq 1)": ("not", ("eq", "A", 1)),
    "A eq 1 or B eq 2 and C eq 3": ("or", ("eq", "A", 1), ("and", ("eq", "B", 2), ("eq", "C", 3))),
    "A and B and C": ("and", "A", "B", "C"),
    "A sub 1 sub 2 mul 3": ("sub", ("sub", "A", 1), ("mul", 2, 3)),
    "A gt 1 eq true": ("eq", ("gt", "A", 1), True),
    "A add 1 in (1,2)": ("add", "A", ("in", 1, [1, 2])),
    "-A mul 2": ("mul", ("-", "A"), 2),
    "-5 eq - A": ("eq", -5, ("-", "A")),
    "A/B/$count GT 1": ("gt", "A/B/$count", 1),
    "Tags/any(t:t eq 'it''s')": ("any", "Tags", "t", ("eq", "t", "it's")),
    "Tags/any()": ("any", "Tags", "", None),
    "1.50 eq 1e2": ("eq", Decimal("1.50"), Decimal("100")),
    "9223372036854775808 eq 1": ("eq", 9223372036854775808, 1),
    "duration'P1DT0.5S' eq X": ("eq", 86_400_500_000, "X"),
    "binary'_-8' eq X": ("eq", b"\xff\xef", "X"),
    "@a eq @b": ("eq", "x", None),
    "ToLower(N) eq 'a'": ("eq", ("tolower", "N"), "a"),
    "A in @list": ("in", "A", [1, 2]),
    "A in ()": ("in", "A", []),
}


@pytest.mark.parametrize("text", TREES)
def test_a_text_has_this_tree(text: str) -> None:
    assert brief(parse_expression(text, "$filter", {"@a": "'x'", "@list": "[1,2]"})) == TREES[text]


REFUSED = (
    *(
        "A eq",
        "eq 1",
        "A eq 1 B",
        "A eq1",
        "(A eq 1",
        "A eq 'x",
        "A  1",
        "A in (B,C)",
        "f(A)",
        "contains(A)",
        "'a' 'b'",
    ),
    *("A/ eq 1", "Tags/any(:t eq 1)", "Tags/all()", "2020-02-30 eq D", "25:00 eq T", "2020-01-01T00:00:00 eq D"),
    *("duration'P' eq X", "binary'=' eq X", "A eq 1)", "A eq;1", "A%20eq", "5L eq A", "datetime'2020-01-01' eq D", ""),
)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_expression_is_refused_with_its_position(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"\$filter, position \d+: "):
        parse_expression(text, "$filter")


@pytest.mark.parametrize(
    "text",
    [
        "geography'POINT(1 2)' eq A",
        "Ns.Color'Red' eq A",
        "geo.distance(A,B) lt 1",
        "A/Ns.T/B eq 1",
        "$root/A eq 1",
        "@Core.X eq 1",
        "{} eq A",
    ],
)
def test_valid_odata_that_is_not_answered_is_not_called_invalid(text: str) -> None:
    with pytest.raises(NotSupported):
        parse_expression(text, "$filter")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000 + "A" + ")" * 5_000,
        "not " * 5_000 + "A",
        "A" + " add 1" * 5_000 + " eq 1",
        "concat(" * 5_000,
        "A eq '" + "x" * 200_000 + "'",
        "A in (" + ",".join("1" * 30_000) + ")",
        "Tags/any(t:" * 2_000,
    ],
    ids=["parentheses", "not", "chain", "calls", "long", "list", "lambdas"],
)
def test_an_expression_that_is_too_deep_or_long_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_expression(text, "$filter")


def test_a_long_filter_of_many_alternatives_is_parsed() -> None:
    tree = parse_expression(" or ".join(f"Id eq {number}" for number in range(3_000)), "$filter")
    assert isinstance(tree, Junction)
    assert len(tree.operands) == 3_000


def test_an_alias_that_stands_for_itself_is_refused() -> None:
    with pytest.raises(InvalidInput, match="stands for itself"):
        parse_expression("@a eq 1", "$filter", {"@a": "@b", "@b": "@a"})


def test_searches_join_words_by_and() -> None:
    found = parse_search('a "b c" OR NOT (d AND e)')
    inner = SearchNot(SearchJunction("and", (SearchTerm("d"), SearchTerm("e"))))
    assert found == SearchJunction("or", (SearchJunction("and", (SearchTerm("a"), SearchTerm("b c"))), inner))


def test_keys_are_read_by_name_and_alone() -> None:
    assert {name: each.value for name, each in parse_key("b='x',a=-1", ("a", "b")).items()} == {"a": -1, "b": "x"}
    assert parse_key("'it''s'", ("a",))["a"].value == "it's"


@pytest.mark.parametrize("text", ["", "1,2", "a=1", "a=1,a=2", "c=1,a=2", "a=null,b=1", "a=x,b=1", "a=1,b=2,c=3"])
def test_a_key_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_key(text, ("a", "b"))


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_orderby, "A asc B"),
        (parse_orderby, "A,"),
        (parse_select, "A,,B"),
        (parse_select, "A eq 1"),
        (parse_compute, "A add 1"),
        (parse_compute, "A add 1 as"),
        (parse_search, "a OR"),
        (parse_search, "(a"),
        (parse_search, "a)"),
        (parse_apply, "aggregate(A with mean as x)"),
        (parse_apply, "groupby(A)"),
        (parse_apply, "filter(A eq 1"),
        (parse_apply, "top(-1)"),
        (parse_apply, "sum(A)"),
    ],
)
def test_other_options_are_refused_too(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(InvalidInput):
        parse(text)


@pytest.mark.parametrize(
    "text", ["concat(identity,identity)", "groupby((rollup(A,B)))", "Ns.Custom()", "nest(identity as x)"]
)
def test_transformations_that_are_not_answered_are_not_called_invalid(text: str) -> None:
    with pytest.raises(NotSupported):
        parse_apply(text)

"""The test cases of OASIS for the grammar of OData, where they lie beside the repository.

Cases about what a service that only reads tables does not have (functions and annotations of a model, structs as
values) are refused; they are listed by rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import yaml

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.expressions.options import parse_compute, parse_orderby, parse_select
from supertable.entrypoints.odata.expressions.parser import parse_expression
from supertable.entrypoints.odata.expressions.search import parse_search
from supertable.entrypoints.odata.expressions.transformations import parse_apply

FOLDER = Path(__file__).parents[5] / "shared" / "odata"
FILES = ("odata-abnf-testcases.yaml", "odata-aggregation-testcases.yaml")


PARSERS: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(
        (
            *("commonExpr", "boolCommonExpr", "boolcommonExpr", "notExpr", "isofExpr", "firstMemberExpr"),
            *("propertyPathExpr", "primitiveLiteral", "guid", "durationLiteral", "binaryLiteral", "stringLiteral"),
            *("int64Literal", "decimalLiteral", "doubleLiteral", "decimalValue", "doubleValue", "timeOfDayLiteral"),
            "dateTimeOffsetLiteral",
        ),
        lambda text: parse_expression(text, "$filter"),
    ),
    "filter": lambda text: parse_expression(text.partition("=")[2], "$filter"),
    "orderby": lambda text: parse_orderby(text.partition("=")[2]),
    "select": lambda text: parse_select(text.partition("=")[2]),
    "search": lambda text: parse_search(text.partition("=")[2]),
    "compute": lambda text: parse_compute(text.partition("=")[2]),
    "queryOptions": lambda text: parse_apply(text.removeprefix("$apply=")),
}
MODEL_NEEDED = ("Model.", "Self.", "Custom.", "Items(1)", "@Messages")
"""Functions and annotations that a model would declare."""
NEEDS_MODEL_TO_REFUSE = (
    "Sales/Amount sub Sales/Cost",
    "groupby((Product/Price/Quantity))",
    "groupby((Sales/Product/Name))",
)
"""Refused by the types of a model, not by the grammar alone."""
SPACES = ("$filter =true", "$filter= true")
"""Spaces in the address are the service's to refuse."""
QUOTED_SEARCH = "search(')/top(1')"
"""The grammar takes single quotes for letters here, but nothing else ends the search."""


def test_the_parser_agrees_with_the_cases_of_oasis() -> None:
    ran: Counter[str] = Counter()
    wrong: list[str] = []
    for name in FILES if FOLDER.is_dir() else ():
        text = (FOLDER / name).read_text().replace("\t", "  ")
        for case in yaml.load(text, Loader=yaml.BaseLoader)["TestCases"]:
            _judge(case, ran, wrong)
    print("OASIS cases:", sum(ran.values()), dict(sorted(ran.items())) or "the folder is not there")
    assert not wrong


def _judge(case: dict[str, str], ran: Counter[str], wrong: list[str]) -> None:
    rule, text = case["Rule"], case["Input"]
    if rule not in PARSERS or (rule == "queryOptions" and (not text.startswith("$apply=") or "&" in text)):
        return
    try:
        PARSERS[rule](unquote(text))
        outcome = "accepted"
    except NotSupported:
        outcome = "not supported"
    except InvalidInput:
        outcome = "rejected"
    is_valid = "FailAt" not in case
    ran[f"{rule}: {'valid' if is_valid else 'invalid'}, {outcome}"] += 1
    exempt = (*MODEL_NEEDED, QUOTED_SEARCH) if is_valid else (*NEEDS_MODEL_TO_REFUSE, *SPACES, *MODEL_NEEDED)
    is_wrong = outcome == ("rejected" if is_valid else "accepted")
    if is_wrong and not any(each in text for each in exempt):
        wrong.append(f"{rule} ({outcome}): {text}")

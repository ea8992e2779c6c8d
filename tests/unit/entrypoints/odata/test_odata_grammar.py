"""The parser beside an independent one: a part of the grammar of OData 4.01, read by the package `abnf`.

Random expressions and damaged copies of them are accepted by both or by neither.
"""

from __future__ import annotations

import random
import re

import pytest
from abnf import ParseError, Rule

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.expressions.parser import parse_expression
from tests.support.budgets import BUDGET, chance
from tests.support.odata.random_expressions import Expressions

GRAMMAR = r"""
whole      = BWS expression BWS
expression = unary *( RWS operator RWS unary / RWS "in" RWS list )
unary      = "not" ( RWS unary / "(" BWS expression BWS ")" ) / "-" BWS unary / operand
operator   = "and" / "or" / "eq" / "ne" / "gt" / "ge" / "lt" / "le" / "add" / "sub" / "mul" / "divby" / "div" / "mod"
operand    = "(" BWS expression BWS ")" / literal / call / path
list       = "(" BWS [ literal *( BWS "," BWS literal ) ] BWS ")" / path / "(" BWS path BWS ")"
call       = two "(" BWS expression comma expression BWS ")" / one "(" BWS expression BWS ")"
call       =/ "substring(" BWS expression comma expression [ comma expression ] BWS ")"
comma      = BWS "," BWS
two        = "contains" / "startswith" / "endswith" / "indexof" / "concat"
one        = "length" / "tolower" / "toupper" / "trim" / "year" / "month" / "day" / "hour" / "minute" / "second"
one        =/ "fractionalseconds" / "date" / "time" / "round" / "floor" / "ceiling"
path       = [ "$it/" ] name *( "/" name ) [ "/$count" / "/any()" / quantified ]
quantified = "/" ( "any" / "all" ) "(" BWS name BWS ":" BWS expression BWS ")"
name       = ( ALPHA / "_" ) *( ALPHA / DIGIT / "_" )
literal    = moment / day / clock / number / string / "null" / "true" / "false" / [ "-" / "+" ] "INF" / "NaN"
literal    =/ "duration'" [ "-" / "+" ] "P" [ 1*DIGIT "D" ] [ "T" 1*DIGIT [ "." 1*DIGIT ] "S" ] "'"
string     = "'" *( "''" / %x09-0A / %x20-26 / %x28-10FFFF ) "'"
number     = [ "-" / "+" ] 1*DIGIT [ "." 1*DIGIT ] [ "e" [ "-" / "+" ] 1*DIGIT ]
day        = 4DIGIT "-" 2DIGIT "-" 2DIGIT
clock      = 2DIGIT ":" 2DIGIT [ ":" 2DIGIT [ "." 1*12DIGIT ] ]
moment     = day "T" clock ( "Z" / ( "+" / "-" ) 2DIGIT ":" 2DIGIT )
RWS        = 1*( SP / HTAB )
BWS        = *( SP / HTAB )
"""


PROPERTY_NOT = re.compile(r"\bnot (in|eq|ne|gt|ge|lt|le|and|or|add|sub|mul|div|divby|mod)\b")
"""By the grammar, a property may be called `not`. The parser takes it for the operator."""


class Grammar(Rule):
    """The rules above."""


Grammar.load_grammar(GRAMMAR.strip().replace("\n", "\r\n") + "\r\n", strict=False)


def _grammar_accepts(text: str) -> bool:
    try:
        Grammar("whole").parse_all(text)
    except ParseError:
        return False
    return True


def _parser_accepts(text: str) -> bool | None:
    """None: it is OData that the grammar above does not have, or a date that no calendar has."""
    try:
        parse_expression(text, "$filter")
    except InvalidInput as error:
        return None if "there is no such" in str(error) else False
    except NotSupported:
        return None
    return True


def _damaged(source: random.Random, text: str) -> str:
    """With a letter or a word left out, doubled or exchanged."""
    words = text.split(" ")
    at = source.randrange(len(words))
    roll = source.random()
    if roll < 0.3:
        return " ".join(words[:at] + words[at + 1 :])
    if roll < 0.5:
        return " ".join([*words[:at], words[at], *words[at:]])
    at = source.randrange(len(text))
    letter = source.choice("()',: /-a1") if roll < 0.8 else ""
    return text[:at] + letter + text[at + 1 :]


def test_random_expressions_are_of_the_grammar() -> None:
    made = Expressions(chance("odata grammar"))
    for _ in range(BUDGET.odata_groups):
        text = made.condition(2).text
        assert _grammar_accepts(text), text


def test_damaged_expressions_are_accepted_by_both_or_by_neither() -> None:
    source = chance("odata damage")
    made = Expressions(source)
    outcomes = []
    for _ in range(BUDGET.odata_groups):
        text = _damaged(source, made.condition(1).text)
        accepted = _parser_accepts(text)
        if accepted is not None and not PROPERTY_NOT.search(text):
            outcomes.append(accepted)
            assert _grammar_accepts(text) == accepted, text
    assert 10 < sum(outcomes) < len(outcomes) - 10


@pytest.mark.parametrize("text", ["A eq1", "A eq", "contains(A)", "A in (B,C)", "A/any(x)", "'a"])
def test_both_refuse(text: str) -> None:
    assert not _grammar_accepts(text)
    assert not _parser_accepts(text)

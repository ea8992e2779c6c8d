"""A Pratt parser of common expressions. Precedence: OData 4.01, URL conventions, 5.1.1.16.

`in` and `has` bind most, then the unary operators: `not A eq 1` is `(not A) eq 1`.
"""

from __future__ import annotations

from collections.abc import Mapping

from supertable.domain.names import did_you_mean
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.expressions.functions import ARGUMENTS, NOT_SUPPORTED
from supertable.entrypoints.odata.expressions.lexer import Token, Tokens
from supertable.entrypoints.odata.expressions.literals import literal_of
from supertable.entrypoints.odata.expressions.syntax import (
    Among,
    Binary,
    Call,
    Case,
    Expression,
    Items,
    Junction,
    Literal,
    Path,
    Quantified,
    TypeName,
    Unary,
)

PRECEDENCE = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(("eq", "ne"), 3),
    **dict.fromkeys(("gt", "ge", "lt", "le"), 4),
    **dict.fromkeys(("add", "sub"), 5),
    **dict.fromkeys(("mul", "div", "divby", "mod"), 6),
    **dict.fromkeys(("in", "has"), 8),
}
_UNARY = 7
_MOST_LEVELS = 60
_MOST_CHAINED = 60
"""Operators whose left operand is another one without parentheses, besides `and` and `or`."""
_MOST_NODES = 20_000
_SPECIALS = frozenset({"$it", "$this"})


class Parser:
    """Parses one text. `aliases`: the expressions of parameter aliases, by their names with the `@`."""

    def __init__(self, text: str, option: str, aliases: Mapping[str, str] | None = None) -> None:
        self.tokens = Tokens(text, option)
        self.aliases = aliases or {}
        self._levels = self._chained = self._nodes = 0
        self._within: tuple[str, ...] = ()

    def whole(self) -> Expression:
        """The expression that is all of the text. Raises `InvalidInput` and `NotSupported`."""
        found = self.expression()
        self.tokens.end()
        return found

    def expression(self, least: int = 0) -> Expression:
        """An expression of operators that bind more than `least`."""
        self._levels += 1
        if self._levels > _MOST_LEVELS:
            raise self.tokens.error(f"more than {_MOST_LEVELS} levels of parentheses, operators and functions")
        left = self.operand()
        links = 0
        while (operator := self.tokens.word(*PRECEDENCE)) and PRECEDENCE[operator] > least:
            self._require_space()
            left = self._infix(left, operator)
            links += operator not in ("and", "or")
            self._chained += links > 1 and operator not in ("and", "or")
            if self._chained > _MOST_CHAINED:
                raise self.tokens.error(f"more than {_MOST_CHAINED} operators in a row; use parentheses")
        self._levels -= 1
        return left

    def path(self) -> Path:
        """A path of names, as `groupby` and `$select` have them."""
        token = self.tokens.current
        found = self.operand()
        if not isinstance(found, Path):
            raise self.tokens.error("expected the name of a property", token.at)
        return found

    def name(self, what: str) -> Token:
        """A single name without dots. Raises `InvalidInput` that says what is expected."""
        token = self.tokens.current
        if token.kind != "name" or "." in token.text:
            raise self.tokens.error(f"expected {what}")
        return self.tokens.next()

    def _require_space(self) -> None:
        """An operator stands between spaces."""
        token, text = self.tokens.current, self.tokens.text
        after = text[token.at + len(token.text) :][:1]
        if not token.spaced or (after not in (" ", "\t") and after):
            raise self.tokens.error(f"expected a space before and after `{token.text}`")

    def _infix(self, left: Expression, operator: str) -> Expression:
        token = self.tokens.next()
        if operator == "in":
            return Among(left, self._members(), token.at)
        right = self.expression(PRECEDENCE[operator])
        if operator not in ("and", "or"):
            return Binary(operator, left, right, token.at)
        before = left.operands if isinstance(left, Junction) and left.operator == operator else (left,)
        if len(before) > 1:
            # A list that grows by one each time would be copied as often as it has operands.
            return self._longer(operator, [*before, right], token.at)
        return Junction(operator, (left, right), token.at)

    def _longer(self, operator: str, operands: list[Expression], at: int) -> Junction:
        while self.tokens.word(operator):
            self._require_space()
            self.tokens.next()
            operands.append(self.expression(PRECEDENCE[operator]))
        return Junction(operator, tuple(operands), at)

    def _members(self) -> tuple[Expression, ...] | Path:
        token = self.tokens.current
        if self.tokens.take("("):
            found = () if self.tokens.take(")") else self._expressions()
            if len(found) == 1 and isinstance(found[0], Path):
                return found[0]
            if not all(isinstance(each, Literal) for each in found):
                raise self.tokens.error("a list has values only", token.at)
            return found
        single = self.operand()
        if isinstance(single, Items):
            return single.items
        if isinstance(single, Path):
            return single
        raise self.tokens.error("`in` needs a list such as (1,2), or a collection", token.at)

    def _expressions(self) -> tuple[Expression, ...]:
        """Up to the closing parenthesis."""
        found = [self.expression()]
        while self.tokens.take(","):
            found.append(self.expression())
        self.tokens.expect(")")
        return tuple(found)

    def _listed(self, closing: str, opening: Token) -> tuple[Expression, ...]:
        """The literals up to the closing mark."""
        items: list[Expression] = []
        while True:
            item = self.operand()
            if not isinstance(item, Literal):
                raise NotSupported(f"{self.tokens.option}, position {opening.at}: lists of values alone are supported.")
            items.append(item)
            if not self.tokens.take(","):
                break
        self.tokens.expect(closing)
        return tuple(items)

    def operand(self) -> Expression:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise self.tokens.error(f"more than {_MOST_NODES:,} values and names. Filter by fewer values")
        token = self.tokens.current
        found = literal_of(self.tokens)
        if found is not None:
            return found
        if token.kind == "mark":
            return self._marked(token)
        if token.kind == "alias":
            return self._alias(self.tokens.next())
        if token.kind == "special":
            return self._special(self.tokens.next())
        if token.kind == "name":
            return self._named(self.tokens.next())
        raise self.tokens.error("expected a value, a property or a function")

    def _marked(self, token: Token) -> Expression:
        if self.tokens.take("("):
            found = self.expression()
            self.tokens.expect(")")
            return found
        if self.tokens.take("-"):
            return Unary("-", self.expression(_UNARY), token.at)
        if self.tokens.take("["):
            return Items(() if self.tokens.take("]") else self._listed("]", token), token.at)
        if token.text == "{":
            raise NotSupported(f"{self.tokens.option}, position {token.at}: structs as values are not supported.")
        raise self.tokens.error("expected a value, a property or a function")

    def _alias(self, token: Token) -> Expression:
        if "." in token.text or "#" in token.text:
            raise NotSupported(f"{self.tokens.option}, position {token.at}: annotations are not supported.")
        if token.text in self._within or len(self._within) > 5:
            raise self.tokens.error(f"the parameter alias {token.text} stands for itself", token.at)
        text = self.aliases.get(token.text)
        if text is None:
            return Literal("null", None, token.text, token.at)
        inner = Parser(text, token.text, self.aliases)
        inner._within = (*self._within, token.text)
        inner._levels, inner._chained, inner._nodes = self._levels, self._chained, self._nodes
        found = inner.whole()
        self._nodes, self._chained = inner._nodes, inner._chained
        return found

    def _special(self, token: Token) -> Expression:
        if token.text not in _SPECIALS:
            raise NotSupported(f"{self.tokens.option}, position {token.at}: {token.text} is not supported here.")
        return self._rest_of_path([token.text], token)

    def _named(self, token: Token) -> Expression:
        lower = token.text.lower()
        if lower == "not" and self.tokens.current.spaced | (self.tokens.current.text == "("):
            return Unary("not", self.expression(_UNARY), token.at)
        if self.tokens.current.text == "(" and not self.tokens.current.spaced:
            return self._call(token, lower)
        if "." in token.text:
            return TypeName(token.text, token.at)
        return self._rest_of_path([token.text], token)

    def _rest_of_path(self, names: list[str], first: Token) -> Expression:
        while not self.tokens.current.spaced and self.tokens.take("/"):
            if self.tokens.current.spaced:
                raise self.tokens.error("expected the name of a property after `/`")
            token = self.tokens.next()
            lower = token.text.lower()
            if lower in ("any", "all") and self.tokens.current.text == "(":
                return self._quantified(lower, Path(tuple(names), first.at), token)
            if token.kind == "special" and token.text != "$count":
                raise NotSupported(f"{self.tokens.option}, position {token.at}: {token.text} is not supported here.")
            if token.kind == "alias" or "." in token.text or self.tokens.current.text in ("(", "["):
                raise NotSupported(
                    f"{self.tokens.option}, position {token.at}: annotations, types and functions in paths are not "
                    "supported."
                )
            if token.kind not in ("name", "special"):
                raise self.tokens.error("expected the name of a property after `/`", token.at)
            names.append(token.text)
            if token.text == "$count":
                break
        return Path(tuple(names), first.at)

    def _quantified(self, word: str, path: Path, token: Token) -> Quantified:
        self.tokens.expect("(")
        if word == "any" and self.tokens.take(")"):
            return Quantified(word, path, "", None, token.at)
        variable = self.name("a range variable, as in any(x:x eq 1)").text
        self.tokens.expect(":")
        condition = self.expression()
        self.tokens.expect(")")
        return Quantified(word, path, variable, condition, token.at)

    def _call(self, token: Token, lower: str) -> Expression:
        if lower in NOT_SUPPORTED:
            raise NotSupported(f"{self.tokens.option}, position {token.at}: {token.text} is not supported.")
        if lower == "case":
            return self._case(token)
        if lower == "collection":
            return self._collection_type(token)
        if lower not in ARGUMENTS:
            hint = did_you_mean(lower, [*ARGUMENTS, "case"])
            raise self.tokens.error(f"there is no function {token.text[:80]!r}{f'.{hint}' if hint else ''}", token.at)
        arguments = self._arguments()
        least, most = ARGUMENTS[lower]
        if not least <= len(arguments) <= most:
            wanted = f"{least}" if least == most else f"{least} or {most}"
            raise self.tokens.error(f"{lower} takes {wanted} arguments, not {len(arguments)}", token.at)
        return Call(lower, tuple(arguments), token.at)

    def _arguments(self) -> list[Expression]:
        self.tokens.expect("(")
        return [] if self.tokens.take(")") else list(self._expressions())

    def _case(self, token: Token) -> Case:
        self.tokens.expect("(")
        branches = []
        while True:
            condition = self.expression()
            self.tokens.expect(":")
            branches.append((condition, self.expression()))
            if not self.tokens.take(","):
                break
        self.tokens.expect(")")
        return Case(tuple(branches), token.at)

    def _collection_type(self, token: Token) -> TypeName:
        self.tokens.expect("(")
        inner = self.tokens.next()
        self.tokens.expect(")")
        return TypeName(f"Collection({inner.text})", token.at)


def parse_expression(text: str, option: str, aliases: Mapping[str, str] | None = None) -> Expression:
    """The tree of a whole text. Raises `InvalidInput`, and `NotSupported` for OData that is not answered here."""
    return Parser(text, option, aliases).whole()

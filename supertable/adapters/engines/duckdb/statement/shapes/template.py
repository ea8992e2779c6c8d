"""A checked statement with places for other literals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain
from typing import Any

from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.duckdb.statement.columns_read import names_in
from supertable.adapters.engines.duckdb.statement.parse_tree import Node
from supertable.adapters.engines.duckdb.statement.rendering import text_of
from supertable.adapters.engines.duckdb.statement.shapes.literal_tokens import LiteralToken, value_of
from supertable.adapters.engines.duckdb.statement.shapes.slots import Path, Slot, rendered_literal, slots_of
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.application.ports.engines.parsed_statements import TimestampAt


@dataclass(frozen=True, slots=True)
class Piece:
    """SQL between two relations: the texts around the slots of these numbers."""

    texts: tuple[str, ...]
    slots: tuple[int, ...]

    def filled(self, literals: Sequence[str]) -> str:
        return self.texts[0] + "".join(
            literals[number] + text for number, text in zip(self.slots, self.texts[1:], strict=True)
        )


@dataclass(frozen=True, slots=True)
class Template:
    """`statement`: that of the first text. `pieces`: as it has them. `names_read`: as it has them, without those texts
    that are its literals alone."""

    statement: DuckDBStatement
    slots: tuple[Slot, ...]
    pieces: tuple[Piece, ...]
    names_read: frozenset[str] | None

    @property
    def tokens(self) -> frozenset[int]:
        """The numbers of the literals that may differ."""
        return frozenset(slot.token for slot in self.slots)

    def filled(self, sql: str, tokens: Sequence[LiteralToken]) -> DuckDBStatement:
        """The statement of another text of this shape."""
        literals = [
            {"kind": tokens[slot.token].kind, "text": slot.sign + value_of(sql, tokens[slot.token])}
            for slot in self.slots
        ]
        rendered = [rendered_literal(**found) for found in literals]
        tree = self.statement.tree
        for slot, found in zip(self.slots, literals, strict=True):
            tree = _with_literal(tree, slot.path, found)
        texts = (ascii_lower(text) for found in literals for text in found.values())
        return replace(
            self.statement,
            tree=tree,
            pieces=tuple(piece.filled(rendered) for piece in self.pieces),
            names_read=None if self.names_read is None else self.names_read.union(texts),
        )


def template_of(
    sql: str, tokens: Sequence[LiteralToken], statement: DuckDBStatement, reparse: Callable[[str], Node]
) -> Template | None:
    """The template of a text that was parsed without views; None: other literals may make it another statement.

    `reparse` returns DuckDB's tree of the rendered statement.
    """
    moments = any(isinstance(one.at, TimestampAt) for one in statement.relations)
    if moments or statement.values_query or statement.has_lists:
        return None
    rendered = statement.rendered.encode()
    slots = slots_of(sql, tokens, statement.tree, rendered, reparse(statement.rendered))
    if not slots:
        return None
    blank = statement.tree
    for slot in slots:
        blank = _with_literal(blank, slot.path, {})
    return Template(statement, tuple(slots), tuple(_pieces(rendered, slots, statement)), names_in(blank))


def same(one: DuckDBStatement, other: DuckDBStatement) -> bool:
    """Whether two statements are equal in all that they say, but not in where it stood in the text."""
    return text_of(one.tree) == text_of(other.tree) and all(
        getattr(one, field.name) == getattr(other, field.name) for field in fields(one) if field.name != "tree"
    )


def _pieces(rendered: bytes, slots: Sequence[Slot], statement: DuckDBStatement) -> Iterator[Piece]:
    start = 0
    for piece, relation in zip(statement.pieces, [*statement.order, None], strict=True):
        end = start + len(piece.encode())
        inside = [(number, slot) for number, slot in enumerate(slots) if start <= slot.start < end]
        cuts = [start, *chain.from_iterable((slot.start, slot.end) for _, slot in inside), end]
        texts = [rendered[first:last].decode() for first, last in zip(cuts[::2], cuts[1::2], strict=True)]
        yield Piece(tuple(texts), tuple(number for number, _ in inside))
        start = end + (0 if relation is None else len(statement.tokens[relation].encode()))


def _with_literal(tree: Any, path: Path, found: dict[str, str]) -> Any:
    """The tree with another literal at the path. The parts beside the path are shared."""
    if not path:
        return {**tree, "literal": found}
    key, *rest = path
    changed: Any = list(tree) if isinstance(tree, list) else dict(tree)
    changed[key] = _with_literal(tree[key], tuple(rest), found)
    return changed

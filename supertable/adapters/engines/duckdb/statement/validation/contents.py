"""The allowed content of a key of a parse tree's node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leaf:
    """Text, a number, a boolean or null. `allowed`: the only allowed values; None: any."""

    allowed: frozenset[object] | None = None


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of texts."""


@dataclass(frozen=True, slots=True)
class Data:
    """Literal data of any depth: values, never code."""


@dataclass(frozen=True, slots=True)
class Child:
    """One node of a kind, or null."""

    kind: str


@dataclass(frozen=True, slots=True)
class Children:
    """A list of nodes of a kind; `depth` 2: a list of such lists."""

    kind: str
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Empty:
    """A list that must be empty, since only the planner fills it."""


Content = Leaf | Texts | Data | Child | Children | Empty
Keys = Mapping[str, Content]

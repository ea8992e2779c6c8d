"""Statements of DuckDB that never run, by their first words, each with the reason and what to use instead."""

from __future__ import annotations

import re

_FILES = "it reads or writes files. Load files by `load`; save the answer of a query by `save` or `--output`."
_ATTACHED = "the tables of a lake are there already: `orders`, or `supertable.orders` of another supertable."
_EXTENSIONS = "extensions are parts of the engine, which other queries share."
_SETTINGS = "settings belong to the engine, which other queries share. Values come by parameters: WHERE a = $a."
_COMMITS = "each statement that changes something is a commit of its own."
_PARAMETERS = "every statement takes parameters: WHERE a = $a."
_MAINTENANCE = "tables are maintained by `maintain`, `compact` and `vacuum`."

_REASONS = {
    "abort": _COMMITS,
    "analyze": _MAINTENANCE,
    "attach": _ATTACHED,
    "begin": _COMMITS,
    "call": "table functions are called in FROM: FROM range(3).",
    "checkpoint": _MAINTENANCE,
    "commit": _COMMITS,
    "copy": _FILES,
    "deallocate": _PARAMETERS,
    "detach": _ATTACHED,
    "end": _COMMITS,
    "execute": _PARAMETERS,
    "export": _FILES,
    "force": _EXTENSIONS,
    "import": _FILES,
    "install": _EXTENSIONS,
    "load": _EXTENSIONS,
    "pragma": "it reads or changes the engine. DESCRIBE, SHOW and information_schema tell of tables.",
    "prepare": _PARAMETERS,
    "reset": _SETTINGS,
    "rollback": _COMMITS,
    "set": _SETTINGS,
    "start": _COMMITS,
    "use": _ATTACHED,
    "vacuum": _MAINTENANCE,
}
_ABSENT = frozenset(
    {"database", "extension", "function", "index", "macro", "schema", "secret", "sequence", "trigger", "type"}
)
_DEFINITION = re.compile(
    r"(create|drop|alter)\s+(?:or\s+replace\s+)?(?:persistent\s+|unique\s+)?(temp(?:orary)?\s+)?(\w+)", re.IGNORECASE
)


def reason(statement: str) -> str:
    """Why a statement does not run, as a sentence; empty where no reason is known."""
    found = _DEFINITION.match(statement)
    if found and found[3].lower() in _ABSENT:
        return f"{found[1].upper()} {found[3].upper()} is not available: a lake has tables and views only."
    if found and found[2]:
        return "Nothing is temporary in a lake. Name a query for one statement by WITH name AS (…)."
    word = re.match(r"\w*", statement)
    why = _REASONS.get(word[0].lower()) if word else None
    return f"{word[0].upper()} is not available: {why}" if word and why else ""

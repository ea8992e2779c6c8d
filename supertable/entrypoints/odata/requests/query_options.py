"""The options in the query of an address.

A name may come without its `$` and in any case (OData URL Conventions 4.01, 5.1): `filter=` is `$filter`, so it never
means all rows. Options that nobody knows are refused, also custom ones that look like a misspelt one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from urllib.parse import unquote_plus

from litestar.exceptions import HTTPException

from supertable.domain.errors import InvalidInput

KEY_OPTION = "apikey"
ROLE_OPTION = "role"
_KNOWN = frozenset(
    {"filter", "orderby", "select", "search", "apply", "compute", "top", "skip", "count", "format"}
    | {"skiptoken", "deltatoken"}
)
_NOT_SUPPORTED = frozenset({"expand", "index", "schemaversion", "levels", "id", "link"})
_MOST_CHARACTERS = 128 * 1024
_MOST_OPTIONS = 100


@dataclass(frozen=True, slots=True)
class Options:
    """Options by name without `$`. `aliases`: by name with `@`. `pairs`: all as they were given, but for the key."""

    values: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    pairs: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def require_only(self, allowed: Iterable[str], what: str) -> None:
        """Raises `InvalidInput` for an option that the resource has no use for."""
        other = sorted(self.values.keys() - {"format", *allowed})
        if other:
            raise InvalidInput(f"`${other[0]}` cannot be used with {what}.")

    def number(self, name: str) -> int | None:
        """The value of an option that is a whole number from 0. Raises `InvalidInput`."""
        text = self.get(name)
        if text is None:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise InvalidInput(f"`${name}` must be a whole number from 0, not {text[:40]!r}.")
        return int(text)

    def flag(self, name: str) -> bool:
        """The value of an option that is true or false; false without it. Raises `InvalidInput`."""
        text = self.values.get(name, "false").lower()
        if text not in ("true", "false"):
            raise InvalidInput(f"`${name}` must be true or false, not {text[:40]!r}.")
        return text == "true"


def parse_options(query: str) -> Options:
    """The options of a query string. Raises `InvalidInput`, and 501 for options of OData that the service lacks."""
    if len(query) > _MOST_CHARACTERS:
        raise InvalidInput(f"The query of the address has more than {_MOST_CHARACTERS:,} characters.")
    values: dict[str, str] = {}
    aliases: dict[str, str] = {}
    pairs: list[tuple[str, str]] = []
    for name, value in _pairs(query):
        known = _system_name(name)
        target = aliases if name.startswith("@") else values
        if known or name.startswith("@"):
            if (known or name) in target:
                raise InvalidInput(f"The option {name[:80]!r} is given twice. Give it once.")
            target[known or name] = value
        if name.lower() != KEY_OPTION:
            pairs.append((name, value))
    return Options(values, aliases, tuple(pairs))


def key_of(query: str) -> str | None:
    """The API key in a query string."""
    return next((value for name, value in _pairs(query) if name.lower() == KEY_OPTION and value), None)


def role_of(query: str) -> str | None:
    """The role that a query string asks for."""
    return next((value for name, value in _pairs(query) if name.lower() == ROLE_OPTION and value), None)


def _pairs(query: str) -> list[tuple[str, str]]:
    parts = [part.partition("=") for part in query.split("&") if part]
    if len(parts) > _MOST_OPTIONS:
        raise InvalidInput(f"The address has more than {_MOST_OPTIONS} options.")
    try:
        return [
            (unquote_plus(name, errors="strict").strip(), unquote_plus(value, errors="strict"))
            for name, _, value in parts
        ]
    except UnicodeDecodeError:
        raise InvalidInput("The query of the address is not UTF-8.") from None


def _system_name(name: str) -> str | None:
    """The name of a system option without `$`, in lower case; None for a custom option, which is ignored."""
    plain = name.removeprefix("$").lower()
    if plain in _KNOWN:
        return plain
    if plain in _NOT_SUPPORTED and name.startswith("$"):
        raise HTTPException(f"The option `${plain}` is not supported.", status_code=501)
    if plain == "expand":
        raise HTTPException("The option `$expand` is not supported: tables have no relations.", status_code=501)
    if name.startswith("@"):
        return None
    near = get_close_matches(plain, _KNOWN, n=1, cutoff=0.75)
    if name.startswith("$") or (near and plain not in (KEY_OPTION, ROLE_OPTION)):
        hint = f" Did you mean `${near[0]}`?" if near else ""
        raise InvalidInput(f"There is no option {name[:80]!r}.{hint}")
    return None

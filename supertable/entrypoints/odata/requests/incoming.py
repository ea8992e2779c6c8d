"""A request as the resources see it, whether it came alone or in a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlencode

from supertable.domain.access.sessions import Session
from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.requests.query_options import Options, parse_options

_MOST_SEGMENTS = 32
_PLAIN = "$@'(),:;=*!-._~"


@dataclass(frozen=True, slots=True)
class Incoming:
    """`base`: the absolute address of the service, `…/odata`. `segments`: decoded, after that. `headers`: by name in
    lower case. `path`: percent-encoded, from `base` on, with the options that came with it in `options`."""

    session: Session
    method: str
    base: str
    path: str
    options: Options
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def segments(self) -> list[str]:
        """Raises `InvalidInput` for a path that is not UTF-8."""
        parts = self.path.strip("/").split("/") if self.path.strip("/") else []
        if len(parts) > _MOST_SEGMENTS:
            raise InvalidInput(f"The path of the address has more than {_MOST_SEGMENTS} parts.")
        try:
            return [unquote(part, errors="strict") for part in parts]
        except UnicodeDecodeError:
            raise InvalidInput("The path of the address is not UTF-8.") from None

    def address(self, **changed: str | None) -> str:
        """The absolute address of this request with some options changed; None: without one."""
        wanted = {f"${name}": value for name, value in changed.items()}
        kept = [
            (name, value) for name, value in self.options.pairs if f"${name.removeprefix('$').lower()}" not in wanted
        ]
        added = [(name, value) for name, value in wanted.items() if value is not None]
        query = urlencode([*kept, *added], quote_via=quote, safe=_PLAIN)
        return f"{self.base}{self.path}{'?' if query else ''}{query}"


def incoming(
    session: Session,
    method: str,
    base: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes = b"",
) -> Incoming:
    """Raises what `parse_options` raises."""
    return Incoming(session, method, base, path, parse_options(query), headers, body)

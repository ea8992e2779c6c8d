"""A request as the resources see it, whether it came alone or in a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urlencode

from litestar.exceptions import HTTPException

from supertable.domain.access.sessions import Session
from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.requests.query_options import Options, parse_options

_QUERY_TYPES = frozenset({"text/plain", "application/x-www-form-urlencoded"})
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


def with_query_of_body(request: Incoming) -> Incoming:
    """`POST …/$query` as the GET that it stands for: its body has the options (OData URL Conventions 4.01, 4.17).

    Options of the address count too. Other requests are returned as they are. Raises 415 for a body of another type.
    """
    path, end, rest = request.path.rstrip("/").rpartition("/$query")
    if request.method != "POST" or not end or rest:
        return request
    kind = request.headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    if kind not in _QUERY_TYPES:
        raise HTTPException("The body of `$query` must be `text/plain`: what a GET has after its `?`.", status_code=415)
    try:
        text = request.body.decode().strip()
    except UnicodeDecodeError:
        raise InvalidInput("The body of `$query` is not UTF-8.") from None
    given = urlencode(request.options.pairs, quote_via=quote)
    return replace(
        request, method="GET", path=path, options=parse_options("&".join(filter(None, (given, text)))), body=b""
    )

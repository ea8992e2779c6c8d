"""The requests of a batch, whatever its format, and their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from litestar.exceptions import HTTPException

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.requests.incoming import Incoming
from supertable.entrypoints.odata.requests.query_options import parse_options

MOST_REQUESTS = 100
_INHERITED = ("odata-maxversion", "odata-version")
_ANOTHER_SERVICE = "A request of a batch must be for this service: {url!r} is not below {base}/."


@dataclass(frozen=True, slots=True)
class Part:
    """A request of a batch. `url`: absolute, or relative to the host or to the address of `$batch`. `group`: the
    atomicity group that it belongs to. `needs`: ids of requests and groups that must have succeeded."""

    id: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    group: str = ""
    needs: Sequence[str] = ()


def request_of(batch: Incoming, part: Part) -> Incoming:
    """The part as a request of its own, with the caller of the batch. Raises `InvalidInput`."""
    inherited = {name: batch.headers[name] for name in _INHERITED if name in batch.headers}
    path, query = _path(batch, part.url)
    if path.rstrip("/").endswith("$batch"):
        raise InvalidInput("A batch cannot be a part of a batch.")
    headers = {**inherited, **part.headers}
    return replace(batch, method=part.method, path=path, options=parse_options(query), headers=headers, body=part.body)


def require_few(count: int) -> None:
    """Raises 413 for too many requests."""
    if count > MOST_REQUESTS:
        raise HTTPException(f"A batch may have up to {MOST_REQUESTS} requests, and this one has more.", status_code=413)


def _path(batch: Incoming, url: str) -> tuple[str, str]:
    """The path after the address of the service, and the query."""
    parts, base = urlsplit(url), urlsplit(batch.base)
    if parts.scheme or parts.netloc:
        if (parts.scheme, parts.netloc) != (base.scheme, base.netloc):
            raise InvalidInput(_ANOTHER_SERVICE.format(url=url[:200], base=batch.base))
    elif not parts.path.startswith("/"):
        return f"{batch.path.rpartition('/')[0]}/{parts.path}", parts.query
    path = parts.path.removeprefix(base.path)
    if path == parts.path or not path.startswith("/"):
        raise InvalidInput(_ANOTHER_SERVICE.format(url=url[:200], base=batch.base))
    return path, parts.query

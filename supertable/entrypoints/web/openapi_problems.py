"""How answers and problems stand in the OpenAPI document: one way for all resources."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example

from supertable.entrypoints.web.problems import MEDIA_TYPE, address, title

_SAID = {
    400: ("InvalidInput", "The request itself is wrong; nothing was changed."),
    401: ("NotSignedIn", "It is not known who asks: the token is missing, unknown, expired or revoked."),
    403: ("AccessDenied", "The caller's role does not allow it."),
    404: ("NotFound", "There is nothing of that name, or nothing that the caller may know of."),
    406: ("NotAcceptable", "`Accept` asks for none of the formats there are."),
    409: (
        "Conflict",
        "Something of that name is there already, or others changed it all the time; nothing was changed.",
    ),
    412: ("Outdated", "`If-Match` names a state that it is not in any more; nothing was changed."),
    413: ("ContentTooLarge", "The body is larger than this address takes; nothing was changed."),
    415: ("UnsupportedMediaType", "The body is not of a type that this address takes; nothing was changed."),
    422: ("QueryFailed", "The engine could not finish the query."),
    429: ("TooManyRequests", "More was asked for than may be in a while; nothing was done. See `Retry-After`."),
    503: ("Unavailable", "A server behind this one did not answer; it is safe to try again."),
    504: ("CommitUncertain", "It is not known whether the change became durable; read before you repeat it."),
}


class Problem(msgspec.Struct, frozen=True):
    """A problem document (RFC 9457)."""

    type: Annotated[str, msgspec.Meta(description="What kind of problem, a stable relative address.")]
    title: Annotated[str, msgspec.Meta(description="The kind in words.")]
    status: Annotated[int, msgspec.Meta(description="The HTTP status.")]
    detail: Annotated[str, msgspec.Meta(description="What happened, what is safe, what to do.")]
    instance: Annotated[str, msgspec.Meta(description="This request.")] = ""


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The problems that a resource may answer with, besides those that every one may."""
    return {status: _spec(status) for status in sorted({400, 401, 403, 429, 503, *statuses})}


def problems_of_change(*statuses: int) -> dict[int, ResponseSpec]:
    """The same for requests that change something, and have a body."""
    return problems(409, 413, 415, 504, *statuses)


def _spec(status: int) -> ResponseSpec:
    name, said = _SAID[status]
    example: dict[str, Any] = {
        "type": address(name),
        "title": title(name),
        "status": status,
        "detail": said,
        "instance": "",
    }
    return ResponseSpec(
        Problem,
        generate_examples=False,
        description=said,
        media_type=MEDIA_TYPE,
        examples=[Example(summary=name, value=example)],
    )

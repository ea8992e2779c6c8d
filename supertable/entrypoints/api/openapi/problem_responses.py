"""The descriptions of responses that several resources have: errors, and rows."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example

from supertable.entrypoints.web.problems.problem_documents import MEDIA_TYPE, problem_title, problem_type

_DESCRIPTIONS = {
    400: ("InvalidInput", "The request is not valid. Nothing was changed."),
    401: ("NotSignedIn", "The caller is not authenticated: the token is missing, unknown, expired or revoked."),
    403: ("AccessDenied", "The caller's role does not allow the request. Nothing was changed."),
    404: ("NotFound", "The resource does not exist, or the caller may not see it."),
    406: ("NotAcceptable", "`Accept` allows none of the available formats."),
    409: ("Conflict", "The name is in use, or concurrent changes kept winning. Nothing was changed."),
    412: ("Outdated", "The state that `If-Match` names has changed. Nothing was changed; read it again first."),
    413: ("ContentTooLarge", "The body is larger than the limit. Nothing was changed."),
    415: ("UnsupportedMediaType", "The media type of the body is not supported. Nothing was changed."),
    422: ("QueryFailed", "The engine could not finish the query."),
    429: ("TooManyRequests", "The rate limit is exceeded. Nothing was changed; `Retry-After` says when to try again."),
    503: ("Unavailable", "A server or disk behind this service did not answer. It is safe to try again."),
    504: (
        "CommitUncertain",
        "It is unknown whether the change became durable. Read the state before you repeat the request.",
    ),
}

_KEY_REUSED = (
    "IdempotencyKeyReused",
    "The idempotency key belongs to another request of the same user and operation. Nothing was changed.",
)


class Problem(msgspec.Struct, frozen=True):
    """A problem document (RFC 9457)."""

    type: Annotated[str, msgspec.Meta(description="The type of problem: a stable, relative address.")]
    title: Annotated[str, msgspec.Meta(description="The type of problem in words.")]
    status: Annotated[int, msgspec.Meta(description="The HTTP status.")]
    detail: Annotated[str, msgspec.Meta(description="What happened, what is safe, and what to do next.")]
    instance: Annotated[str, msgspec.Meta(description="The id of the request.")] = ""


def answers(schema: type) -> dict[int, ResponseSpec]:
    """The response of an operation that returns rows; `schema`: of its JSON."""
    return {200: ResponseSpec(schema, generate_examples=False, description="The rows.")}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The given error responses, and those of every resource: 400, 401, 403, 429, 503."""
    return {
        status: _response(status, *_DESCRIPTIONS[status]) for status in sorted({400, 401, 403, 429, 503, *statuses})
    }


def change_problems(*statuses: int) -> dict[int, ResponseSpec]:
    """`problems` for requests with a body that change something: also 409, 413, 415, 504."""
    return problems(409, 413, 415, 504, *statuses)


def keyed_problems(*statuses: int) -> dict[int, ResponseSpec]:
    """`change_problems` for requests that take an `Idempotency-Key`: also 422."""
    return {**change_problems(*statuses), 422: _response(422, *_KEY_REUSED)}


def _response(status: int, name: str, description: str) -> ResponseSpec:
    example: dict[str, Any] = {
        "type": problem_type(name),
        "title": problem_title(name),
        "status": status,
        "detail": description,
        "instance": "",
    }
    return ResponseSpec(
        Problem,
        generate_examples=False,
        description=description,
        media_type=MEDIA_TYPE,
        examples=[Example(summary=name, value=example)],
    )

"""The one place where errors become answers: problem documents (RFC 9457).

Callers are told what they did wrong, in the error's own words. Of what is wrong with the server they are told what is
safe to do; what happened exactly, with names of files, is in the log under the request's id.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException

from supertable.domain import errors
from supertable.entrypoints.web.observability.request_log import request_id

_LOG = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
_TRY_AGAIN = {"Retry-After": "1"}
_SEE = "/api/v1/openapi.json lists what there is."
_OF_HTTP: dict[int, tuple[str, str]] = {
    400: ("InvalidInput", "The request itself is wrong; nothing was changed."),
    404: ("NotFound", f"There is nothing at this address. {_SEE}"),
    405: ("MethodNotAllowed", f"This address does not take that method. {_SEE}"),
    406: ("NotAcceptable", "`Accept` asks for none of the formats there are."),
    413: ("ContentTooLarge", "The body is larger than this address takes; nothing was changed."),
    415: ("UnsupportedMediaType", "The body is not of a type that this address takes; nothing was changed."),
    421: ("MisdirectedRequest", "The request is addressed to a host name that is not this service's."),
    429: ("TooManyRequests", "More was asked than one caller may ask within a minute; nothing was done."),
    503: ("Stopping", "The service stops; it is safe to try again, elsewhere or later."),
    505: ("HttpVersionNotSupported", "The answer to this needs HTTP/1.1 or newer; nothing was done."),
}
"""What the web's own errors are called, and what is said where they say nothing themselves."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """`detail`: said instead of the error's own words."""

    status: int
    detail: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


_INTERNAL = _Kind(500, "Something is wrong in SuperTable itself. The log has more under this request's id.")
_KINDS: dict[type[Exception], _Kind] = {
    errors.InvalidInput: _Kind(400),
    errors.NotSignedIn: _Kind(401, headers={"WWW-Authenticate": 'Bearer realm="supertable"'}),
    errors.AccessDenied: _Kind(403),
    errors.NotFound: _Kind(404),
    errors.AlreadyExists: _Kind(409),
    errors.Conflict: _Kind(409),
    errors.Outdated: _Kind(412),
    errors.JobNotOver: _Kind(409),
    errors.JobInterrupted: _Kind(503, headers=_TRY_AGAIN),
    errors.TooManyJobs: _Kind(429, headers=_TRY_AGAIN),
    errors.QueryFailed: _Kind(422),
    errors.Unavailable: _Kind(
        503, "A server behind this one did not answer. Nothing was changed; it is safe to try again.", _TRY_AGAIN
    ),
    errors.CommitUncertain: _Kind(
        504,
        "It is not known whether the write became durable. Repeat it with the same Idempotency-Key: then it is applied "
        "once, whichever way it went. Or read the history before you repeat it.",
    ),
    errors.Damaged: _Kind(500, "Stored data is damaged or missing, so nothing is answered from it. `fsck` tells more."),
    errors.MissingExtra: _Kind(501),
    errors.UnsafeStore: _Kind(500, "The object store does not keep what writes rely on; nothing was written."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """`type`: a stable, relative address, like /problems/table-not-found. `more`: further members."""

    type: str
    title: str
    status: int
    detail: str
    headers: dict[str, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    def document(self, instance: str) -> dict[str, Any]:
        said = {"type": self.type, "title": self.title, "status": self.status, "detail": self.detail}
        return {**said, "instance": instance, **self.more}


def problem_of(error: Exception) -> Problem:
    """What a caller may know of an error."""
    if isinstance(error, HTTPException):
        return _of_http(error)
    return _problem(type(error), str(error))


def problem_told(name: str, detail: str) -> Problem:
    """The same, of an error by the name of its class and its words."""
    return _problem(getattr(errors, name, Exception), detail)


def problem_of_exception(request: Request[Any, Any, State], error: Exception) -> Response[dict[str, Any]]:
    problem = problem_of(error)
    if problem.status >= 500:
        _LOG.error("a request failed", exc_info=error)
    document = problem.document(request_id(request.scope))
    return Response(document, status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers)


def address(name: str) -> str:
    """TableNotFound: /problems/table-not-found."""
    return "/problems/" + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def title(name: str) -> str:
    """TableNotFound: Table not found."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def catalogue() -> list[dict[str, Any]]:
    """Every type of problem that there is, by its address, and what it means."""
    raised = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, errors.SupertableError)]
    told = [(_problem(cls, ""), cls) for cls in raised if cls is not errors.SupertableError]
    known = {problem.type: _entry(problem.type, problem.title, problem.status, _meaning(cls)) for problem, cls in told}
    for status, (name, meaning) in _OF_HTTP.items():
        known.setdefault(address(name), _entry(address(name), title(name), status, meaning))
    known[address("InternalError")] = _entry(address("InternalError"), "Internal error", 500, _INTERNAL.detail or "")
    return [known[name] for name in sorted(known)]


def _entry(type_: str, title_: str, status: int, meaning: str) -> dict[str, Any]:
    return {"type": type_, "title": title_, "status": status, "meaning": meaning}


def _meaning(cls: type) -> str:
    """The first paragraph of the class's own words, or of the class above it."""
    words = next(base.__doc__ for base in cls.__mro__ if base.__doc__)
    return " ".join(words.split("\n\n")[0].split())


def _problem(cls: type[Exception], detail: str) -> Problem:
    kind = next((_KINDS[base] for base in cls.__mro__ if base in _KINDS), _INTERNAL)
    name = cls.__name__ if kind is not _INTERNAL else "InternalError"
    return Problem(address(name), title(name), kind.status, kind.detail or detail, kind.headers)


def _of_http(error: HTTPException) -> Problem:
    phrase = HTTPStatus(error.status_code).phrase
    name, meaning = _OF_HTTP.get(error.status_code, ("InternalError", _INTERNAL.detail or ""))
    silent = error.detail in {"", phrase} or name == "InternalError"
    more = {"errors": error.extra} if isinstance(error, ValidationException) and error.extra else {}
    headers = dict(error.headers or {})
    return Problem(address(name), title(name), error.status_code, meaning if silent else error.detail, headers, more)

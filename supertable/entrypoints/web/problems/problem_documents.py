"""The one place where errors become responses: problem documents (RFC 9457).

A problem with a request is reported in the error's own words. For a problem with the server, the document only states
what is safe to do; the log has the details, with file names, under the id of the request.
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
from supertable.entrypoints.web.observability import metrics
from supertable.entrypoints.web.observability.request_log import request_id

_LOG = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER = {"Retry-After": "1"}
_DOCUMENTATION = "The documentation of the service lists its resources."
_HTTP_ERRORS: dict[int, tuple[str, str]] = {
    400: ("InvalidInput", "The request is not valid. Nothing was changed."),
    404: ("NotFound", f"There is no resource at this address. {_DOCUMENTATION}"),
    405: ("MethodNotAllowed", f"The resource at this address does not support this method. {_DOCUMENTATION}"),
    406: ("NotAcceptable", "`Accept` allows none of the formats of this resource."),
    410: ("Gone", "What the address names existed, but was removed. Start again from the newest state."),
    413: ("ContentTooLarge", "The body is larger than this resource allows. Nothing was changed."),
    415: ("UnsupportedMediaType", "This resource does not support the media type of the body. Nothing was changed."),
    421: ("MisdirectedRequest", "The service does not answer under the host name of the request."),
    429: ("TooManyRequests", "The rate limit is exceeded. Nothing was changed; try again later."),
    501: ("NotImplemented", "The service does not have what the request asks for."),
    503: ("Stopping", "The service is stopping. It is safe to try again, later or on another server."),
    505: ("HttpVersionNotSupported", "The response needs HTTP/1.1 or newer. Nothing was changed."),
}
"""The names of HTTP errors, and their details where the error has none."""


@dataclass(frozen=True, slots=True)
class _Presentation:
    """How a class of errors is presented. `detail` replaces the error's own words."""

    status: int
    detail: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


_INTERNAL_ERROR = _Presentation(500, "SuperTable has an internal error. The log has details under the request's id.")
_PRESENTATIONS: dict[type[Exception], _Presentation] = {
    errors.InvalidInput: _Presentation(400),
    errors.NotSignedIn: _Presentation(401, headers={"WWW-Authenticate": 'Bearer realm="supertable"'}),
    errors.AccessDenied: _Presentation(403),
    errors.NotFound: _Presentation(404),
    errors.AlreadyExists: _Presentation(409),
    errors.Conflict: _Presentation(409),
    errors.Outdated: _Presentation(412),
    errors.JobNotOver: _Presentation(409),
    errors.JobInterrupted: _Presentation(503, headers=_RETRY_AFTER),
    errors.TooManyJobs: _Presentation(429, headers=_RETRY_AFTER),
    errors.IdempotencyKeyReused: _Presentation(422),
    errors.QueryFailed: _Presentation(422),
    errors.QueryLost: _Presentation(503, headers=_RETRY_AFTER),
    errors.TooManyQueries: _Presentation(429, headers=_RETRY_AFTER),
    errors.Unavailable: _Presentation(
        503, "A server behind this service did not answer. Nothing was changed; it is safe to try again.", _RETRY_AFTER
    ),
    errors.StoreUnavailable: _Presentation(
        503,
        "The object store did not answer, or its disk cannot be written. Nothing was changed; it is safe to try again.",
        _RETRY_AFTER,
    ),
    errors.AuditUnavailable: _Presentation(503, headers=_RETRY_AFTER),
    errors.CommitUncertain: _Presentation(
        504,
        "It is unknown whether the write became durable. Repeat it with the same Idempotency-Key: it is then applied "
        "exactly once. Without a key, read the table's history before you repeat it.",
    ),
    errors.Damaged: _Presentation(
        500, "Stored data is damaged or missing, so nothing is answered from it. Run `supertable fsck` for details."
    ),
    errors.MissingExtra: _Presentation(501),
    errors.UnsafeStore: _Presentation(
        500, "The object store lacks the guarantees that commits need. Nothing was written."
    ),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """`type`: a stable, relative address, like /problems/table-not-found. `members`: further members."""

    type: str
    title: str
    status: int
    detail: str
    headers: dict[str, str] = field(default_factory=dict)
    members: dict[str, Any] = field(default_factory=dict)

    def document(self, instance: str) -> dict[str, Any]:
        standard = {"type": self.type, "title": self.title, "status": self.status, "detail": self.detail}
        return {**standard, "instance": instance, **self.members}


def problem_of(error: Exception) -> Problem:
    """The problem to report for an error, without internal details."""
    if isinstance(error, HTTPException):
        return _problem_of_http_error(error)
    return _problem(type(error), str(error))


def problem_of_recorded(error_name: str, detail: str) -> Problem:
    """The problem for an error that was recorded by the name of its class and its message."""
    return _problem(getattr(errors, error_name, Exception), detail)


def problem_response(request: Request[Any, Any, State], error: Exception) -> Response[dict[str, Any]]:
    """The response for an error that a handler raised. Server errors are logged."""
    problem = problem_of(error)
    if problem.status >= 500:
        _LOG.error("a request failed", exc_info=error)
    metrics.PROBLEMS.labels(problem.type).inc()
    document = problem.document(request_id(request.scope))
    return Response(document, status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers)


def problem_type(error_name: str) -> str:
    """TableNotFound: /problems/table-not-found."""
    return "/problems/" + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", error_name).lower()


def problem_title(error_name: str) -> str:
    """TableNotFound: Table not found."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", error_name).capitalize()


def problem_catalogue() -> list[dict[str, Any]]:
    """All types of problems, sorted by type, each with its title, status and meaning."""
    classes = [
        cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, errors.SupertableError)
    ]
    entries: dict[str, dict[str, Any]] = {}
    for cls in classes:
        if cls is not errors.SupertableError:
            problem = _problem(cls, "")
            entries[problem.type] = _entry(problem.type, problem.title, problem.status, _meaning(cls))
    for status, (name, meaning) in _HTTP_ERRORS.items():
        entries.setdefault(problem_type(name), _entry(problem_type(name), problem_title(name), status, meaning))
    internal = problem_type("InternalError")
    entries[internal] = _entry(internal, "Internal error", 500, _INTERNAL_ERROR.detail or "")
    return [entries[name] for name in sorted(entries)]


def _entry(type_: str, title: str, status: int, meaning: str) -> dict[str, Any]:
    return {"type": type_, "title": title, "status": status, "meaning": meaning}


def _meaning(cls: type) -> str:
    """The first paragraph of the class's docstring, or of the nearest base class that has one."""
    text = next(base.__doc__ for base in cls.__mro__ if base.__doc__)
    return " ".join(text.split("\n\n")[0].split())


def _problem(cls: type[Exception], detail: str) -> Problem:
    presentation = next((_PRESENTATIONS[base] for base in cls.__mro__ if base in _PRESENTATIONS), _INTERNAL_ERROR)
    name = cls.__name__ if presentation is not _INTERNAL_ERROR else "InternalError"
    return Problem(
        problem_type(name),
        problem_title(name),
        presentation.status,
        presentation.detail or detail,
        presentation.headers,
    )


def _problem_of_http_error(error: HTTPException) -> Problem:
    phrase = HTTPStatus(error.status_code).phrase
    name, meaning = _HTTP_ERRORS.get(error.status_code, ("InternalError", _INTERNAL_ERROR.detail or ""))
    detail = meaning if error.detail in {"", phrase} or name == "InternalError" else error.detail
    members = {"errors": error.extra} if isinstance(error, ValidationException) and error.extra else {}
    headers = dict(error.headers or {})
    return Problem(problem_type(name), problem_title(name), error.status_code, detail, headers, members)

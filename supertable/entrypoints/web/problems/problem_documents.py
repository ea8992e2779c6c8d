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
from supertable.entrypoints.web.problems.presentations import INTERNAL_ERROR, presentation_of

_LOG = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
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
    entries[internal] = _entry(internal, "Internal error", 500, INTERNAL_ERROR.detail or "")
    return [entries[name] for name in sorted(entries)]


def _entry(type_: str, title: str, status: int, meaning: str) -> dict[str, Any]:
    return {"type": type_, "title": title, "status": status, "meaning": meaning}


def _meaning(cls: type) -> str:
    """The first paragraph of the class's docstring, or of the nearest base class that has one."""
    text = next(base.__doc__ for base in cls.__mro__ if base.__doc__)
    return " ".join(text.split("\n\n")[0].split())


def _problem(cls: type[Exception], detail: str) -> Problem:
    presentation = presentation_of(cls)
    name = cls.__name__ if presentation is not INTERNAL_ERROR else "InternalError"
    return Problem(
        problem_type(name),
        problem_title(name),
        presentation.status,
        presentation.detail or detail,
        presentation.headers,
    )


def _problem_of_http_error(error: HTTPException) -> Problem:
    phrase = HTTPStatus(error.status_code).phrase
    name, meaning = _HTTP_ERRORS.get(error.status_code, ("InternalError", INTERNAL_ERROR.detail or ""))
    detail = meaning if error.detail in {"", phrase} or name == "InternalError" else error.detail
    members = {"errors": error.extra} if isinstance(error, ValidationException) and error.extra else {}
    headers = dict(error.headers or {})
    return Problem(problem_type(name), problem_title(name), error.status_code, detail, headers, members)

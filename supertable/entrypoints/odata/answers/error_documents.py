"""The one place where errors become OData's error documents (OData JSON Format 4.01, 21).

They say what problem documents say, under the same statuses.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.answers.answer import Document
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.requests.protocol import version_of
from supertable.entrypoints.web.observability import metrics
from supertable.entrypoints.web.problems.problem_documents import Problem, problem_of

_LOG = logging.getLogger(__name__)
_CONTENT_TYPE = "application/json;charset=utf-8"
_SIGN_IN = {"WWW-Authenticate": 'Basic realm="SuperTable", charset="UTF-8"'}


def error_document(error: Exception, version: str) -> Document:
    """The answer for an error. Server errors are logged. `version`: of the protocol."""
    problem = problem_of(HTTPException(str(error), status_code=501) if isinstance(error, NotSupported) else error)
    if problem.status >= 500 and problem.status != 501:
        _LOG.error("a request failed", exc_info=error)
    metrics.PROBLEMS.labels(problem.type).inc()
    headers = {**problem.headers, **(_SIGN_IN if problem.status == 401 else {}), "OData-Version": version}
    return Document(_body(problem), _CONTENT_TYPE, problem.status, headers)


def error_response(request: Request[Any, Any, State], error: Exception) -> Response[bytes]:
    """The response for an error that the service raised."""
    found = error_document(error, _version(request))
    headers = {**found.headers, "content-type": found.content_type}
    return Response(found.body, status_code=found.status, headers=headers)


def _body(problem: Problem) -> bytes:
    code = problem.type.rpartition("/")[2]
    return msgspec.json.encode({"error": {"code": code, "message": problem.detail}})


def _version(request: Request[Any, Any, State]) -> str:
    try:
        return version_of({name.lower(): value for name, value in request.headers.items()})
    except InvalidInput:
        return "4.0"

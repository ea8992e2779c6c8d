"""The media types of results."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException

from supertable.entrypoints.encoding.results import Encoding

RESULT_ENCODINGS = {
    "application/json": Encoding.JSON,
    "application/x-ndjson": Encoding.NDJSON,
    "text/csv": Encoding.CSV,
    "application/vnd.apache.parquet": Encoding.PARQUET,
    "application/vnd.apache.arrow.stream": Encoding.ARROW,
}
"""The encoding of results by media type."""


def negotiated_media_type(request: Request[Any, Any, Any]) -> str:
    """The media type of the response by `Accept`; JSON if any will do. Raises 406."""
    found = request.accept.best_match(list(RESULT_ENCODINGS))
    if found is None:
        known = ", ".join(RESULT_ENCODINGS)
        raise HTTPException(f"`Accept` must allow one of {known}.", status_code=406)
    return found

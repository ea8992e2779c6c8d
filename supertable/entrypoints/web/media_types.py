"""The formats of results, by their names in `Accept`."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException

from supertable.entrypoints.encoding.results import Encoding

MEDIA_TYPES = {
    "application/json": Encoding.JSON,
    "application/x-ndjson": Encoding.NDJSON,
    "text/csv": Encoding.CSV,
    "application/vnd.apache.parquet": Encoding.PARQUET,
    "application/vnd.apache.arrow.stream": Encoding.ARROW,
}


def accepted(request: Request[Any, Any, Any]) -> str:
    """The media type to answer with: JSON where any will do. Raises 406."""
    found = request.accept.best_match(list(MEDIA_TYPES))
    if found is None:
        known = ", ".join(MEDIA_TYPES)
        raise HTTPException(f"Results come as {known}; `Accept` asks for none of these.", status_code=406)
    return found

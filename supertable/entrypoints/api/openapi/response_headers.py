"""The descriptions of response headers."""

from __future__ import annotations

from litestar.datastructures import ResponseHeader

ETAG_HEADER = ResponseHeader(
    name="ETag",
    documentation_only=True,
    description="The tag of the returned state. Send it as `If-Match` to change exactly this state.",
)
LOCATION_HEADER = ResponseHeader(
    name="Location", documentation_only=True, description="The address of the resource that was created."
)

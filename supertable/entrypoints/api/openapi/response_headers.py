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
VERSIONS_HEADER = "X-Supertable-Versions"
NEXT_CURSOR_HEADER = "X-Supertable-Next-Cursor"
ENGINE_HEADER = "X-Supertable-Engine"
ENGINE_REASON_HEADER = "X-Supertable-Engine-Reason"
VERSIONS = ResponseHeader(
    name=VERSIONS_HEADER, documentation_only=True, description="The versions that were read, by table name, as JSON."
)
ENGINE = ResponseHeader(
    name=ENGINE_HEADER, documentation_only=True, description="The engine that read the rows, such as `lite`."
)
ENGINE_REASON = ResponseHeader(
    name=ENGINE_REASON_HEADER, documentation_only=True, description="Why that engine read them, in sentences."
)
NEXT_CURSOR = ResponseHeader(
    name=NEXT_CURSOR_HEADER,
    documentation_only=True,
    description="The cursor of the next page, for formats other than JSON. It is absent on the last page.",
)

"""Whether the service can answer. Open to anyone, so it tells nothing but that."""

from __future__ import annotations

from litestar import MediaType, get


@get("/healthz", media_type=MediaType.TEXT, sync_to_thread=True)
def healthz() -> str:
    return "ok"

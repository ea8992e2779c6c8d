"""The scripts, styles and images of a package, read once. Browsers ask each time whether they have changed."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def static_files(package: str) -> HTTPRouteHandler:
    """`/static/{name}`: the files in the folder `static` of `package`, and nothing else."""
    found = {
        file.name: (file.read_bytes(), _MEDIA_TYPES[suffix])
        for file in (files(package) / "static").iterdir()
        if (suffix := "." + file.name.rpartition(".")[2]) in _MEDIA_TYPES
    }
    tags = {name: f'"{hashlib.sha256(content).hexdigest()[:32]}"' for name, (content, _) in found.items()}

    @get("/static/{name:str}", include_in_schema=False, sync_to_thread=False)
    def static_file(request: Request[Any, Any, State], name: FromPath[str]) -> Response[bytes]:
        if name not in found:
            raise NotFoundException
        headers = {"Cache-Control": "no-cache", "ETag": tags[name]}
        if request.headers.get("If-None-Match") == tags[name]:
            return Response(b"", status_code=304, headers=headers)
        content, media_type = found[name]
        return Response(content, media_type=media_type, headers=headers)

    return static_file

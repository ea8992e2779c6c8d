"""From a request to the resource that answers it."""

from __future__ import annotations

from litestar.exceptions import HTTPException

from supertable.config.container import Container
from supertable.domain.errors import NotFound
from supertable.entrypoints.odata.answers.answer import Answer
from supertable.entrypoints.odata.model.entity_sets import entity_sets
from supertable.entrypoints.odata.requests.incoming import Incoming
from supertable.entrypoints.odata.requests.protocol import version_of
from supertable.entrypoints.odata.resources.addresses import located
from supertable.entrypoints.odata.resources.service_documents import metadata_document, service_document

_READING = frozenset({"GET", "HEAD"})
_READ_ONLY = "This service only reads. Nothing was changed; write with the REST API, SQL or Python."
_NOT_SUPPORTED = frozenset({"$all", "$crossjoin", "$entity"})


def answer(container: Container, request: Incoming) -> Answer:
    """The answer to one request, which may read tables. Raises what becomes an error document."""
    version_of(request.headers)
    require_reading(request.method)
    namespace, root, segments = located(container, request)
    if not segments:
        request.options.require_only((), "the service document")
        return service_document(request, root, [each.type for each in entity_sets(container, namespace)])
    first = segments[0]
    if first == "$metadata" and len(segments) == 1:
        request.options.require_only((), "$metadata")
        sets = entity_sets(container, namespace)
        return metadata_document(request, namespace.supertable, [each.type for each in sets])
    if first.partition("(")[0] in _NOT_SUPPORTED:
        raise HTTPException(f"`{first.partition('(')[0]}` is not supported.", status_code=501)
    raise NotFound(f"There is no resource {first[:80]!r}.")


def require_reading(method: str) -> None:
    """Raises 405 for methods that would change something."""
    if method not in _READING:
        raise HTTPException(_READ_ONLY, status_code=405, headers={"Allow": "GET, HEAD"})

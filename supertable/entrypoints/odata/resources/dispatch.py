"""From a request to the resource that answers it."""

from __future__ import annotations

from functools import partial

from litestar.exceptions import HTTPException

from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.domain.errors import InvalidInput, NotFound
from supertable.entrypoints.odata.answers.answer import Answer
from supertable.entrypoints.odata.batches.batch import batch_answer, is_batch
from supertable.entrypoints.odata.model.entity_sets import entity_sets
from supertable.entrypoints.odata.requests.incoming import Incoming, with_query_of_body
from supertable.entrypoints.odata.requests.protocol import version_of
from supertable.entrypoints.odata.resources.addresses import located
from supertable.entrypoints.odata.resources.collections import collection, count_of
from supertable.entrypoints.odata.resources.connection_files import FILES
from supertable.entrypoints.odata.resources.entities import entity, property_of
from supertable.entrypoints.odata.resources.reading import Reading, reading
from supertable.entrypoints.odata.resources.service_documents import metadata_document, service_document

_READING = frozenset({"GET", "HEAD"})
_READ_ONLY = "This service only reads. Nothing was changed; write with the REST API, SQL or Python."
_NOT_SUPPORTED = frozenset({"$all", "$crossjoin", "$entity"})


def answer(container: Container, request: Incoming) -> Answer:
    """The answer to one request, which may read tables. Raises what becomes an error document."""
    version_of(request.headers)
    if is_batch(request):
        return batch_answer(request, partial(answer, container))
    request = with_query_of_body(request)
    require_reading(request.method)
    namespace, root, segments = located(container, request)
    first, *path = segments or [""]
    if not path and first in ("", "$metadata", *FILES):
        request.options.require_only((), first or "the service document")
        return _of_supertable(container, namespace, root, request, first)
    name, key = _set_and_key(first)
    if name in _NOT_SUPPORTED:
        raise HTTPException(f"`{name}` is not supported.", status_code=501)
    return _of_set(reading(container, namespace, root, request, name), key, path)


def _of_supertable(container: Container, namespace: Namespace, root: str, request: Incoming, name: str) -> Answer:
    entities = [each.type for each in entity_sets(container, namespace)]
    if name == "$metadata":
        return metadata_document(request, namespace.supertable, entities)
    if name:
        return FILES[name](root, namespace.supertable, entities)
    return service_document(request, root, entities)


def require_reading(method: str) -> None:
    """Raises 405 for methods that would change something."""
    if method not in _READING:
        raise HTTPException(_READ_ONLY, status_code=405, headers={"Allow": "GET, HEAD"})


def _require_isolation(wanted: Reading) -> None:
    """Raises 412 for an isolation that is not kept. All pages of a table are of one version; views have none."""
    headers = wanted.request.headers
    asked = headers.get("odata-isolation") or headers.get("isolation")
    if asked is None or (asked.strip().lower() == "snapshot" and wanted.entities.version is not None):
        return
    raise HTTPException("This isolation is not kept: tables have `snapshot`, views none.", status_code=412)


def _of_set(wanted: Reading, key: str, path: list[str]) -> Answer:
    """What a path within an entity set answers. `key`: empty: no entity is named."""
    _require_isolation(wanted)
    if key:
        return property_of(wanted, key, path) if path else entity(wanted, key)
    if not path:
        return collection(wanted)
    if path == ["$count"]:
        return count_of(wanted)
    if path[0].startswith("$"):
        raise HTTPException(f"`{path[0][:80]}` is not supported here.", status_code=501)
    raise NotFound(
        f"There is no resource {path[0][:80]!r} of an entity set. An entity is {wanted.entities.type.name}(key)."
    )


def _set_and_key(segment: str) -> tuple[str, str]:
    """The name of the entity set, and the text between the parentheses after it."""
    name, opening, rest = segment.partition("(")
    if not opening:
        return name, ""
    if not rest.endswith(")"):
        raise InvalidInput(f"The address has an opening parenthesis without its closing one: {segment[:80]!r}.")
    return name, rest.removesuffix(")").strip()

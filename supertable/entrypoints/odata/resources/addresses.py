"""Which supertable and which resource of it an address names."""

from __future__ import annotations

from supertable.application.tables.namespace import Namespace
from supertable.application.tables.supertables import is_name
from supertable.config.container import Container
from supertable.domain.errors import NotFound
from supertable.domain.names import DEFAULT_SUPERTABLE
from supertable.entrypoints.odata.requests.incoming import Incoming


def located(container: Container, request: Incoming) -> tuple[Namespace, str, list[str]]:
    """The supertable, the address of its service with a slash at the end, and the segments after that.

    The first segment is a supertable if the caller sees one of that name, else a resource of the default one, whose
    tables are under its name too: `/odata/main/orders`.
    """
    first, *rest = request.segments or [""]
    session = request.session
    if is_name(first):
        namespace = Namespace(session.organization, first, session)
        if _exists(container, namespace):
            return namespace, f"{request.base}/{first}/", rest
    default = Namespace(session.organization, DEFAULT_SUPERTABLE, session)
    return default, f"{request.base}/", [first, *rest] if first else rest


def _exists(container: Container, namespace: Namespace) -> bool:
    try:
        container.list_supertables().one(namespace)
    except NotFound:
        return False
    return True

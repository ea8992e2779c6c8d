"""What the resources of a table share: the table, the request, and small reads of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pyarrow as pa
from litestar.exceptions import HTTPException

from supertable.application.ports.engines.running_queries import Limits
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.domain.errors import VersionNotFound
from supertable.entrypoints.odata.model.entity_sets import EntitySet, entity_set, entity_set_at
from supertable.entrypoints.odata.requests.incoming import Incoming
from supertable.entrypoints.odata.requests.protocol import Protocol, json_protocol, version_of
from supertable.entrypoints.odata.sql.entity_query import EntityQuery, QueryOptions
from supertable.entrypoints.web.observability import metrics

DATA_OPTIONS = ("filter", "search", "apply", "compute")
GONE = "The version that this link reads was removed since by a vacuum. Start again without the link."


@dataclass(frozen=True, slots=True)
class Reading:
    """A request for something in an entity set. `root`: the address of its service, with a slash at its end."""

    container: Container
    namespace: Namespace
    root: str
    request: Incoming
    entities: EntitySet

    @property
    def protocol(self) -> Protocol:
        return json_protocol(self.request.headers, self.request.options.get("format"))

    @property
    def version_headers(self) -> dict[str, str]:
        """Of answers that are not JSON too."""
        return {"OData-Version": version_of(self.request.headers)}

    @property
    def limits(self) -> Limits:
        return Limits(None, self.container.settings().query_timeout_seconds)

    def options(self, allowed: Iterable[str], what: str) -> QueryOptions:
        """The options that choose rows and columns. Raises `InvalidInput` for others."""
        given = self.request.options
        given.require_only(allowed, what)
        return QueryOptions(
            filter=given.get("filter"),
            orderby=given.get("orderby"),
            select=given.get("select"),
            search=given.get("search"),
            apply=given.get("apply"),
            compute=given.get("compute"),
            top=given.number("top"),
            skip=given.number("skip"),
            count=given.flag("count"),
            aliases=given.aliases,
        )

    def at(self, version: int | None) -> Reading:
        """The same, at an earlier version. Raises 410 if it was removed."""
        if version is None or version == self.entities.version:
            return self
        try:
            return replace(self, entities=entity_set_at(self.container, self.namespace, self.entities, version))
        except VersionNotFound:
            raise HTTPException(GONE, status_code=410) from None

    def rows(self, query: EntityQuery, most: int | None = None) -> pa.Table:
        """All rows of a query, which must be few. `most`: more are an error."""
        run_query = self.container.run_query()
        prepared = run_query.prepare(self.namespace, query.sql, query.parameters)
        running = run_query.run(prepared, query.parameters, Limits(most, self.limits.timeout_seconds))
        outcome = "failed"
        try:
            found = running.reader.read_all()
            outcome = "done"
        finally:
            running.close()
            metrics.QUERIES.labels(outcome).inc()
        metrics.ROWS.inc(found.num_rows)
        return found


def reading(container: Container, namespace: Namespace, root: str, request: Incoming, name: str) -> Reading:
    """Raises `NotFound` for an entity set that the caller does not see."""
    return Reading(container, namespace, root, request, entity_set(container, namespace, name))

"""Delta links: what has changed in a collection since it was read (OData Protocol 4.01, 11.3).

The last page of a collection has the link if the client prefers `track-changes` and the table has a key that the caller
sees. It leads to the entities that changed since, and at the end to the next delta link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from litestar.exceptions import HTTPException

from supertable.application.ports.engines.running_queries import Limits
from supertable.application.queries.result_batches import small_batches
from supertable.application.queries.run_query import RunQuery
from supertable.application.tables.namespace import Namespace
from supertable.domain.errors import InvalidInput, VersionNotFound
from supertable.entrypoints.encoding.results import Piece, split_into_parts
from supertable.entrypoints.encoding.values import value_text
from supertable.entrypoints.odata.answers.answer import Rows
from supertable.entrypoints.odata.answers.control_information import (
    address_members,
    context,
    entity_start,
    written_columns,
)
from supertable.entrypoints.odata.answers.entity_ids import entity_ids
from supertable.entrypoints.odata.answers.entity_rows import Layout
from supertable.entrypoints.odata.answers.json_texts import text_bytes
from supertable.entrypoints.odata.model.entity_types import EntityType
from supertable.entrypoints.odata.requests.page_tokens import PageToken, decoded_token, encoded_token
from supertable.entrypoints.odata.requests.protocol import Metadata, Protocol
from supertable.entrypoints.odata.resources.reading import GONE, Reading
from supertable.entrypoints.odata.sql.delta_query import DeltaQuery, delta_query
from supertable.entrypoints.odata.sql.entity_query import QueryOptions, matching
from supertable.entrypoints.odata.sql.pages.orders import Position
from supertable.entrypoints.web.responses.query_source import QuerySource

_ROWS_AT_A_TIME = 8_192
_OPTIONS = ("filter", "search", "select", "orderby", "count", "deltatoken")


def can_be_tracked(reading: Reading, options: QueryOptions) -> bool:
    """Whether the changes of the collection can be told: its entities have keys, and it is not cut or aggregated."""
    cut = (options.top, options.skip, options.apply, options.compute)
    return bool(reading.entities.type.key) and all(each is None for each in cut)


def delta_link(reading: Reading, token: PageToken, version: int) -> dict[str, Any]:
    """The link to what changes after `version`, as a member."""
    following = PageToken(None, token.page_rows, None, None, True, version)
    text = encoded_token(reading.request, reading.entities, following)
    link = reading.request.address(skiptoken=None, deltatoken=text)
    return {reading.protocol.control("deltaLink"): link}


def delta(reading: Reading) -> Rows:
    """A page of what changed. Raises 410 if a version that it needs was removed."""
    options = reading.options(_OPTIONS, "a delta link")
    text = reading.request.options.get("deltatoken") or ""
    token = decoded_token(reading.request, reading.entities, text)
    newest = token.version or reading.entities.version
    if token.since is None or newest is None:
        raise InvalidInput("The link is no delta link. Start again without it.")
    reading = reading.at(newest)
    return Rows(_source(reading, options, token, newest), reading.protocol.content_type)


def _source(reading: Reading, options: QueryOptions, token: PageToken, newest: int) -> _DeltaRows:
    entity, protocol = reading.entities.type, reading.protocol
    assert token.since is not None
    chosen = _with_key(entity, options)
    try:
        earlier = reading.at(token.since).entities.type
        before = matching(earlier, _only_key(entity, options), token.since, "b")
    except InvalidInput:  # a column of the filter is younger: then nothing matched
        before = matching(entity, _only_key(entity, options), newest, "b")
    if isinstance(token.position, Position):
        raise InvalidInput("The link is no delta link. Start again without it.")
    now = matching(entity, chosen, newest)
    query = delta_query(entity, before, now, (token.since, newest), token.position, token.page_rows + 1)
    names = f"({','.join(each.name for each in now.columns)})" if options.select else ""
    before_rows = context(protocol, reading.root, f"{entity.name}{names}/$delta")
    start = entity_start(protocol, entity)
    layout = Layout(
        written_columns(protocol, entity, now.columns),
        before_rows,
        start,
        protocol.exact_numbers,
        protocol.headers,
        partial(address_members, protocol, entity, reading.root, now.columns),
    )

    def end(last: list[str] | None) -> Mapping[str, Any]:
        if last is None:
            return delta_link(reading, token, newest)
        following = PageToken(newest, token.page_rows, None, last, True, token.since)
        link = reading.request.address(deltatoken=encoded_token(reading.request, reading.entities, following))
        return {protocol.control("nextLink"): link}

    look = _Look(entity, protocol, layout, reading.root, token.page_rows)
    return _DeltaRows(reading.container.run_query(), reading.namespace, query, reading.limits, look, end)


def _with_key(entity: EntityType, options: QueryOptions) -> QueryOptions:
    """The same properties with those of the key first."""
    names = options.select.split(",") if options.select else ["*"]
    rest = [each.name for each in entity.properties] if "*" in [name.strip() for name in names] else names
    chosen = [*entity.key, *(name.strip() for name in rest if name.strip() not in entity.key)]
    return QueryOptions(filter=options.filter, search=options.search, select=",".join(chosen), aliases=options.aliases)


def _only_key(entity: EntityType, options: QueryOptions) -> QueryOptions:
    chosen = ",".join(entity.key)
    return QueryOptions(filter=options.filter, search=options.search, select=chosen, aliases=options.aliases)


@dataclass(frozen=True, slots=True)
class _Look:
    """How a delta is written. `rows`: of a page."""

    entity: EntityType
    protocol: Protocol
    layout: Layout
    root: str
    rows: int


_End = Callable[[list[str] | None], Mapping[str, Any]]
"""The members after the entities, by the key of the last one; None: nothing follows."""


class _DeltaRows(QuerySource):
    """A page of changed and removed entities."""

    def __init__(
        self,
        run_query: RunQuery,
        namespace: Namespace,
        query: DeltaQuery,
        limits: Limits,
        look: _Look,
        end: _End,
    ) -> None:
        super().__init__(run_query, namespace, query.sql, query.parameters, limits)
        self._query = query
        self._look = look
        self._end = end

    @property
    def arrow(self) -> bool:
        return False

    def headers(self) -> Mapping[str, str]:
        return self._look.layout.headers

    def pieces(self) -> Iterator[Piece]:
        try:
            yield from super().pieces()
        except VersionNotFound:
            raise HTTPException(GONE, status_code=410) from None

    def encode(self, reader: pa.RecordBatchReader) -> Iterator[Piece]:
        look, rows, cut = self._look, 0, 2
        last: list[str] | None = None
        last_key: list[str] = []
        members = look.layout.before
        before = msgspec.json.encode(members)[:-1] + (b"," if members else b"") + b'"value":['
        for batch in small_batches(reader, _ROWS_AT_A_TIME):
            part = batch.slice(0, look.rows - rows)
            if part.num_rows:
                data = b"".join(self._texts(part))
                yield split_into_parts([before, data[cut:]])
                before, cut, rows = b"", 0, rows + part.num_rows
                key = part.columns[2 : 2 + len(self._query.key)]
                last_key = [value_text(column.slice(part.num_rows - 1, 1)) or "" for column in key]
            if part.num_rows < batch.num_rows:
                last = last_key
                break
        end = self._end(last)
        yield [before + b"\n]," + msgspec.json.encode(end)[1:-1] + b"}\n"]

    def _texts(self, batch: pa.RecordBatch) -> Iterator[bytes]:
        """The entities that match, and then those that were removed; each with a comma before it."""
        count = len(self._query.key)
        shown = batch.filter(batch.column(1))
        if shown.num_rows:
            yield bytes(text_bytes(self._look.layout.texts(shown.columns[2 + count :])))
        removed = batch.filter(pc.invert(batch.column(1)))
        if removed.num_rows:
            keys = entity_ids(self._look.entity, self._query.key, removed.columns[2 : 2 + count])
            for id_, exists in zip(keys, removed.column(0).to_pylist(), strict=True):
                yield b",\n" + msgspec.json.encode(self._removed(id_, "changed" if exists else "deleted"))

    def _removed(self, id_: str, reason: str) -> Mapping[str, Any]:
        """As 4.0 has it, or as 4.01 does (OData JSON Format 4.01, 15.3)."""
        look = self._look
        if look.protocol.version != "4.0":
            return {"@removed": {"reason": reason}, "@id": look.root + id_}
        named = {"@odata.context": f"{look.root}$metadata#{look.entity.name}/$deletedEntity"}
        shown: Mapping[str, Any] = {} if look.protocol.metadata is Metadata.NONE else named
        return {**shown, "id": look.root + id_, "reason": reason}

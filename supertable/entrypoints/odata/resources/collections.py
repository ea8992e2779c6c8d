"""`…/Orders`: the entities of a set in pages, all of the version of the first page. `…/Orders/$count`: their number."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.answers.answer import Answer, Document, Rows
from supertable.entrypoints.odata.answers.control_information import (
    address_members,
    context,
    entity_start,
    select_list,
    written_columns,
)
from supertable.entrypoints.odata.answers.entity_rows import EntityRows, Layout, PageRows
from supertable.entrypoints.odata.requests.page_tokens import PageToken, decoded_token, encoded_token
from supertable.entrypoints.odata.requests.preferences import DEFAULT_PAGE_ROWS, Preferences, preferences
from supertable.entrypoints.odata.resources.deltas import can_be_tracked, delta, delta_link
from supertable.entrypoints.odata.resources.reading import DATA_OPTIONS, Reading
from supertable.entrypoints.odata.resources.service_documents import has_match
from supertable.entrypoints.odata.sql.entity_query import EntityQuery, Page, QueryOptions, compose, count_query
from supertable.entrypoints.web.requests.etags import etag_of

_OPTIONS = (*DATA_OPTIONS, "select", "orderby", "top", "skip", "count", "skiptoken")
_TEXT = "text/plain;charset=utf-8"


def collection(reading: Reading) -> Answer:
    """A page of the entities, streamed."""
    if reading.request.options.get("deltatoken") is not None:
        return delta(reading)
    options = reading.options(_OPTIONS, "an entity set")
    preferred = preferences(reading.request.headers)
    token = _token(reading, options, preferred)
    reading = reading.at(token.version)
    headers = _headers(reading, preferred, token)
    if "ETag" in headers and has_match(reading.request, headers["ETag"]):
        return Document(status=304, headers=headers)
    size = token.page_rows if token.left is None else min(token.page_rows, token.left)
    entity, protocol = reading.entities.type, reading.protocol
    if isinstance(token.position, list):
        raise InvalidInput("The link belongs to a delta. Start again without it.")
    query = compose(entity, options, token.version, Page(size, token.position))
    layout = Layout(
        written_columns(protocol, entity, query.columns),
        {**context(protocol, reading.root, _fragment(reading, options, query)), **_count(reading, options, token)},
        "" if options.apply else entity_start(protocol, entity),
        protocol.exact_numbers,
        headers,
        _no_addresses if options.apply else partial(address_members, protocol, entity, reading.root, query.columns),
    )

    def end(page: PageRows, is_last: bool) -> Mapping[str, Any]:
        left = None if token.left is None else token.left - page.rows
        if is_last or left == 0:
            return delta_link(reading, token, token.version) if token.tracks and token.version else {}
        following = PageToken(
            token.version, token.page_rows, left, query.position_after(page.last_values(), page.rows), token.tracks
        )
        link = reading.request.address(skiptoken=encoded_token(reading.request, reading.entities, following))
        return {protocol.control("nextLink"): link}

    run_query = reading.container.run_query()
    source = EntityRows(run_query, reading.namespace, query, reading.limits, size, layout, end)
    return Rows(source, protocol.content_type)


def _no_addresses(_: object) -> None:
    """Groups are no entities."""


def count_of(reading: Reading) -> Document:
    """The number of entities as text, whatever the client accepts (OData URL Conventions 4.01, 4.8)."""
    options = reading.options(DATA_OPTIONS, "$count")
    number = _number(reading, options, reading.entities.version)
    return Document(str(number).encode(), _TEXT, headers=reading.version_headers)


def _count(reading: Reading, options: QueryOptions, token: PageToken) -> dict[str, Any]:
    if not options.count:
        return {}
    number = _number(reading, options, token.version)
    return {reading.protocol.control("count"): str(number) if reading.protocol.exact_numbers else number}


def _number(reading: Reading, options: QueryOptions, version: int | None) -> int:
    found: int = reading.rows(count_query(reading.entities.type, options, version), 1).column(0)[0].as_py()
    return found


def _token(reading: Reading, options: QueryOptions, preferred: Preferences) -> PageToken:
    """Where the page begins. Raises `InvalidInput` for the token of something else."""
    text = reading.request.options.get("skiptoken")
    if text is not None:
        return decoded_token(reading.request, reading.entities, text)
    rows = preferred.page_rows or DEFAULT_PAGE_ROWS
    tracks = preferred.track_changes and can_be_tracked(reading, options)
    return PageToken(reading.entities.version, rows, options.top, None, tracks)


def _headers(reading: Reading, preferred: Preferences, token: PageToken) -> dict[str, str]:
    given = reading.request.options
    headers = {**reading.protocol.headers, **preferred.applied(reading.protocol.version, token.tracks)}
    text = " ".join(given.values.values()).lower()
    if reading.entities.is_whole and "now" not in text:
        tag = etag_of(
            reading.entities.table.entry.table_id, token.version, given.pairs, str(reading.protocol), token.page_rows
        )
        headers["ETag"] = f"W/{tag}"
    return headers


def _fragment(reading: Reading, options: QueryOptions, query: EntityQuery) -> str:
    chosen = bool(options.select or options.apply or options.compute)
    return reading.entities.type.name + select_list(query.columns, chosen)

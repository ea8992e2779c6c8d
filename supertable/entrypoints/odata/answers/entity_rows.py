"""The entities of a collection as JSON, streamed: the next link comes last, when the end of the page is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pyarrow as pa

from supertable.application.ports.engines.running_queries import Limits
from supertable.application.queries.result_batches import small_batches
from supertable.application.queries.run_query import RunQuery
from supertable.application.tables.namespace import Namespace
from supertable.entrypoints.encoding.results import Piece, split_into_parts
from supertable.entrypoints.odata.answers.json_texts import Column, row_texts, text_bytes
from supertable.entrypoints.odata.sql.entity_query import EntityQuery
from supertable.entrypoints.web.responses.query_source import QuerySource

_ROWS_AT_A_TIME = 8_192
MOST_PAGE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Layout:
    """How a collection is written. `before`: its members before the entities, but for the braces; `start`: the members
    that each entity begins with. `exact`: see `row_texts`. `headers`: of the answer. `own`: further members of each
    entity, by its values."""

    columns: Sequence[Column]
    before: Mapping[str, Any]
    start: str = ""
    exact: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    own: Callable[[Sequence[pa.Array]], pa.Array | None] = lambda _: None

    def texts(self, arrays: Sequence[pa.Array]) -> pa.Array:
        """The entities as `row_texts` writes them."""
        return row_texts(arrays, self.columns, self.exact, self.start, self.own(arrays))


class PageRows:
    """The rows of a page that were sent: their number, and what is hidden of the last one."""

    def __init__(self) -> None:
        self.rows = 0
        self._last: pa.RecordBatch | None = None

    def add(self, hidden: pa.RecordBatch) -> None:
        self.rows += hidden.num_rows
        self._last = hidden

    def last_values(self) -> list[Any]:
        """The hidden values of the last row, which make up the position of the next page."""
        assert self._last is not None
        return [column[self._last.num_rows - 1].as_py() for column in self._last.columns]


End = Callable[[PageRows, bool], Mapping[str, Any]]
"""The members after the entities, by the rows of the page and whether it is the last."""


class EntityRows(QuerySource):
    """A page of a collection. It ends after `size` rows, or earlier if these are large."""

    def __init__(
        self,
        run_query: RunQuery,
        namespace: Namespace,
        query: EntityQuery,
        limits: Limits,
        size: int,
        layout: Layout,
        end: End,
    ) -> None:
        super().__init__(run_query, namespace, query.sql, query.parameters, limits)
        self._query = query
        self._size = size
        self._layout = layout
        self._end = end

    @property
    def arrow(self) -> bool:
        return False

    def headers(self) -> Mapping[str, str]:
        return self._layout.headers

    def encode(self, reader: pa.RecordBatchReader) -> Iterator[Piece]:
        shown, page, size, is_last = len(self._layout.columns), PageRows(), 0, True
        before = b"".join(
            (msgspec.json.encode(self._layout.before)[:-1], b"," if self._layout.before else b"", b'"value":[')
        )
        cut = 2
        for batch in small_batches(reader, _ROWS_AT_A_TIME):
            if not batch.num_rows:
                continue
            if page.rows == self._size or size > MOST_PAGE_BYTES:
                is_last = False
                break
            is_last = batch.num_rows <= self._size - page.rows
            batch = batch.slice(0, self._size - page.rows)
            page.add(batch.select(range(shown, batch.num_columns)))
            data = text_bytes(self._layout.texts(batch.columns[:shown]))
            yield split_into_parts([before, data[cut:]])
            size, before, cut = size + len(data), b"", 0
            if not is_last:
                break
        yield [before + b"\n]" + _members(self._end(page, is_last)) + b"}\n"]


def _members(members: Mapping[str, Any]) -> bytes:
    """The members of an object that has others before them."""
    return b"," + msgspec.json.encode(members)[1:-1] if members else b""

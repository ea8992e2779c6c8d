"""The cache of results: its bounds against a plain model, what is kept, and what keys tell apart."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import pyarrow as pa
import pytest

from supertable.application.ports.engines.engine import Engine
from supertable.application.ports.engines.parsed_statements import NOTHING_KNOWN
from supertable.application.ports.engines.running_queries import EncodedRows, Limits
from supertable.application.queries.engines import Chosen
from supertable.application.queries.kept_results.kept_queries import KeepingQuery, KeptQuery
from supertable.application.queries.kept_results.result_cache import LARGEST_SHARE, KeptRows, ResultCache, Space
from supertable.application.queries.kept_results.result_keys import ResultKey, _text_of_parameters
from supertable.application.queries.parameters import exact_parameters
from supertable.domain.errors import QueryCancelled, QueryTimeout, ResultTooLarge

CHOSEN = Chosen(cast("Engine", None), "")
BATCH = pa.record_batch({"a": pa.array(range(1_000), pa.int64())})
EMPTY = pa.record_batch({"a": pa.array([], pa.int64())})
BATCH_BYTES = 8_000 + 2 * 256
ENTRY_BYTES = 2_048 + 4 * len("Q00" + "[]")


def key_of(number: int) -> ResultKey:
    return ResultKey(f"Q{number:02}", NOTHING_KNOWN, None, "[]", ())


class Source:
    """A running query of some batches. `parts`: as an Arrow stream."""

    instead = ""

    def __init__(self, *batches: pa.RecordBatch, as_stream: bool = False) -> None:
        self.reader = pa.RecordBatchReader.from_batches(batches[0].schema, list(batches))
        self.is_closed = False
        self._as_stream = as_stream

    def encoded(self) -> Iterator[EncodedRows] | None:
        if not self._as_stream:
            return None
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.reader.schema) as writer:
            for batch in self.reader:
                writer.write_batch(batch)
        stream = sink.getvalue().to_pybytes()
        return iter([EncodedRows(0, [stream[:100], stream[100:500]]), EncodedRows(1, [stream[500:]])])

    def cancel(self) -> None: ...

    def close(self) -> None:
        self.is_closed = True


def read(cache: ResultCache, number: int, *batches: pa.RecordBatch) -> None:
    space = cache.space(key_of(number))
    if space is not None:
        query = KeepingQuery(Source(*batches), space, CHOSEN)
        query.reader.read_all()
        query.close()


def kept(cache: ResultCache) -> set[int]:
    return {number for number in range(100) if cache.find(key_of(number)) is not None}


@pytest.mark.parametrize("budget", [0, 1, ENTRY_BYTES * 8, 60_000, 100_000, 10**6], ids="{} bytes".format)
def test_a_random_history_against_a_plain_model(budget: int) -> None:
    """The model: a list of (number, bytes), the one used last at its end."""
    chance = random.Random(budget)
    cache, model = ResultCache(budget), list[tuple[int, int]]()
    for _ in range(2_000):
        number, batches = chance.randrange(30), chance.choice([0, 1, 1, 1, 2, 3, 12])
        found = cache.find(key_of(number))
        known = dict(model)
        assert (found is not None) is (number in known)
        if number in known:
            model.append(model.pop([one for one, _ in model].index(number)))
            continue
        read(cache, number, *([BATCH] * batches or [EMPTY]))
        size = ENTRY_BYTES + (batches * BATCH_BYTES or 2 * 256)
        steps = [ENTRY_BYTES, *([BATCH_BYTES] * batches or [2 * 256])]
        taken = 0
        for step in steps:
            taken += step
            if taken > budget // LARGEST_SHARE:
                break
            while sum(each for _, each in model) + taken > budget:
                model.pop(0)
        else:
            model.append((number, size))
        assert cache.bytes == sum(each for _, each in model) <= budget
        assert kept_in_order(cache) == [one for one, _ in model]


def kept_in_order(cache: ResultCache) -> list[int]:
    return [int(key.sql[1:]) for key in cache._kept]


def test_only_what_was_read_to_its_end_is_kept() -> None:
    cache = ResultCache(10**6)
    space = cache.space(key_of(1))
    assert space is not None
    query = KeepingQuery(Source(BATCH, BATCH), space, CHOSEN)
    query.reader.read_next_batch()
    query.reader.read_next_batch()
    assert (kept(cache), cache.bytes) == (set(), ENTRY_BYTES + 2 * BATCH_BYTES)
    query.close()
    query.close()
    assert (kept(cache), cache.bytes) == (set(), 0)


def test_rows_that_are_being_read_are_part_of_the_budget() -> None:
    budget = 8 * (ENTRY_BYTES + 3 * BATCH_BYTES)
    cache = ResultCache(budget)
    running = []
    for number in range(12):
        space = cache.space(key_of(number))
        if space is None:
            continue
        query = KeepingQuery(Source(*[BATCH] * 3), space, CHOSEN)
        query.reader.read_next_batch()
        query.reader.read_next_batch()
        running.append(query)
        assert cache.bytes <= budget
    for query in running:
        query.reader.read_all()
        query.close()
        assert cache.bytes <= budget
    assert kept(cache)


def test_a_release_while_the_last_rows_are_read_keeps_nothing() -> None:
    cache = ResultCache(10**6)
    space = cache.space(key_of(1))
    assert space is not None
    space.take(100)
    space.release()
    space.keep(BATCH.schema, [BATCH], CHOSEN)
    assert (kept(cache), cache.bytes) == (set(), 0)


def test_equal_queries_at_once_are_kept_once() -> None:
    cache = ResultCache(10**6)
    spaces = [cast("Space", cache.space(key_of(1))) for _ in range(3)]
    for space in spaces:
        query = KeepingQuery(Source(BATCH), space, CHOSEN)
        query.reader.read_all()
        query.close()
    assert (kept(cache), cache.bytes) == ({1}, ENTRY_BYTES + BATCH_BYTES)


@pytest.mark.parametrize(
    ("names", "is_kept"), [(["a", "b"], True), (["a", "a_1"], False), (["x_12"], False), (["a_1b"], True)]
)
def test_rows_that_an_engine_encoded(names: list[str], is_kept: bool) -> None:
    """Columns of the same name are numbered there, so that the names may not be those of the query."""
    cache = ResultCache(10**6)
    batch = pa.record_batch([pa.array(range(50))] * len(names), names=names)
    query = KeepingQuery(Source(batch, as_stream=True), cast("Space", cache.space(key_of(1))), CHOSEN)
    encoded = query.encoded()
    assert encoded is not None
    stream = b"".join(part for rows in encoded for part in rows.parts)
    query.close()
    assert pa.ipc.open_stream(stream).read_all() == pa.Table.from_batches([batch])
    found = cache.find(key_of(1))
    assert (found is not None) is is_kept
    if found is not None:
        assert pa.Table.from_batches(found.batches, found.schema) == pa.Table.from_batches([batch])
    assert bool(cache.bytes) is is_kept


def rows(limits: Limits) -> KeptQuery:
    return KeptQuery(KeptRows(BATCH.schema, (BATCH, BATCH), CHOSEN, 0), limits)


def test_kept_rows_keep_the_limits_of_a_run() -> None:
    assert rows(Limits(2_000)).reader.read_all().num_rows == 2_000
    query = rows(Limits(1_999))
    assert query.reader.read_next_batch().num_rows == 1_000
    with pytest.raises(ResultTooLarge):
        query.reader.read_next_batch()
    with pytest.raises(QueryTimeout):
        _ = rows(Limits(None, 0.0)).reader
    for stop in (KeptQuery.cancel, KeptQuery.close):
        query = rows(Limits())
        stop(query)
        with pytest.raises(QueryCancelled):
            _ = query.reader
        query = rows(Limits())
        query.reader.read_next_batch()
        stop(query)
        with pytest.raises(QueryCancelled):
            query.reader.read_next_batch()


DIFFERENT: list[Any] = [
    (), [None], [1], [1.0], [True], [Decimal(1)], [Decimal("1.0")], ["1"], [b"1"], [0], [0.0], [-0.0], [False],
    ["None"],
    [float("nan")], [float("inf")], [date(2024, 1, 1)], [datetime(2024, 1, 1)], [datetime(2024, 1, 1, tzinfo=UTC)],
    ["2024-01-01"], [time(0)], [timedelta(0)], [timedelta(days=1)], [UUID(int=1)], [[1]], [[1.0]], [["1"]], [[]],
    [{"a": 1}], [{"a": 1.0}], [{"b": 1}], [{"a": 1, "b": 1}], [{"b": 1, "a": 1}], {"a": 1}, {"a": 1.0}, {"b": 1},
    [1, 1],
    [10**30], [1e30], ["1', '2"], ["1", "2"],
]  # fmt: skip


def test_parameters_of_other_types_are_other_parameters() -> None:
    texts = [_text_of_parameters(exact_parameters(one)) for one in DIFFERENT]
    assert None not in texts
    assert len(set(texts)) == len(DIFFERENT)
    assert _text_of_parameters({"a": 1, "b": 2}) == _text_of_parameters({"b": 2, "a": 1})


class Disguised(date):
    def __repr__(self) -> str:
        return "datetime.date(2024, 1, 1)"


def test_values_of_unknown_types_are_not_kept() -> None:
    for value in (Disguised(2025, 1, 1), [Disguised(2025, 1, 1)], {"a": Disguised(2025, 1, 1)}):
        assert _text_of_parameters([value]) is None
        assert _text_of_parameters({"x": value}) is None


def test_every_part_of_a_key_counts() -> None:
    key = key_of(1)
    others = [replace(key, parameters="[1]"), replace(key, relations=((0, "f", 1, "c", "t", ""),))]
    others.append(replace(key, relations=((0, "f", 1, "c", "t", "(seen)"),)))
    cache = ResultCache(10**6)
    read(cache, 1, BATCH)
    assert cache.find(key) is not None
    assert [cache.find(other) for other in others] == [None, None, None]

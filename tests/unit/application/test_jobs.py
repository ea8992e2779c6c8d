"""The state of a job, its objects in the store, and reading parts of its result."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pyarrow as pa
import pytest

from supertable.adapters.codecs.json_documents import JsonDocument
from supertable.adapters.object_stores.memory import InMemoryObjectStore
from supertable.application.jobs.job_results import CHUNK_BYTES, CHUNK_ROWS, JobResults
from supertable.application.jobs.job_runner import JobRun, JobStopped
from supertable.domain.access.sessions import Session
from supertable.domain.errors import QueryTimeout, StoredResultTooLarge
from supertable.domain.jobs import (
    LOST_SECONDS,
    Chunk,
    End,
    Heartbeat,
    Job,
    JobError,
    JobKind,
    JobState,
    Outcome,
    Progress,
    QueryRequest,
    TableRead,
    is_expired,
    status_of,
)
from supertable.domain.storage_layout import beat_key, job_folder, job_of, result_key

USER, ID = "a" * 32, "0" * 32
JOB = Job(ID, JobKind.QUERY, "Acme", "main", USER, "someone", "Readers", 1_000)
NOW = 10_000_000_000
LOST = round(LOST_SECONDS * 1_000_000)


def ended(state: JobState, at_us: int) -> End:
    return End(state, at_us, None, Progress())


def test_the_state_of_a_job_follows_from_its_last_heartbeat_and_its_end() -> None:
    assert status_of(JOB, Heartbeat(NOW - LOST), None, NOW).state is JobState.QUEUED
    assert status_of(JOB, Heartbeat(NOW, started_at_us=5), None, NOW).state is JobState.RUNNING
    assert status_of(JOB, Heartbeat(NOW + 5 * LOST), None, NOW).state is JobState.QUEUED  # another machine's clock
    assert status_of(JOB, Heartbeat(NOW - LOST - 1, started_at_us=5), None, NOW).state is JobState.LOST
    assert status_of(JOB, None, None, NOW).state is JobState.LOST
    for state in JobState:
        assert status_of(JOB, Heartbeat(0), ended(state, 5), NOW).state is state
    assert [state for state in JobState if not state.over] == [JobState.QUEUED, JobState.RUNNING]


def test_a_lost_job_has_an_error_and_internal_errors_show_no_detail() -> None:
    lost = status_of(JOB, Heartbeat(0), None, NOW).error
    assert lost is not None
    assert lost.type == "JobInterrupted"
    assert status_of(JOB, Heartbeat(NOW), None, NOW).error is None
    assert JobError.of(QueryTimeout(3)) == JobError("QueryTimeout", "The query was stopped at its time limit of 3 s.")
    assert JobError.of(ValueError("a secret")) == JobError("", "")


@pytest.mark.parametrize(
    ("heartbeat", "end", "expired"),
    [
        (None, ended(JobState.SUCCEEDED, NOW - 60_000_000), False),
        (None, ended(JobState.SUCCEEDED, NOW - 60_000_001), True),
        (Heartbeat(NOW), None, False),
        (Heartbeat(NOW - LOST - 1), None, False),
        (Heartbeat(NOW - 61_000_000), None, True),
        (None, None, True),
    ],
)
def test_a_job_expires_when_it_has_been_over_for_the_time_that_jobs_are_kept(
    heartbeat: Heartbeat | None, end: End | None, expired: bool
) -> None:
    assert is_expired(status_of(JOB, heartbeat, end, NOW), 60, NOW) is expired


def test_a_job_belongs_to_one_user_under_one_role() -> None:
    assert JOB.belongs_to(Session("acme", USER, "a new name", "READERS"))
    assert not JOB.belongs_to(Session("acme", USER, "someone", "writers"))
    assert not JOB.belongs_to(Session("acme", "b" * 32, "someone", "readers"))
    assert not JOB.belongs_to(Session("other", USER, "someone", "readers"))


def test_only_keys_of_jobs_are_recognized_as_such() -> None:
    folder = job_folder("Acme", USER, ID)
    assert folder == f"acme/-/jobs/{USER}/{ID}"
    ours = [f"{folder}/job", f"{folder}/end", f"{folder}/cancel", result_key(folder, 999_999)]
    assert {job_of(key) for key in [*ours, beat_key("acme", USER, ID)]} == {(USER, ID)}
    foreign = [
        folder,
        f"{folder}/",
        f"{folder}/jobs",
        f"{folder}/job/x",
        f"{folder}/results/1.arrow",
        f"{beat_key('acme', USER, ID)}/job",
        f"acme/x/-/jobs/{USER}/{ID}/job",
        f"acme/-/jobs/{USER}/../job",
        f"acme/-/jobs/{USER.upper()}/{ID}/job",
        f"acme/-/jobs/{USER}/{ID}0/job",
        f"acme/-/jobs/{USER}/{ID}/job\n",
        f"acme/main/jobs/{USER}/{ID}/job",
    ]
    assert [key for key in foreign if job_of(key)] == []


def test_documents_are_decoded_to_what_was_encoded() -> None:
    request = QueryRequest("SELECT 'ä'", {"t": (1, 2)}, (TableRead("main", "1" * 32),), "x")
    job = Job(ID, JobKind.QUERY, "acme", "main", USER, "someone", "readers", 1, query=request)
    end = End(
        JobState.FAILED, 2, 1, Progress(3, None, "rows"), Outcome({"rows": 3}, (Chunk(3, 9),)), JobError("X", "why")
    )
    assert JsonDocument(Job).decode(JsonDocument(Job).encode(job)) == job
    assert JsonDocument(End).decode(JsonDocument(End).encode(end)) == end
    assert JsonDocument(Heartbeat).decode(JsonDocument(Heartbeat).encode(Heartbeat(1))) == Heartbeat(1)


def rows_of(count: int, width: int = 0) -> Iterator[pa.RecordBatch]:
    """Batches of 65,536 rows, as an engine returns them."""
    for start in range(0, count, 65_536):
        ids = list(range(start, min(start + 65_536, count)))
        texts = pa.array(["x" * width] * len(ids))
        yield pa.RecordBatch.from_arrays([pa.array(ids, pa.int64()), texts], ["id", "text"])


SCHEMA = pa.schema([("id", pa.int64()), ("text", pa.string())])


def stored(results: JobResults, count: int, width: int = 0) -> tuple[Chunk, ...]:
    reader = pa.RecordBatchReader.from_batches(SCHEMA, rows_of(count, width))
    return results.write(JOB, reader, lambda written: None)


def test_any_part_of_a_result_can_be_read() -> None:
    results = JobResults(InMemoryObjectStore(), 1 << 30)
    count = 2 * CHUNK_ROWS + 10
    chunks = stored(results, count)
    assert [chunk.rows for chunk in chunks] == [CHUNK_ROWS, CHUNK_ROWS, 10]
    edges = [0, 1, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 1, 2 * CHUNK_ROWS - 1, 2 * CHUNK_ROWS, count - 1, count]
    for start, stop in product(edges, edges):
        if start <= stop:
            read = results.read(JOB, chunks, start, stop - start).read_all()
            assert read.schema == SCHEMA
            assert read["id"].to_pylist() == list(range(start, stop)), (start, stop)


def test_a_result_without_rows_has_columns() -> None:
    results = JobResults(InMemoryObjectStore(), 1 << 30)
    chunks = stored(results, 0)
    assert results.read(JOB, chunks, 0, 0).read_all() == SCHEMA.empty_table()


@pytest.mark.parametrize("width", [100, 10_000])
def test_chunks_of_wide_rows_are_bounded(width: int) -> None:
    results = JobResults(InMemoryObjectStore(), 1 << 30)
    chunks = stored(results, 20_000, width)
    assert sum(chunk.rows for chunk in chunks) == 20_000
    assert max(chunk.rows for chunk in chunks) * (width + 12) < 1.2 * CHUNK_BYTES


def test_a_result_that_exceeds_its_limit_leaves_nothing() -> None:
    store = InMemoryObjectStore()
    with pytest.raises(StoredResultTooLarge):
        stored(JobResults(store, 100_000), 300_000)
    assert list(store.list("")) == []


def test_stopping_a_job_sets_its_flag_and_calls_back_early_and_late() -> None:
    run, calls = JobRun(), []
    run.raise_if_stopped()
    run.call_on_stop(lambda: calls.append("first"))
    run.stop()
    run.call_on_stop(lambda: calls.append("late"))
    assert calls == ["first", "late"]
    assert run.stopped()
    with pytest.raises(JobStopped):
        run.raise_if_stopped()

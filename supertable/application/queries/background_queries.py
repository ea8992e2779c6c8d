"""Queries as jobs: they run in the background, and their results are kept for a while, for the submitter only.

The statement is checked and bound to one cut before the job is created, so that errors in it are raised at once. A
result can be read only by the same user under the same role, and only while that role's rights are unchanged since the
query was submitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from supertable.application.audit_recorder import AuditRecorder
from supertable.application.jobs.job_results import JobResults
from supertable.application.jobs.job_runner import JobRun, JobRunner
from supertable.application.jobs.list_jobs import ListJobs, new_job
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.queries.run_query import PreparedQuery, RunQuery
from supertable.application.storage.checksums import digest_of
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.domain.access.accounts import Authorization
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session
from supertable.domain.audit import AuditKind
from supertable.domain.engine_choice import EngineName
from supertable.domain.errors import AccessDenied, InvalidInput, JobNotOver, TableNotFound
from supertable.domain.jobs import READ_BY, Chunk, Job, JobKind, JobState, JobStatus, Outcome, QueryRequest, TableRead

_READING = "read result"


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Rows of a result, from row `start` on (from 0). `reader` holds one chunk at a time in memory.

    `next`: the number of the row that follows; None: there are no more rows.
    """

    status: JobStatus
    reader: pa.RecordBatchReader
    start: int
    next: int | None


class BackgroundQueries:
    def __init__(
        self,
        tables: Tables,
        run_query: RunQuery,
        list_jobs: ListJobs,
        runner: JobRunner,
        results: JobResults,
        audit: AuditRecorder,
        clock: Clock,
        identifiers: Identifiers,
    ) -> None:
        self._tables = tables
        self._run_query = run_query
        self._list_jobs = list_jobs
        self._runner = runner
        self._results = results
        self._audit = audit
        self._clock = clock
        self._identifiers = identifiers

    def submit(
        self,
        namespace: Namespace,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any],
        limits: Limits,
        engine: EngineName | None = None,
    ) -> JobStatus:
        """Check the query and start it as a job. `engine`: what the caller asks for; None: nothing.

        Raises what `RunQuery.prepare` raises, and `TooManyJobs`."""
        # Before the cut, so that a change of rights in between is detected when the result is read.
        rights = _rights(self._tables.authorization(namespace.session))
        prepared = self._run_query.prepare(namespace, sql, parameters, engine)
        try:
            chosen = prepared.chosen
            query = QueryRequest(sql, prepared.versions, _tables_read(prepared), rights, chosen.name, chosen.reason)
            job = new_job(JobKind.QUERY, namespace, self._clock, self._identifiers, query=query)
            work = partial(self._work, job, prepared, parameters, limits)
            return self._runner.submit(job, work, partial(self._run_query.recheck, prepared))
        except BaseException:
            prepared.lease.close()
            raise

    def status(self, session: Session, job_id: str) -> JobStatus:
        """Raises `NotFound` unless the job belongs to the same user under the same role."""
        return self._list_jobs.own(session, job_id, JobKind.QUERY)

    def results(self, session: Session, job_id: str, start: int, count: int | None) -> ResultPage:
        """At most `count` rows (None: all) from row `start` on (from 0).

        Raises `NotFound`; `JobNotOver` if the job has no result; `AccessDenied` if the rights have changed;
        `InvalidInput` if `start` is beyond the end; and `Damaged`.
        """
        status = self.status(session, job_id)
        query, end = status.job.query, status.end
        if query is None or end is None or status.state is not JobState.SUCCEEDED:
            raise JobNotOver(job_id, status.state)
        audited: dict[str, Any] = {"supertable": status.job.supertable, "tables": tuple(query.versions)}
        self._audit.ensure_ready(session.organization)
        with self._audit.recording_refusals(session, _READING, **audited):
            self._require_unchanged_rights(session, query)
        chunks = end.outcome.chunks
        total = sum(chunk.rows for chunk in chunks)
        if start > total:
            raise InvalidInput(f"The result has {total:,} rows, so it cannot be read from row {start:,} on.")
        stop = total if count is None else min(start + count, total)
        reader = self._results.read(status.job, chunks, start, stop - start)
        self._audit.record_action(session, AuditKind.QUERY, _READING, rows=stop - start, **audited)
        return ResultPage(status, reader, start, stop if stop < total else None)

    def recheck(self, session: Session, page: ResultPage) -> None:
        """Raises `NotSignedIn` or `AccessDenied` once the caller may no longer read the result."""
        if page.status.job.query is not None:
            self._require_unchanged_rights(session, page.status.job.query)

    def _require_unchanged_rights(self, session: Session, query: QueryRequest) -> None:
        tables = [(table.supertable, table.table_id) for table in query.tables]
        try:
            now = self._tables.recheck_access(session, tables, Permission.READ)
        except TableNotFound:
            raise AccessDenied(
                "A table that this result was read from was dropped, or this role may no longer read it."
            ) from None
        if _rights(now) != query.rights:
            raise AccessDenied(
                "The rights of this role have changed since the query was submitted. Submit the query again."
            )

    def _work(
        self,
        job: Job,
        prepared: PreparedQuery,
        parameters: Sequence[Any] | Mapping[str, Any],
        limits: Limits,
        run: JobRun,
    ) -> Outcome:
        def after_chunk(written: Sequence[Chunk]) -> None:
            run.report_progress(sum(chunk.rows for chunk in written), what="rows")
            run.raise_if_stopped()

        running = self._run_query.run(prepared, parameters, limits)
        try:
            run.call_on_stop(running.cancel)
            chunks = self._results.write(job, running.reader, after_chunk)
        finally:
            running.close()
        rows, size = sum(chunk.rows for chunk in chunks), sum(chunk.bytes for chunk in chunks)
        chosen = prepared.chosen
        read_by = dict(zip(READ_BY, (chosen.name, chosen.reason), strict=True))
        return Outcome({"rows": rows, "bytes": size, **read_by}, chunks)


def _tables_read(prepared: PreparedQuery) -> tuple[TableRead, ...]:
    tables = {
        TableRead(table.namespace.supertable, table.entry.table_id) for table in prepared.tables if table.namespace
    }
    return tuple(sorted(tables, key=lambda table: (table.supertable, table.table_id)))


def _rights(now: Authorization) -> str:
    """A digest of everything that decides what the caller sees, except the tables' names."""
    attributes = sorted(now.caller.attributes.items())
    return digest_of(repr((now.role.name, now.role.version, attributes)).encode(errors="surrogatepass"))

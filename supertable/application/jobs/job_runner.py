"""Running jobs: a few at a time in each worker, with heartbeats that the other workers see.

Threads that run jobs write no state of jobs to the store. One thread, the watch, writes it all, so that no heartbeat
follows the end. The watch also stops the jobs that were asked to stop, through whichever worker.
"""

from __future__ import annotations

import contextvars
import logging
import queue
import threading
from collections.abc import Callable

from supertable.application.jobs.job_store import JobStore
from supertable.application.ports.clocks import Clock
from supertable.domain.errors import (
    AccessDenied,
    JobInterrupted,
    NotSignedIn,
    SupertableError,
    TableNotFound,
    TooManyJobs,
)
from supertable.domain.jobs import BEAT_SECONDS, End, Heartbeat, Job, JobError, JobState, JobStatus, Outcome, Progress

_LOG = logging.getLogger(__name__)
_WATCH_INTERVAL_SECONDS = 1.0
_MOST_QUEUED = 32
_SHUTDOWN_SECONDS = 5.0


class JobStopped(Exception):
    """The work stopped because it was asked to."""


class JobRun:
    """The job as its work sees it: to report progress and to learn when to stop. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._stoppers: list[Callable[[], None]] = []
        self.progress = Progress()

    def stopped(self) -> bool:
        """Whether the work should stop, because its result is no longer wanted."""
        return self._stopped.is_set()

    def raise_if_stopped(self) -> None:
        """Raise `JobStopped` if the work should stop."""
        if self.stopped():
            raise JobStopped

    def report_progress(self, done: int, total: int | None = None, what: str = "") -> None:
        """Set the job's progress; see `Progress`."""
        self.progress = Progress(done, total, what)

    def call_on_stop(self, stopper: Callable[[], None]) -> None:
        """Have `stopper` called, from any thread, once the work should stop; at once, if that is so already."""
        with self._lock:
            self._stoppers.append(stopper)
        if self.stopped():
            stopper()

    def stop(self) -> None:
        self._stopped.set()
        with self._lock:
            stoppers, self._stoppers = self._stoppers, []
        for stopper in stoppers:
            stopper()


Work = Callable[[JobRun], Outcome]
Allowed = Callable[[], object]
"""Raises `NotSignedIn`, `AccessDenied` or `TableNotFound` when the submitter of the job no longer has access."""


class _OwnJob:
    """A job of this worker, queued or running.

    `end` is set once: by the thread that runs the work, or by the one that stops the job before its work begins.
    """

    def __init__(
        self, job: Job, work: Work, allowed: Allowed, now_us: Callable[[], int], changed: Callable[[], None]
    ) -> None:
        self.job = job
        self.run = JobRun()
        self.beat_at: float | None = None
        self.end: End | None = None
        self._work: Work | None = work
        self._context = contextvars.copy_context()  # has the id of the request, for the audit log
        self._allowed = allowed
        self._now_us = now_us
        self._changed = changed
        self._lock = threading.Lock()
        self._started_at_us: int | None = None
        self._stop_reason: JobError | None = None

    def heartbeat(self) -> Heartbeat:
        return Heartbeat(self._now_us(), self._started_at_us, self.run.progress)

    def stop_unless_allowed(self) -> None:
        try:
            self._allowed()
        except (NotSignedIn, AccessDenied, TableNotFound) as error:
            self.stop(JobError.of(error))

    def stop(self, reason: JobError | None = None) -> None:
        """Ask the work to stop; if it has not begun, the job ends now. The first reason counts."""
        with self._lock:
            self._stop_reason = self._stop_reason or reason
            if self._started_at_us is None and self.end is None:
                self._set_end(JobState.CANCELLED, Outcome(), self._stop_reason)
        self.run.stop()

    def abandon(self) -> None:
        """End the job as lost, without waiting any longer for its work to stop."""
        with self._lock:
            if self.end is None:
                self._set_end(JobState.LOST, Outcome(), self._stop_reason)

    def execute(self) -> None:
        """Run the work to its end, unless the job has ended already."""
        with self._lock:
            if self.end is not None or self._work is None:
                return
            self._started_at_us = self._now_us()
            self.beat_at = None
            work = self._work
        self._changed()
        state, outcome, error = self._run_work(work)
        with self._lock:
            if self.end is None:
                self._set_end(state, outcome, error)
        self._changed()

    def _run_work(self, work: Work) -> tuple[JobState, Outcome, JobError | None]:
        try:
            outcome = self._context.run(work, self.run)
            return JobState.CANCELLED if self.run.stopped() else JobState.SUCCEEDED, outcome, self._stop_reason
        except Exception as error:  # noqa: BLE001 - any error ends the job
            if self.run.stopped():
                return JobState.CANCELLED, Outcome(), self._stop_reason
            if not isinstance(error, SupertableError):
                _LOG.exception("job %s (%s) failed", self.job.id, self.job.kind)
            return JobState.FAILED, Outcome(), JobError.of(error)

    def _set_end(self, state: JobState, outcome: Outcome, error: JobError | None) -> None:
        self.end = End(state, self._now_us(), self._started_at_us, self.run.progress, outcome, error)
        self._work = None  # frees what it refers to


class JobRunner:
    """Runs the jobs of this worker. Thread-safe. Its threads start with the first job; `close` ends them."""

    def __init__(self, jobs: JobStore, clock: Clock, at_once: int, per_user: int) -> None:
        """`at_once`: how many jobs run at once in this worker; others wait.

        `per_user`: how many unfinished jobs one user may have, in all workers together.
        """
        self._jobs = jobs
        self._clock = clock
        self._at_once = at_once
        self._per_user = per_user
        self._room = threading.BoundedSemaphore(at_once + _MOST_QUEUED)
        self._queue: queue.SimpleQueue[_OwnJob | None] = queue.SimpleQueue()
        self._active: dict[str, _OwnJob] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._watch: threading.Thread | None = None
        self._closing = False

    def submit(self, job: Job, work: Work, allowed: Allowed) -> JobStatus:
        """Queue the work, which is stopped once it is no longer `allowed`. Once this returns, all workers see the job.

        Raises `TooManyJobs`, and `JobInterrupted` if this worker is shutting down; no job is then created.
        """
        if not self._room.acquire(blocking=False):
            raise TooManyJobs("This worker has", self._at_once + _MOST_QUEUED)
        try:
            running = self._admit(job, work, allowed)
        except BaseException:
            self._room.release()
            raise
        self._queue.put(running)
        return JobStatus(job, JobState.QUEUED)

    def check_now(self) -> None:
        """Check at once, instead of within a second, whether jobs were asked to stop."""
        self._wake.set()

    def close(self) -> None:
        """Stop all jobs, queued ones first. Jobs that do not stop within seconds are abandoned, and count as lost."""
        with self._lock:
            self._closing = True
            active, watch = list(self._active.values()), self._watch
        reason = JobError.of(JobInterrupted("The service was shut down before the job was finished."))
        for running in active:
            running.stop(reason)
        self._wake.set()
        if watch is None:
            return
        watch.join(_SHUTDOWN_SECONDS)
        for running in active:
            running.abandon()
        self._wake.set()
        watch.join(_SHUTDOWN_SECONDS)
        for _ in range(self._at_once):
            self._queue.put(None)

    def _admit(self, job: Job, work: Work, allowed: Allowed) -> _OwnJob:
        running = _OwnJob(job, work, allowed, self._clock.now_us, self._wake.set)
        self._jobs.heartbeat(job, running.heartbeat())
        try:
            earlier = sum(1 for other in self._jobs.unfinished_ids(job.organization, job.user) if other < job.id)
            if earlier >= self._per_user:
                raise TooManyJobs("This user has", self._per_user)
            self._jobs.add(job)
            with self._lock:
                if self._closing:
                    raise JobInterrupted("The service is being shut down.")
                self._active[job.id] = running
                self._start_threads()
        except BaseException:
            self._jobs.remove(job)
            raise
        return running

    def _start_threads(self) -> None:
        if self._watch is None:
            self._watch = threading.Thread(target=self._watch_jobs, daemon=True, name="jobs-watch")
            self._watch.start()
            for number in range(self._at_once):
                threading.Thread(target=self._execute_queued_jobs, daemon=True, name=f"job-{number}").start()

    def _execute_queued_jobs(self) -> None:
        while (running := self._queue.get()) is not None:
            running.execute()

    def _watch_jobs(self) -> None:
        while not (self._closing and not self._active):
            self._wake.wait(_WATCH_INTERVAL_SECONDS)
            self._wake.clear()
            for running in list(self._active.values()):
                try:
                    self._update(running)
                except SupertableError as error:  # the next round tries again
                    _LOG.warning("the state of job %s was not written: %s", running.job.id, error)
                except Exception:  # noqa: BLE001 - without the watch, all jobs would be lost
                    _LOG.exception("the state of job %s was not written", running.job.id)

    def _update(self, running: _OwnJob) -> None:
        """Stop the job if requested, and write its heartbeat, when due, or its end to the store."""
        now = self._clock.monotonic_seconds()
        if running.end is None and self._jobs.is_stop_requested(running.job):
            running.stop()
        if running.end is not None:
            self._jobs.end(running.job, running.end)
            with self._lock:
                del self._active[running.job.id]
            self._room.release()
        elif running.beat_at is None or now - running.beat_at >= BEAT_SECONDS:
            self._jobs.heartbeat(running.job, running.heartbeat())
            running.beat_at = now
            running.stop_unless_allowed()

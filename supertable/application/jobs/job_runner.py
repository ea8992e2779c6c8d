"""Running jobs: a few at a time in each worker, with signs of life that the other workers see.

Threads that do the work touch no state of a job in the store; one thread, the watch, writes all of it, so that a sign
of life never comes after the end. A job that was asked to stop, wherever that was, is told so by the watch.
"""

from __future__ import annotations

import contextvars
import logging
import queue
import threading
from collections.abc import Callable

from supertable.application.jobs.job_store import JobStore
from supertable.application.ports.clocks import Clock
from supertable.domain.errors import AccessDenied, JobInterrupted, NotSignedIn, SupertableError, TooManyJobs
from supertable.domain.jobs import BEAT_SECONDS, End, Heartbeat, Job, JobError, JobState, JobStatus, Outcome, Progress

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
_MOST_QUEUED = 32
_PATIENCE_SECONDS = 5.0


class JobStopped(Exception):
    """Work that was asked to stop did."""


class JobRun:
    """What a job's work sees of its job. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._stoppers: list[Callable[[], None]] = []
        self.progress = Progress()

    def stopped(self) -> bool:
        """Whether the work should come to its end: nobody waits for it any more."""
        return self._stopped.is_set()

    def go_on(self) -> None:
        """Raises `JobStopped` when the work is to stop."""
        if self.stopped():
            raise JobStopped

    def at(self, done: int, total: int | None = None, what: str = "") -> None:
        """Say how far the work is; see `Progress`."""
        self.progress = Progress(done, total, what)

    def on_stop(self, stopper: Callable[[], None]) -> None:
        """Have `stopper` called, from any thread, when the work is to stop: at once, if it is already."""
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
"""Raises `NotSignedIn` or `AccessDenied` once whoever asked for the job is not, or may not, any more."""


class _Running:
    """A job of this worker. `end` is set once, by the thread that does the work or by whoever stops it in the queue."""

    def __init__(
        self, job: Job, work: Work, allowed: Allowed, now_us: Callable[[], int], changed: Callable[[], None]
    ) -> None:
        self.job = job
        self.run = JobRun()
        self.beat_at: float | None = None
        self.end: End | None = None
        self._work: Work | None = work
        self._context = contextvars.copy_context()  # by which the audit log knows the request
        self._allowed = allowed
        self._now_us = now_us
        self._changed = changed
        self._lock = threading.Lock()
        self._started_at_us: int | None = None
        self._why: JobError | None = None

    def heartbeat(self) -> Heartbeat:
        return Heartbeat(self._now_us(), self._started_at_us, self.run.progress)

    def stop_unless_allowed(self) -> None:
        try:
            self._allowed()
        except (NotSignedIn, AccessDenied) as error:
            self.stop(JobError.of(error))

    def stop(self, why: JobError | None = None) -> None:
        with self._lock:
            self._why = self._why or why
            if self._started_at_us is None and self.end is None:
                self._ended(JobState.CANCELLED, Outcome(), self._why)
        self.run.stop()

    def lose(self) -> None:
        """Wait no longer for the work to stop."""
        with self._lock:
            if self.end is None:
                self._ended(JobState.LOST, Outcome(), self._why)

    def do(self) -> None:
        with self._lock:
            if self.end is not None or self._work is None:
                return
            self._started_at_us = self._now_us()
            self.beat_at = None
            work = self._work
        self._changed()
        state, outcome, error = self._done(work)
        with self._lock:
            if self.end is None:
                self._ended(state, outcome, error)
        self._changed()

    def _done(self, work: Work) -> tuple[JobState, Outcome, JobError | None]:
        try:
            outcome = self._context.run(work, self.run)
            return JobState.CANCELLED if self.run.stopped() else JobState.SUCCEEDED, outcome, self._why
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the job's end
            if self.run.stopped():
                return JobState.CANCELLED, Outcome(), self._why
            if not isinstance(error, SupertableError):
                _LOG.exception("job %s (%s) failed", self.job.id, self.job.kind)
            return JobState.FAILED, Outcome(), JobError.of(error)

    def _ended(self, state: JobState, outcome: Outcome, error: JobError | None) -> None:
        self.end = End(state, self._now_us(), self._started_at_us, self.run.progress, outcome, error)
        self._work = None  # and with it what it holds


class JobRunner:
    """Thread-safe. Its threads begin with the first job; `close` ends them."""

    def __init__(self, jobs: JobStore, clock: Clock, at_once: int, per_user: int) -> None:
        """`at_once`: how many jobs run in this worker; others wait. `per_user`: how many of one user may be at work
        in all workers."""
        self._jobs = jobs
        self._clock = clock
        self._at_once = at_once
        self._per_user = per_user
        self._room = threading.BoundedSemaphore(at_once + _MOST_QUEUED)
        self._queue: queue.SimpleQueue[_Running | None] = queue.SimpleQueue()
        self._active: dict[str, _Running] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._watch: threading.Thread | None = None
        self._closing = False

    def submit(self, job: Job, work: Work, allowed: Allowed) -> JobStatus:
        """Have the work done for as long as it is `allowed`. The job is known to all workers when this returns.

        Raises `TooManyJobs`, and `JobInterrupted` where this worker is about to end; nothing is then begun.
        """
        if not self._room.acquire(blocking=False):
            raise TooManyJobs("This worker has", self._at_once + _MOST_QUEUED)
        try:
            running = self._admitted(job, work, allowed)
        except BaseException:
            self._room.release()
            raise
        self._queue.put(running)
        return JobStatus(job, JobState.QUEUED)

    def look(self) -> None:
        """See at once, not in a moment, whether jobs are to stop."""
        self._wake.set()

    def close(self) -> None:
        """Stop all jobs, those that wait first. What does not stop within seconds is left behind, and lost."""
        with self._lock:
            self._closing = True
            active, watch = list(self._active.values()), self._watch
        why = JobError.of(JobInterrupted("The service was shut down before the job came to its end."))
        for running in active:
            running.stop(why)
        self._wake.set()
        if watch is None:
            return
        watch.join(_PATIENCE_SECONDS)
        for running in active:
            running.lose()
        self._wake.set()
        watch.join(_PATIENCE_SECONDS)
        for _ in range(self._at_once):
            self._queue.put(None)

    def _admitted(self, job: Job, work: Work, allowed: Allowed) -> _Running:
        running = _Running(job, work, allowed, self._clock.now_us, self._wake.set)
        self._jobs.heartbeat(job, running.heartbeat())
        try:
            earlier = sum(1 for other in self._jobs.at_work(job.organization, job.user) if other < job.id)
            if earlier >= self._per_user:
                raise TooManyJobs("This user has", self._per_user)
            self._jobs.add(job)
            with self._lock:
                if self._closing:
                    raise JobInterrupted("The service is being shut down.")
                self._active[job.id] = running
                self._begin()
        except BaseException:
            self._jobs.remove(job)
            raise
        return running

    def _begin(self) -> None:
        if self._watch is None:
            self._watch = threading.Thread(target=self._keep_watch, daemon=True, name="jobs-watch")
            self._watch.start()
            for number in range(self._at_once):
                threading.Thread(target=self._keep_working, daemon=True, name=f"job-{number}").start()

    def _keep_working(self) -> None:
        while (running := self._queue.get()) is not None:
            running.do()

    def _keep_watch(self) -> None:
        while not (self._closing and not self._active):
            self._wake.wait(_LOOK_SECONDS)
            self._wake.clear()
            for running in list(self._active.values()):
                try:
                    self._look_after(running)
                except SupertableError as error:  # the next look tries again
                    _LOG.warning("the state of job %s was not written down: %s", running.job.id, error)
                except Exception:  # noqa: BLE001 - without the watch, all jobs would be lost
                    _LOG.exception("the state of job %s was not written down", running.job.id)

    def _look_after(self, running: _Running) -> None:
        now = self._clock.monotonic_seconds()
        if running.end is None and self._jobs.is_to_stop(running.job):
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

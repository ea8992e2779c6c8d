"""Deletes expired jobs, and old tickets. Only objects whose keys can be those of a job, and tickets, are touched."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from itertools import groupby

from supertable.application.ports.clocks import Clock
from supertable.application.ports.object_stores import ObjectStore
from supertable.domain.errors import SupertableError
from supertable.domain.storage_layout import beats_folder, job_of, jobs_folder, tickets_folder

_LOG = logging.getLogger(__name__)
_GRACE_SECONDS = 3600.0
"""Time for readers who began to read a result just before it expired."""
_INTERVAL_SECONDS = 600.0
_TICKETS_KEPT_SECONDS = 3600.0
"""Much longer than they are valid, so that a used ticket is never taken for a new one."""


@dataclass(frozen=True, slots=True)
class ExpiredJobs:
    jobs: int
    bytes: int


class ExpireJobs:
    def __init__(self, store: ObjectStore, clock: Clock, kept_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._kept_seconds = kept_seconds

    def __call__(self, organization: str) -> ExpiredJobs:
        """Delete jobs of which, by the store's own clock, no object was written for longer than jobs are kept.

        The heartbeats of a running job are written all the time. Safe beside all other operations.
        """
        before_us = self._clock.now_us() - round((self._kept_seconds + _GRACE_SECONDS) * 1_000_000)
        beats = {job_of(heartbeat.key): heartbeat for heartbeat in self._store.list(f"{beats_folder(organization)}/")}
        jobs = size = 0
        listed = (entry for entry in self._store.list(f"{jobs_folder(organization)}/") if job_of(entry.key))
        for job, entries in groupby(listed, lambda entry: job_of(entry.key)):
            objects = list(entries)
            own_beats = [beats[job]] if job in beats else []
            if max(entry.modified_at_us for entry in (*objects, *own_beats)) >= before_us:
                continue
            self._store.delete([entry.key for entry in objects])
            jobs, size = jobs + 1, size + sum(entry.bytes for entry in objects)
        stale = [heartbeat.key for job, heartbeat in beats.items() if job and heartbeat.modified_at_us < before_us]
        self._store.delete(stale)
        self._delete_old_tickets(organization)
        return ExpiredJobs(jobs, size)

    def _delete_old_tickets(self, organization: str) -> None:
        before_us = self._clock.now_us() - round(_TICKETS_KEPT_SECONDS * 1_000_000)
        tickets = self._store.list(f"{tickets_folder(organization)}/")
        self._store.delete([entry.key for entry in tickets if entry.modified_at_us < before_us])

    def in_all_organizations(self) -> None:
        for organization in self._store.folders(""):
            self(organization)


class Sweeping:
    """Deletes expired jobs periodically, in a background thread, from `start` to `close`."""

    def __init__(self, sweep: ExpireJobs) -> None:
        self._sweep = sweep
        self._closed = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._keep_sweeping, daemon=True, name="jobs-sweep").start()

    def close(self) -> None:
        self._closed.set()

    def _keep_sweeping(self) -> None:
        while not self._closed.is_set():
            try:
                self._sweep.in_all_organizations()
            except SupertableError as error:
                _LOG.warning("expired jobs were not deleted: %s", error)
            self._closed.wait(_INTERVAL_SECONDS)

"""Removing what is left of jobs that are over for long. Only objects that can be a job's are touched."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from itertools import groupby

from supertable.application.ports.clocks import Clock
from supertable.application.ports.object_stores import ObjectStore, StoredObject
from supertable.domain.errors import SupertableError
from supertable.domain.storage_layout import beats_folder, job_of, jobs_folder

_LOG = logging.getLogger(__name__)
_GRACE_SECONDS = 3600.0
"""For whoever began to read a result just before it expired."""
_EVERY_SECONDS = 600.0


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
        """Remove jobs in which, by the store's own times, nothing was written for longer than they are kept.

        A job at work gives signs of life, which are written all the time. Safe beside all else.
        """
        before_us = self._clock.now_us() - round((self._kept_seconds + _GRACE_SECONDS) * 1_000_000)
        beats = {job_of(heartbeat.key): heartbeat for heartbeat in self._store.list(f"{beats_folder(organization)}/")}
        jobs = size = 0
        for _, entries in groupby(self._store.list(f"{jobs_folder(organization)}/"), _folder):
            objects = [entry for entry in entries if job_of(entry.key)]
            signs = [beats[job] for job in {job_of(entry.key) for entry in objects} if job in beats]
            if not objects or max(entry.modified_at_us for entry in (*objects, *signs)) >= before_us:
                continue
            self._store.delete([entry.key for entry in objects])
            jobs, size = jobs + 1, size + sum(entry.bytes for entry in objects)
        stale = [heartbeat.key for job, heartbeat in beats.items() if job and heartbeat.modified_at_us < before_us]
        self._store.delete(stale)
        return ExpiredJobs(jobs, size)

    def everywhere(self) -> None:
        for organization in self._store.folders(""):
            self(organization)


def _folder(entry: StoredObject) -> tuple[str, ...]:
    """What the objects of one job have in common: organization, `-`, `jobs`, user and id."""
    return tuple(entry.key.split("/")[:5])


class Sweeping:
    """Sweeps now and then in a thread of its own, from `start` to `close`."""

    def __init__(self, sweep: ExpireJobs) -> None:
        self._sweep = sweep
        self._over = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._keep_sweeping, daemon=True, name="jobs-sweep").start()

    def close(self) -> None:
        self._over.set()

    def _keep_sweeping(self) -> None:
        while not self._over.is_set():
            try:
                self._sweep.everywhere()
            except SupertableError as error:
                _LOG.warning("expired jobs were not removed: %s", error)
            self._over.wait(_EVERY_SECONDS)

"""Jobs in the object store, so that every worker can read the state of each.

The objects of a job are: `job`, its description; a heartbeat, which its worker rewrites until the job is over; `end`,
its final state; `cancel`, if it was asked to stop; and the chunks of its result. `job` is written after the first
heartbeat, and `end` before the heartbeat is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator

from supertable.application.ports.clocks import Clock
from supertable.application.ports.codecs import Body, DocumentCodec, TooNew, Undecodable
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.sealed_objects import opened, sealed
from supertable.domain.errors import FormatTooNew, ObjectDamaged
from supertable.domain.jobs import End, Heartbeat, Job, JobStatus, is_fresh, status_of
from supertable.domain.storage_layout import (
    beat_key,
    beats_folder_of,
    cancel_key,
    end_key,
    job_folder,
    job_key,
    job_of,
    jobs_folder,
    jobs_folder_of,
)


class JobStore:
    def __init__(
        self,
        store: ObjectStore,
        jobs: DocumentCodec[Job],
        beats: DocumentCodec[Heartbeat],
        ends: DocumentCodec[End],
        clock: Clock,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._beats = beats
        self._ends = ends
        self._clock = clock

    def add(self, job: Job) -> None:
        self._put(job_key(folder(job)), self._jobs, job)

    def heartbeat(self, job: Job, heartbeat: Heartbeat) -> None:
        self._put(_beat(job), self._beats, heartbeat)

    def end(self, job: Job, end: End) -> None:
        """Write the end of a job. If the job was removed in the meantime, remove what is left of it instead."""
        if self._store.size(job_key(folder(job))) is None:
            self.remove(job)
            return
        self._put(end_key(folder(job)), self._ends, end)
        self._store.delete([_beat(job)])

    def request_stop(self, job: Job) -> None:
        self._store.put(cancel_key(folder(job)), b"")

    def is_stop_requested(self, job: Job) -> bool:
        """Whether the job was asked to stop, or was removed."""
        keys = (cancel_key(folder(job)), job_key(folder(job)))
        cancelled, exists = (self._store.size(key) is not None for key in keys)
        return cancelled or not exists

    def find(self, organization: str, user: str, job_id: str) -> Job | None:
        """The job, or None if it does not exist or `job_id` is not a valid id."""
        key = job_key(job_folder(organization, user, job_id))
        return self._read(key, self._jobs) if job_of(key) else None

    def status(self, job: Job) -> JobStatus:
        end = self._end(job)
        heartbeat = self._read(_beat(job), self._beats) if end is None else None
        if end is None and heartbeat is None:
            end = self._end(job)  # written between the two reads
        return status_of(job, heartbeat, end, self._clock.now_us())

    def users(self, organization: str) -> list[str]:
        return list(self._store.folders(f"{jobs_folder(organization)}/"))

    def ids(self, organization: str, user: str) -> Iterator[str]:
        """The ids of the user's jobs, oldest first. A job may have been removed by the time it is read."""
        return self._store.folders(f"{jobs_folder_of(organization, user)}/")

    def unfinished_ids(self, organization: str, user: str) -> list[str]:
        """The ids of the user's jobs that are neither over nor lost, oldest first."""
        now = self._clock.now_us()
        beats = self._store.list(f"{beats_folder_of(organization, user)}/")
        fresh = (job_of(heartbeat.key) for heartbeat in beats if is_fresh(heartbeat.modified_at_us, now))
        return [job[1] for job in fresh if job]

    def remove(self, job: Job) -> None:
        """Delete the job, with its result. First the objects without which it no longer exists."""
        self._store.delete([job_key(folder(job)), _beat(job)])
        self._store.delete([entry.key for entry in self._store.list(f"{folder(job)}/") if job_of(entry.key)])

    def _end(self, job: Job) -> End | None:
        return self._read(end_key(folder(job)), self._ends)

    def _put(self, key: str, codec: DocumentCodec[Body], body: Body) -> None:
        self._store.put(key, sealed(key, codec.encode(body)))

    def _read(self, key: str, codec: DocumentCodec[Body]) -> Body | None:
        data = self._store.read(key)
        if data is None:
            return None
        try:
            return codec.decode(opened(key, data))
        except TooNew as error:
            raise FormatTooNew(key, error.found, error.known) from error
        except Undecodable as error:
            raise ObjectDamaged(key, str(error)) from error


def folder(job: Job) -> str:
    return job_folder(job.organization, job.user, job.id)


def _beat(job: Job) -> str:
    return beat_key(job.organization, job.user, job.id)

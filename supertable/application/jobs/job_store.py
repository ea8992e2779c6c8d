"""Jobs as they are kept in the object store, so that any worker can tell how each stands.

Of every job there are `job`, which says what it is; a sign of life that its worker writes anew until it is over; `end`;
`cancel`, where somebody wants it to stop; and the chunks of its result. `job` is written after the first sign of life,
and `end` before the last one goes.
"""

from __future__ import annotations

from collections.abc import Iterator

from supertable.application.ports.clocks import Clock
from supertable.application.ports.codecs import Body, DocumentCodec, TooNew, Undecodable
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.sealed_objects import opened, sealed
from supertable.domain.errors import FormatTooNew, ObjectDamaged
from supertable.domain.jobs import End, Heartbeat, Job, JobStatus, is_fresh, status_of
from supertable.domain.storage_layout import beat_key, beats_folder, job_folder, job_of, jobs_folder


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
        self._put(f"{folder(job)}/job", self._jobs, job)

    def heartbeat(self, job: Job, heartbeat: Heartbeat) -> None:
        self._put(_beat(job), self._beats, heartbeat)

    def end(self, job: Job, end: End) -> None:
        """The end of a job, or nothing at all where the job was removed meanwhile."""
        if self._store.size(f"{folder(job)}/job") is None:
            self.remove(job)
            return
        self._put(f"{folder(job)}/end", self._ends, end)
        self._store.delete([_beat(job)])

    def ask_to_cancel(self, job: Job) -> None:
        self._store.put(f"{folder(job)}/cancel", b"")

    def is_to_stop(self, job: Job) -> bool:
        """Whether somebody wants the job to stop, or has removed it."""
        keys = (f"{folder(job)}/cancel", f"{folder(job)}/job")
        asked, there = (self._store.size(key) is not None for key in keys)
        return asked or not there

    def find(self, organization: str, user: str, job_id: str) -> Job | None:
        """None too for what cannot be a job's id."""
        key = f"{job_folder(organization, user, job_id)}/job"
        return self._read(key, self._jobs) if job_of(key) else None

    def status(self, job: Job) -> JobStatus:
        end = self._end(job)
        heartbeat = self._read(_beat(job), self._beats) if end is None else None
        if end is None and heartbeat is None:
            end = self._end(job)  # it came in between
        return status_of(job, heartbeat, end, self._clock.now_us())

    def users(self, organization: str) -> list[str]:
        return list(self._store.folders(f"{jobs_folder(organization)}/"))

    def ids(self, organization: str, user: str) -> Iterator[str]:
        """Of the user's jobs, in the order in which they came; a job may have gone by the time it is looked for."""
        return self._store.folders(f"{jobs_folder(organization)}/{user}/")

    def at_work(self, organization: str, user: str) -> list[str]:
        """The ids of the user's jobs that are neither over nor lost."""
        now = self._clock.now_us()
        beats = self._store.list(f"{beats_folder(organization)}/{user}/")
        return [heartbeat.key.rsplit("/", 1)[-1] for heartbeat in beats if is_fresh(heartbeat.modified_at_us, now)]

    def remove(self, job: Job) -> None:
        """From now on there is no such job."""
        self._store.delete([f"{folder(job)}/job", _beat(job)])
        self._store.delete([entry.key for entry in self._store.list(f"{folder(job)}/") if job_of(entry.key)])

    def _end(self, job: Job) -> End | None:
        return self._read(f"{folder(job)}/end", self._ends)

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

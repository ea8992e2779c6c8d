"""One relation, what a kind of reader sees of one table, and its current generation."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from supertable.adapters.engines.duckdb.errors import ENGINE_ERRORS
from supertable.adapters.engines.pro.background import Background, Job
from supertable.adapters.engines.pro.generations.generation import Generation
from supertable.adapters.engines.pro.generations.generation_maker import GenerationMaker
from supertable.adapters.engines.pro.generations.islands import Island, PublishingIsland
from supertable.adapters.engines.pro.task import Task
from supertable.domain.errors import SupertableError
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.types import Field

_WAIT_SECONDS = 0.5
_AFTER_FAILURE_SECONDS = 30.0
_TOO_LARGE_SECONDS = 300.0
_LOOSE_SHARE = 1_000
"""Rows are merged once one in so many is loose; fewer cost a query little."""
_MOST_COPIED_BYTES = 64 * 1024**2
"""More is not copied while a query waits."""
_REST = 4
"""Merges of one relation take at most a fifth of the time."""
_LARGE_SHARE = 4
"""A generation is made anew where more than one row in so many has changed."""
_LATELY = 16
"""A column that so many queries of its table in a row did not ask for is left out where space is short."""

_log = logging.getLogger(__name__)


class Relation:
    """`grown` is called whenever the generation takes more space."""

    def __init__(
        self,
        island: Island,
        maker: GenerationMaker,
        background: Background,
        at_once_rows: int,
        grown: Callable[[Relation], None],
    ) -> None:
        self.island = island
        self.generation: Generation | None = None
        self._maker = maker
        self._background = background
        self._at_once_rows = at_once_rows
        self._grown = grown
        self._making = threading.Lock()
        self._moving = threading.Lock()
        """Held while the generation is moved to another version, or replaced."""
        self._scan: Scan | None = None
        self._used: dict[int, int] = {}
        """When each column was asked for last, by its id, as a number of `_holds`."""
        self._holds = 0
        self._too_large: frozenset[int] | None = None
        self._too_large_until = 0.0
        self._not_before = 0.0
        self._merge_not_before = 0.0

    def hold(self, scan: Scan, fields: Sequence[Field], task: Task) -> Generation | None:
        """The generation of exactly this version with these columns, held until `Island.release`.

        None: there is none now. It is made or refreshed in the background, or at once if that is little work.
        """
        self._holds += 1
        self._used.update({one.id: self._holds for one in fields})
        if not _fits(self.generation, scan, fields):
            self._bring(scan, fields, task)
        generation = self.generation
        if generation is None or not _fits(generation, scan, fields):
            return None
        self._merge_soon(generation)
        return generation if self.island.hold(generation) else None

    def rows(self, scan: Scan) -> int | None:
        """The number of rows at exactly this version; None: they are not held now."""
        with self.island.lock:
            generation = self.generation
            if generation is None or generation.version != scan.version:
                return None
            return generation.rows

    def held(self, scan: Scan) -> bool:
        """Whether there is a generation of exactly this version. An older one is refreshed in the background."""
        generation = self.generation
        if generation is not None and generation.version < scan.version:
            self._refresh_soon(scan)
        return generation is not None and generation.version == scan.version

    @property
    def is_merged(self) -> bool:
        """Whether queries would merge nothing, now or after a rest."""
        generation = self.generation
        return generation is None or not _is_loose(generation)

    def drop(self) -> int:
        """Removes the generation, and forgets the columns that were not asked for lately. Returns the bytes that go
        with the last query that holds it. No-op while it is being moved."""
        if not self._moving.acquire(blocking=False):
            return 0
        generation, self.generation = self.generation, None
        self._moving.release()
        if generation is None:
            return 0
        self._scan = None
        self._used = {one: used for one, used in self._used.items() if self._holds - used < _LATELY}
        self.island.retire(generation)
        return generation.bytes if generation.holders else 0

    def drop_what_is_too_large(self) -> None:
        """Removes the generation. One with all its columns is not made again soon."""
        generation = self.generation
        if generation is not None:
            self.drop()
            self._used = {}
            self._too_large = frozenset(generation.fields)
            self._too_large_until = time.monotonic() + _TOO_LARGE_SECONDS

    def _postpone(self) -> None:
        """Makes no generation for some time."""
        self._not_before = time.monotonic() + _AFTER_FAILURE_SECONDS

    def _bring(self, scan: Scan, fields: Sequence[Field], task: Task) -> None:
        """Makes or refreshes the generation for the scan, now or in the background."""
        generation = self.generation
        if generation is not None and generation.version > scan.version:
            return
        if generation is None or not generation.holds(fields):
            self._make_soon(scan, fields, task)
        else:
            self._tried(lambda task: self._refresh(scan, task, self._at_once_rows), task)

    def _make_soon(self, scan: Scan, fields: Sequence[Field], task: Task) -> None:
        assert scan.snapshot is not None
        wanted = self._wanted(scan, fields)
        if wanted is None:
            return
        if scan.snapshot.rows > self._at_once_rows:
            self._soon("make", lambda task: self._make(scan, wanted, task))
        else:
            self._tried(lambda task: self._make(scan, wanted, task), task)

    def _wanted(self, scan: Scan, fields: Sequence[Field]) -> list[Field] | None:
        """The columns to make a generation with: those that were asked for, unless all of them are too many, else those
        that there are and `fields`. None: these are too many too."""
        held = self.generation.fields if self.generation is not None else {}
        for ids in (self._used.keys(), held.keys() | {one.id for one in fields}):
            if self._too_large is None or time.monotonic() >= self._too_large_until or not ids >= self._too_large:
                return [one for one in scan.shown.fields if one.id in ids]
        return None

    def _merge_soon(self, generation: Generation) -> None:
        if _is_loose(generation) and time.monotonic() >= self._merge_not_before:
            self._soon("merge", self._merge)

    def _refresh_soon(self, scan: Scan) -> None:
        self._soon("refresh", lambda task: self._refresh(scan, task))

    def _soon(self, kind: str, job: Job) -> None:
        self._background.add((id(self), kind), lambda task: self._tried(job, task))

    def _tried(self, job: Job, task: Task) -> None:
        """Does the job. If it fails, the queries that read the files themselves tell why."""
        if time.monotonic() < self._not_before or not self.island.alive:
            return
        try:
            job(task)
        except (SupertableError, *ENGINE_ERRORS) as error:
            if not task.stopped():
                _log.info("A generation was not made or refreshed: %s", type(error).__name__)
                self._postpone()

    def _make(self, scan: Scan, fields: Sequence[Field], task: Task) -> None:
        """Makes a generation from files; no-op while another is made."""
        if not self._making.acquire(blocking=False):
            return
        try:
            old = self.generation
            if old is None or old.version < scan.version or not old.holds(fields):
                self._replace(old, self._maker.made(self.island, scan, fields, task), scan, task)
        finally:
            self._making.release()

    def _merge(self, task: Task) -> None:
        with self._making:
            old, scan = self.generation, self._scan
            if old is None or scan is None or not self.island.hold(old):
                return
            began = time.monotonic()
            try:
                self._replace(old, self._maker.merged(self.island, old, task), scan, task)
            finally:
                self.island.release(old)
                self._merge_not_before = time.monotonic() + _REST * (time.monotonic() - began)

    def _replace(self, old: Generation | None, new: Generation, scan: Scan, task: Task) -> None:
        """Puts `new`, made for `scan`, in the place of `old`, once it has caught up with what came meanwhile."""
        last: Generation | None = None
        latest: Scan | None = None
        try:
            with self._moving:
                if self.generation is old:
                    latest = self._scan if old is not None and old.version >= new.version else scan
                    last = self._caught_up(new, latest, task)
                if last is not None:
                    self.generation, self._scan = last, latest
        finally:
            if last is not new:
                self.island.retire(new)
        if last is not None and old is not None:
            self.island.retire(old)
        self._grown(self)

    def _caught_up(self, new: Generation, scan: Scan | None, task: Task) -> Generation | None:
        """The generation, which is not in use yet, at the version of `scan`; None: it does not fit any more."""
        if scan is None or not _fits_columns(new, scan):
            return None
        if new.version == scan.version:
            return new
        return self._maker.refreshed(self.island, new, scan, self._maker.difference(new, scan), task)

    def _refresh(self, scan: Scan, task: Task, at_most: int | None = None) -> None:
        """Moves the generation to the version of `scan`. Where more than `at_most` rows changed, it is done in the
        background; where very many changed, or the columns did, a new one is made."""
        if not self._moving.acquire(timeout=_WAIT_SECONDS):
            return
        make = later = False
        try:
            generation = self.generation
            if generation is None or generation.version >= scan.version:
                return
            make = not _fits_columns(generation, scan)
            if not make:
                found = self._maker.difference(generation, scan)
                make = found.rows * _LARGE_SHARE > generation.rows + self._at_once_rows
                later = at_most is not None and (found.rows > at_most or self._copies_much(generation))
                if not make and not later:
                    self.generation = self._maker.refreshed(self.island, generation, scan, found, task)
                    self._scan = scan
                    if self.generation is not generation:
                        self.island.retire(generation)
        finally:
            self._moving.release()
        if make:
            self._make_soon(scan, (), task)
        elif later:
            self._refresh_soon(scan)
        else:
            self._grown(self)

    def _copies_much(self, generation: Generation) -> bool:
        return isinstance(self.island, PublishingIsland) and generation.bytes > _MOST_COPIED_BYTES


def _fits(generation: Generation | None, scan: Scan, fields: Sequence[Field]) -> bool:
    return generation is not None and generation.version == scan.version and generation.holds(fields)


def _fits_columns(generation: Generation, scan: Scan) -> bool:
    """Whether the scan has all columns of the generation, with the same types."""
    types = {one.id: one.type for one in scan.shown.fields}
    return all(types.get(one.id) == one.type for one in generation.fields.values())


def _is_loose(generation: Generation) -> bool:
    return generation.loose * _LOOSE_SHARE > generation.rows

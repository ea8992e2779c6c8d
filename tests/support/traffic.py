"""Writers and readers that run while a server fails, and what was acknowledged, lost, doubled or stale."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

import supertable
from supertable.domain.errors import CommitUncertain, Conflict, Unavailable
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.failure_table import Failure

_TABLES = ("t", "u")
_SCHEMA = pa.schema([("writer", pa.int64()), ("turn", pa.int64())])


@dataclass
class Traffic:
    """Threads that write and read. Each has its own lake, as a process would, and continues after every failure.

    `acknowledged`: by table, the acknowledged versions and the write that made each. `stale`: reads of a version older
    than one acknowledged before they began. `unexpected_errors`: errors other than those of a failing server.
    """

    home: Path
    writers: int = 3
    readers: int = 2
    acknowledged: dict[str, dict[int, str]] = field(default_factory=lambda: {name: {} for name in _TABLES})
    stale: list[str] = field(default_factory=list)
    unexpected_errors: list[str] = field(default_factory=list)
    reads: int = 0
    failed_reads: int = 0
    failed_writes: int = 0

    @contextmanager
    def running(self) -> Iterator[Traffic]:
        with supertable.connect(home=self.home) as lake:
            for name in _TABLES:
                lake.create_table(name, _SCHEMA)
        stop = threading.Event()
        threads = [threading.Thread(target=self._write, args=(number, stop)) for number in range(self.writers)]
        threads += [threading.Thread(target=self._read, args=(number, stop)) for number in range(self.readers)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def seconds_until_written(self, within: float = 30) -> float:
        """Seconds from now until the next write is acknowledged. Fails after `within` seconds."""
        started, before = time.monotonic(), self._count()
        while self._count() == before:
            assert time.monotonic() - started < within, f"no write was acknowledged: {self}"
            time.sleep(0.005)
        return time.monotonic() - started

    def lost(self) -> list[str]:
        """The acknowledged writes that are missing from the history after a catalog rebuild from storage."""
        missing = []
        with supertable.connect(home=self.home) as lake:
            lake.rebuild_catalog()
            for name, versions in self.acknowledged.items():
                kept = {commit.version: commit.properties.get("by") for commit in lake.table(name).history(100_000)}
                missing += [f"{name} {version}" for version, by in versions.items() if kept.get(version) != by]
        return missing

    def doubled(self) -> list[str]:
        """The writes that are in a history more than once."""
        with supertable.connect(home=self.home) as lake:
            kept = Counter(
                commit.properties.get("by") for name in _TABLES for commit in lake.table(name).history(100_000)
            )
        return [by for by, times in kept.items() if by and times > 1]

    def failure(self, fault: str, times: int, recovery_seconds: float) -> Failure:
        """The row in the table of failures. `recovery_seconds`: from the fault's end to the next write."""
        return Failure(
            where="Redis (Valkey)",
            fault=fault,
            times=times,
            acknowledged=self._count(),
            lost=len(self.lost()),
            doubled=len(self.doubled()),
            stale=len(self.stale),
            failed=self.failed_writes + self.failed_reads,
            recovery_seconds=recovery_seconds,
        )

    def _count(self) -> int:
        return sum(len(versions) for versions in self.acknowledged.values())

    def _write(self, number: int, stop: threading.Event) -> None:
        with supertable.connect(home=self.home) as lake:
            turn = 0
            while not stop.is_set():
                turn += 1
                self._write_once(
                    lake, _TABLES[turn % 2], f"{number}-{turn}", pa.table([[number], [turn]], schema=_SCHEMA)
                )

    def _write_once(self, lake: Lake, name: str, by: str, rows: pa.Table) -> None:
        try:
            result = lake.write(name, rows, properties={"by": by})
            self.acknowledged[name][result.version] = by
        except (Unavailable, CommitUncertain, Conflict):
            self.failed_writes += 1
            time.sleep(0.01)
        except Exception as error:  # noqa: BLE001 - the test reports it
            self.unexpected_errors.append(repr(error))

    def _read(self, number: int, stop: threading.Event) -> None:
        with supertable.connect(home=self.home) as lake:
            while not stop.is_set():
                name = _TABLES[number % 2]
                expected = max(self.acknowledged[name], default=1)
                try:
                    version = lake.table(name).info().version
                    if version < expected:
                        self.stale.append(f"{name}: {version}, and {expected} was acknowledged")
                    self.reads += 1
                except Unavailable:
                    self.failed_reads += 1
                except Exception as error:  # noqa: BLE001 - the test reports it
                    self.unexpected_errors.append(repr(error))
                time.sleep(0.001)

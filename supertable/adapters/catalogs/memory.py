"""A catalog in the memory of this process, for tests and demos."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Mapping

from supertable.application.ports.catalogs import Cut, Head

_KEPT_RECORDS = 128


class InMemoryCatalog:
    """Safe for any number of threads. Keeps the newest `kept_records` records of each log.

    An expected version stays pending until it is announced: all writers die with the process.
    """

    def __init__(self, kept_records: int = _KEPT_RECORDS) -> None:
        self._kept_records = kept_records
        self._lock = threading.Lock()
        self._identity = uuid.uuid4().hex
        self._versions: dict[str, int] = {}
        self._expected: dict[str, int] = {}
        self._records: dict[str, deque[bytes]] = {}

    def cut(self, known: Mapping[str, int]) -> Cut:
        with self._lock:
            return Cut(
                {log: self._head(log, version) for log, version in known.items() if log in self._versions},
                dict.fromkeys(known, self._identity),
                frozenset(log for log in known if self._expected.get(log, 0) > self._versions.get(log, 0)),
            )

    def expect(self, log: str, version: int) -> None:
        with self._lock:
            self._expected[log] = max(version, self._expected.get(log, 0))

    def advance(self, log: str, version: int, record: bytes) -> bool:
        with self._lock:
            present = self._versions.get(log, 0)
            if version <= present:
                return False
            if version != present + 1:
                self._records.pop(log, None)  # records never have gaps
            self._versions[log] = version
            self._records.setdefault(log, deque(maxlen=self._kept_records)).append(bytes(record))
            return True

    def forget_records(self, log: str, up_to: int) -> None:
        with self._lock:
            newer = max(0, self._versions.get(log, 0) - up_to)
            records = self._records.get(log, deque())
            while len(records) > newer:
                records.popleft()

    def logs(self, prefix: str) -> list[str]:
        with self._lock:
            return sorted(log for log in self._versions if log.startswith(prefix))

    def close(self) -> None:
        """No-op: nothing is open."""

    def clear(self, prefix: str) -> None:
        with self._lock:
            for log in [log for log in self._versions if log.startswith(prefix)]:
                del self._versions[log], self._records[log]
            self._identity = uuid.uuid4().hex

    def _head(self, log: str, known: int) -> Head:
        version = self._versions[log]
        newer = max(0, version - known)
        records = tuple(self._records[log])
        return Head(version, records[max(0, len(records) - newer) :])

"""The identity of the deployment in a store, and the check that commits are safe in that store."""

from __future__ import annotations

import json
import threading

from supertable.application.ports.clocks import Identifiers
from supertable.application.ports.object_stores import ObjectStore, PutAmbiguous, PutConflict
from supertable.domain.errors import ObjectDamaged, StoreUnavailable, UnsafeStore

DEPLOYMENT_KEY = "deployment.json"
"""An object, not a folder, so that it is not mistaken for an organization."""

_MOST_TRIES = 3


class Deployment:
    """The deployment's id is kept in its store, so that it is the same by whatever address the store is reached."""

    def __init__(self, store: ObjectStore, identifiers: Identifiers) -> None:
        self._store = store
        self._identifiers = identifiers
        self._lock = threading.Lock()
        self._id: str | None = None
        self._proven = False

    def id(self) -> str:
        """32 hex digits, created on first use. Raises `StoreUnavailable`, and `ObjectDamaged` for an unreadable id."""
        with self._lock:
            if self._id is None:
                self._id = _id_in(self._read() or self._create())
            return self._id

    def prove(self) -> None:
        """Raise `UnsafeStore` unless the store refuses a second put-if-absent of one key. Checks the store once."""
        if self._proven:
            return
        self.id()
        with self._lock:
            found = self._read()
            if found is not None and not self._is_second_put_refused(found):
                self._store.put(DEPLOYMENT_KEY, found)
                raise UnsafeStore(
                    "Object storage let a second put-if-absent (If-None-Match: *) replace an object. Commits would "
                    "overwrite each other there, so nothing was written. Use a store that supports conditional writes."
                )
            self._proven = found is not None

    def _read(self) -> bytes | None:
        return self._store.read(DEPLOYMENT_KEY)

    def _create(self) -> bytes:
        data = json.dumps({"format": 1, "deployment": self._identifiers.new()}).encode()
        for _ in range(_MOST_TRIES):
            try:
                self._store.put_if_absent(DEPLOYMENT_KEY, data)
                return data
            except PutConflict:
                found = self._read()
            except PutAmbiguous:
                found = self._store.settle(DEPLOYMENT_KEY)
            if found is not None:
                return found
        raise StoreUnavailable("create", DEPLOYMENT_KEY, "it gave no definite answer")

    def _is_second_put_refused(self, found: bytes) -> bool:
        other = found + b"\n"
        for _ in range(_MOST_TRIES):
            try:
                self._store.put_if_absent(DEPLOYMENT_KEY, other)
                return False
            except PutConflict:
                return self._read() == found
            except PutAmbiguous:
                if self._store.settle(DEPLOYMENT_KEY) != found:
                    return False
        raise StoreUnavailable("create", DEPLOYMENT_KEY, "it gave no definite answer")


def _id_in(data: bytes) -> str:
    try:
        found = json.loads(data)["deployment"]
    except (ValueError, TypeError, KeyError):
        found = None
    if not isinstance(found, str) or not found.isalnum():
        raise ObjectDamaged(DEPLOYMENT_KEY, "it has no deployment id")
    return found

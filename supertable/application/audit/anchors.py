"""The anchor of an audit log: an object apart from the log that records its end, so that a lost end is detected."""

from __future__ import annotations

import json
from dataclasses import dataclass

from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.sealed_objects import opened, sealed
from supertable.domain.audit import ChainEnd
from supertable.domain.errors import ObjectDamaged
from supertable.domain.storage_layout import audit_anchor


@dataclass(frozen=True, slots=True)
class Anchor:
    """The newest version of the log, and the last event in it."""

    version: int
    end: ChainEnd


class AuditAnchors:
    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def read(self, organization: str) -> Anchor | None:
        """The anchor, or None if it does not exist. Raises `ObjectDamaged`."""
        key = audit_anchor(organization)
        data = self._store.read(key)
        if data is None:
            return None
        try:
            found = json.loads(opened(key, data))
            return Anchor(int(found["version"]), ChainEnd(int(found["sequence"]), str(found["hash"])))
        except (ValueError, KeyError, TypeError) as error:
            raise ObjectDamaged(key, "it is not a valid anchor of an audit log") from error

    def put(self, organization: str, anchor: Anchor) -> None:
        key = audit_anchor(organization)
        body = {"format": 1, "version": anchor.version, "sequence": anchor.end.sequence, "hash": anchor.end.hash}
        self._store.put(key, sealed(key, json.dumps(body).encode()))

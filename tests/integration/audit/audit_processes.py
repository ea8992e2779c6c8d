"""Processes that record events, for tests that kill them."""

from __future__ import annotations

import os
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

import supertable
from supertable.domain.access.sessions import owner
from supertable.domain.audit import AuditKind

READY = b"\xff" * 8


class Descriptor:
    """Passes one end of a pipe to a process of the fork server, which receives its number."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __reduce__(self) -> Any:
        return _detached, (DupFd(self._descriptor),)


def _detached(pipe: Any) -> int:
    return int(pipe.detach())


def recorder(home: Path, acknowledged: int, start: int) -> None:
    """Record events without end, exporting now and then. Writes the number of each to the pipe once it is recorded."""
    with supertable.connect(home=home) as lake:
        audit, export = lake._container.audit(), lake._container.export_audit()
        os.write(acknowledged, READY)
        number = start
        while True:
            audit.record_action(owner("default"), AuditKind.QUERY, str(number))
            os.write(acknowledged, number.to_bytes(8))
            number += 1
            if number % 200 == 0:
                export("default")

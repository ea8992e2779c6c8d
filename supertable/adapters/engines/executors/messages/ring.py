"""Memory that a service shares with one executor: slots that the executor fills in turn and the service empties."""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterator, Sequence

from supertable.adapters.engines.executors.messages.frames import Buffer

_SLOTS = 8
_SLOT_BYTES = 2**20
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
"""An executor that shortened the memory would end the service."""


class Ring:
    """One end. `memory` and `free` are descriptors, which `close` closes; `free` counts the free slots."""

    def __init__(self, memory: int, free: int) -> None:
        self.descriptors = (memory, free)
        self._slots = memoryview(mmap.mmap(memory, _SLOTS * _SLOT_BYTES))
        self._free = free
        self._turn = 0

    @classmethod
    def create(cls) -> Ring:
        """The end of the service. Raises `OSError`."""
        memory = os.memfd_create("executor", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(memory, _SLOTS * _SLOT_BYTES)
            fcntl.fcntl(memory, fcntl.F_ADD_SEALS, _SEALS)
            return cls(memory, os.eventfd(_SLOTS, os.EFD_CLOEXEC | os.EFD_SEMAPHORE))
        except OSError:
            os.close(memory)
            raise

    def fill(self, parts: Sequence[Buffer]) -> Iterator[int]:
        """Copy the parts into slots, as soon as these are free. Yields the length of each slot that is filled."""
        slot, length = memoryview(b""), 0
        for part in parts:
            rest = memoryview(part).cast("B")
            while rest:
                if length == len(slot):
                    if length:
                        yield length
                    slot, length = self._next_free(), 0
                size = min(len(rest), len(slot) - length)
                slot[length : length + size] = rest[:size]
                rest = rest[size:]
                length += size
        if length:
            yield length

    def filled(self, length: int) -> memoryview:
        """What the next slot holds, until it is freed."""
        return self._next()[:length].toreadonly()

    def free(self) -> None:
        """Free the oldest slot that is in use."""
        os.eventfd_write(self._free, 1)

    def close(self) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)

    def _next_free(self) -> memoryview:
        os.eventfd_read(self._free)
        return self._next()

    def _next(self) -> memoryview:
        start = self._turn * _SLOT_BYTES
        self._turn = (self._turn + 1) % _SLOTS
        return self._slots[start : start + _SLOT_BYTES]

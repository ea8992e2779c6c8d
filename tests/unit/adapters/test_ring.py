"""Shared memory between a service and an executor: every byte arrives once, in order, and memory is bounded."""

from __future__ import annotations

import os
import random
import sys
import threading

import pytest

if sys.platform != "linux":
    pytest.skip("executors are for Linux", allow_module_level=True)

from supertable.adapters.engines.executors.messages.ring import Ring


def test_bytes_arrive_in_order_through_a_ring_that_is_smaller_than_they_are() -> None:
    parts = [random.Random(size).randbytes(size) for size in (0, 1, 2**20 - 1, 1, 2**20, 0, 11 * 2**20 + 5, 7)]
    service = Ring.create()
    executor = Ring(*service.descriptors)
    lengths: list[int] = []
    filled = threading.Semaphore(0)

    def fill() -> None:
        for one in ([], parts[:3], parts[3:]):
            for length in executor.fill(one):
                lengths.append(length)
                filled.release()

    thread = threading.Thread(target=fill)
    thread.start()
    taken = b""
    while len(taken) < sum(map(len, parts)):
        assert filled.acquire(timeout=10)
        taken += service.filled(lengths.pop(0))
        service.free()
    thread.join()
    service.close()
    assert taken == b"".join(parts)


def test_an_executor_waits_while_no_slot_is_free() -> None:
    service = Ring.create()
    executor = Ring(*service.descriptors)
    lengths: list[int] = []
    thread = threading.Thread(target=lambda: lengths.extend(executor.fill([bytes(9 * 2**20)])))
    thread.start()
    thread.join(0.2)
    assert thread.is_alive()
    service.filled(2**20)
    service.free()
    thread.join(10)
    assert lengths == [2**20] * 9
    service.close()


def test_an_executor_cannot_shorten_the_memory_that_the_service_reads() -> None:
    service = Ring.create()
    with pytest.raises(PermissionError):
        os.ftruncate(service.descriptors[0], 0)
    service.close()

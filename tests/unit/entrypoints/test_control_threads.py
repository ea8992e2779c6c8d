"""Signing in, health and metrics run while all other threads are taken."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from supertable.entrypoints.web.control_threads import in_control_thread


def test_it_runs_while_the_threads_of_other_work_are_taken() -> None:
    async def both() -> str:
        released = threading.Event()
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        taken = loop.run_in_executor(None, released.wait, 30)
        name = await asyncio.wait_for(in_control_thread(lambda: threading.current_thread().name), 10)
        assert not taken.done()
        released.set()
        await taken
        return name

    assert asyncio.run(both()).startswith("control")


def test_it_raises_what_the_work_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_control_thread(lambda: 1 // 0))

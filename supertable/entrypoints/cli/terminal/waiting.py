"""A line on standard error while a query runs for long."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_FIRST_SECONDS, _NEXT_SECONDS = 1.0, 0.2
_CLEAR = "\r\x1b[K"


@contextmanager
def waiting(quiet: bool = False) -> Iterator[None]:
    """During the block, from its second second on, a terminal shows how long it has taken. Else nothing is shown."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    shower = threading.Thread(target=_show, args=(done,), daemon=True)
    shower.start()
    try:
        yield
    finally:
        done.set()
        shower.join()


def _show(done: threading.Event) -> None:
    started = time.monotonic()
    if done.wait(_FIRST_SECONDS):
        return
    while not done.wait(_NEXT_SECONDS):
        sys.stderr.write(f"{_CLEAR}Running for {time.monotonic() - started:.1f} s. Ctrl+C cancels it.")
        sys.stderr.flush()
    sys.stderr.write(_CLEAR)
    sys.stderr.flush()

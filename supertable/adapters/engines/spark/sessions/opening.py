"""Opening a session cannot be stopped: a query that is stopped meanwhile leaves it to be closed once it is open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from supertable.adapters.engines.spark.sessions.session import Session
from supertable.application.ports.engines.running_queries import Stopped
from supertable.domain.errors import QueryCancelled, QueryTimeout

_LOOK_SECONDS = 0.05


def opened(take: Callable[[], Session], ends_at: float | None, stopped: Stopped) -> Session:
    """What `take` returns. Raises what it raises, `QueryCancelled`, and `QueryTimeout`."""
    opening: Future[Session] = Future()
    threading.Thread(target=_open, args=(take, opening), daemon=True).start()
    while not opening.done():
        late = ends_at is not None and time.monotonic() > ends_at
        if stopped() or late:
            opening.add_done_callback(_end)
            raise QueryCancelled if stopped() else QueryTimeout(0)
        try:
            opening.exception(_LOOK_SECONDS)
        except TimeoutError:
            continue
    return opening.result()


def _open(take: Callable[[], Session], opening: Future[Session]) -> None:
    try:
        session = take()
    except BaseException as error:  # noqa: BLE001 - raised by who waits
        opening.set_exception(error)
    else:
        opening.set_result(session)


def _end(opening: Future[Session]) -> None:
    if opening.exception() is None:
        opening.result().close()

"""One executor, as the service sees it: its socket, and its end by a kill."""

from __future__ import annotations

import os
import pickle
import select
import shutil
import signal
import socket
import time
from contextlib import suppress

from supertable.adapters.engines.executors.messages.frames import Kind, Lost, receive_header, send
from supertable.adapters.engines.executors.messages.requests import (
    LONG_SECONDS,
    ExecutorLimits,
    InstanceOptions,
    Request,
    pickled,
)
from supertable.adapters.engines.executors.messages.ring import Ring

_BEGIN_SECONDS = 30


class Executor:
    """A child process. One thread uses it at a time; `kill` may be called from any.

    `spilled`: the folder of its temporary files, which is removed with it.
    """

    def __init__(
        self, number: int, end: socket.socket, ring: Ring, options: InstanceOptions, limits: ExecutorLimits
    ) -> None:
        self.socket = end
        self.ring = ring
        self.spilled = options.temp_directory / f"executor-{number}"
        self._process = os.pidfd_open(number)
        self._number = number
        self._killed = False
        self._began = time.monotonic()
        send(end, Kind.REQUEST, pickle.dumps((options, limits)))

    @property
    def number(self) -> int:
        """The number of the process."""
        return self._number

    @property
    def ended(self) -> bool:
        """Whether the process was killed or has ended."""
        if self._killed:
            return True
        poll = select.poll()  # unlike `select`, it takes descriptors above 1023
        poll.register(self._process, select.POLLIN)
        return bool(poll.poll(0))

    def await_ready(self) -> None:
        """Wait until it takes requests. Raises `Lost` if it ends before."""
        receive_header(self.socket)

    @property
    def serves_again(self) -> bool:
        """Whether it may serve another request: it lives, and the last one did not take long."""
        return not self.ended and time.monotonic() - self._began < LONG_SECONDS

    def begin(self, request: Request) -> None:
        """Raises `Lost` if the process ended or hung before it began the request, which is then safe to try again."""
        self._began = time.monotonic()
        self.socket.settimeout(_BEGIN_SECONDS)
        try:
            send(self.socket, Kind.REQUEST, pickled(request))
            receive_header(self.socket)
        except TimeoutError:
            raise Lost from None

    def kill(self) -> None:
        """End the process at once, whatever it does: reads of its socket then raise `Lost`."""
        if not self._killed:
            self._killed = True
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def remove(self) -> None:
        """Kill it and free what it held. Only by the thread that uses it."""
        self.kill()
        self.socket.close()
        self.ring.close()
        os.close(self._process)
        shutil.rmtree(self.spilled, ignore_errors=True)

"""The process that executors are forked from. It has loaded what they need, and no threads, secrets or data.

It reads socket ends and shared memory for new executors from a socket, and answers each with the number of a process.
When the service ends, however that happens, the socket ends; so does this process, and the kernel kills its children at
that.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import socket
import struct
import sys

from supertable.adapters.engines.executors import child
from supertable.adapters.engines.executors.messages.ring import Ring
from supertable.application.storage.unused_packages import leave_pandas_out

NUMBER = struct.Struct(">I")
GIVEN = 3
"""The number of descriptors of a new executor: its socket and its `Ring`."""
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """The arguments are the descriptor of the socket, and a module to load that executors need besides."""
    control = socket.socket(fileno=int(sys.argv[1]))
    leave_pandas_out()
    importlib.import_module(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets ended children at once
    nursery = os.getpid()
    control.sendall(NUMBER.pack(nursery))
    while True:
        _, given, _, _ = socket.recv_fds(control, 1, GIVEN)
        if not given:
            return
        number = os.fork()
        if not number:
            control.close()
            _die_with(nursery)
            child.main(socket.socket(fileno=given[0]), Ring(*given[1:]))
            os._exit(0)
        for descriptor in given:
            os.close(descriptor)
        control.sendall(NUMBER.pack(number))


def _die_with(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)

"""The resident memory of a process, from Linux."""

from __future__ import annotations

import os
from pathlib import Path


def resident_bytes(process: int | None = None) -> int:
    fields = Path(f"/proc/{process or os.getpid()}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def peak_bytes(process: int | None = None) -> int:
    """The most that it ever had."""
    lines = Path(f"/proc/{process or os.getpid()}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))

"""Disks that a test may fill or make read-only. Without the privilege to mount, the test is skipped."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 64 MiB at a new folder."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder))
    yield folder
    _unmount(folder)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """The folder is read-only inside the block. Files that are open for writing stay so."""
    _mount("--bind", str(folder), str(folder))
    try:
        _mount("-o", "remount,bind,ro", str(folder))
        yield
    finally:
        _unmount(folder)


def _mount(*options: str) -> None:
    if subprocess.run(["mount", *options], capture_output=True).returncode:
        pytest.skip("mounting a disk needs privileges")


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", str(folder)], check=True)

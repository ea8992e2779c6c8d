"""Durations as parameters: a timedelta, or a number of seconds."""

from __future__ import annotations

from datetime import timedelta

Duration = timedelta | float
"""A number means seconds."""


def seconds(duration: Duration) -> float:
    """The duration in seconds."""
    return duration.total_seconds() if isinstance(duration, timedelta) else duration


def optional_seconds(duration: Duration | None) -> float | None:
    """The duration in seconds; None for None."""
    return None if duration is None else seconds(duration)

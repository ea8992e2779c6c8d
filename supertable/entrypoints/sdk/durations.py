"""Spans of time, as a caller may give them."""

from __future__ import annotations

from datetime import timedelta

Duration = timedelta | float
"""A number is seconds."""


def seconds(duration: Duration) -> float:
    return duration.total_seconds() if isinstance(duration, timedelta) else duration


def optional_seconds(duration: Duration | None) -> float | None:
    return None if duration is None else seconds(duration)

"""Spans of time, as a caller may give them."""

from __future__ import annotations

from datetime import timedelta


def seconds(duration: timedelta | float | None) -> float | None:
    return duration.total_seconds() if isinstance(duration, timedelta) else duration

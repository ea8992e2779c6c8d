"""Conversion of stored timestamps, which are microseconds since 1970 UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(microseconds: int) -> datetime:
    """The UTC datetime of `microseconds` since 1970 UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)

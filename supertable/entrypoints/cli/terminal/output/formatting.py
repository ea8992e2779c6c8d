"""Values as text for people: counts, sizes, times and properties."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime


def format_value(value: object) -> str:
    """A table cell: empty for None, yes or no for booleans, UTC for times, commas between list items."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def format_count(count: int | None, noun: str) -> str:
    """`1 row`, `2,000 rows`; `? rows` for None, a number that the caller may not see."""
    if count is None:
        return f"? {noun}s"
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_size(count: int | None) -> str:
    """A number of bytes in decimal units, like `1.2 kB`; empty for None, a number that the caller may not see."""
    if count is None:
        return ""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def format_properties(properties: Mapping[str, str]) -> str:
    """`source=erp; user=ann`."""
    return "; ".join(f"{key}={value}" for key, value in properties.items())

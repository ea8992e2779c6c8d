"""Spans of time on the command line: `7d`, `12h`, `30m`, `45s`, or a plain number of seconds."""

from __future__ import annotations

import re

import typer

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}


def parsed_seconds(text: str) -> float:
    """Raises `BadParameter`, for Typer to show."""
    matched = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw]?)\s*", text)
    if matched is None:
        raise typer.BadParameter(f"{text!r} is no span of time. Write 7d, 12h, 30m or 45s.")
    return float(matched[1]) * _UNITS[matched[2]]


def shown_seconds(seconds: float) -> str:
    """The largest unit that says it exactly: `7d`, `36h`."""
    for unit, length in (("d", 24 * 3600), ("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"

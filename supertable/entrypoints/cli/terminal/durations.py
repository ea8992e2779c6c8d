"""Durations on the command line: `7d`, `12h`, `30m`, `45s`, `2w`, or a plain number of seconds."""

from __future__ import annotations

import re

import typer

_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}


def parse_seconds(text: str) -> float:
    """A duration in seconds. Raises `BadParameter`, which Typer shows."""
    matched = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw]?)\s*", text)
    if matched is None:
        raise typer.BadParameter(f"{text!r} is not a duration. Write it like 7d, 12h, 30m or 45s.")
    return float(matched[1]) * _UNIT_SECONDS[matched[2]]


def format_seconds(seconds: float) -> str:
    """The duration in the largest unit that divides it evenly: `7d`, `36h`."""
    for unit, length in (("d", 24 * 3600), ("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"

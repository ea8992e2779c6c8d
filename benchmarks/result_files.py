"""Saving results as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def save(document: object, path: Path) -> None:
    """Write a result to a JSON file, with numbers rounded to three decimals. Creates the folder."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(_rounded(document), indent=1) + "\n")


def _rounded(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _rounded(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_rounded(value) for value in part]
    return round(part, 3) if isinstance(part, float) else part

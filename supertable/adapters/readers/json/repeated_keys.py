"""Objects with a key twice. Decoders keep the last value and say nothing, so that the others would be lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from supertable.domain.errors import UnreadableInput

_COLON, _QUOTE, _SPACE = b':" '


def require_distinct_keys(decoded: tuple[bytes, bool], keys: int, source: str, count: int) -> None:
    """Raises `UnreadableInput` for an object with a key twice.

    `decoded`: a text, and whether it has an object to a line. `keys`: how many keys the decoded rows have. `count`: the
    rows of the source before the text. The keys are only counted, unless that leaves a doubt.
    """
    text, is_lines = decoded
    if _counted_keys(text) == keys:
        return
    for number, document in enumerate(_lines(text) if is_lines else [text], count + 1):
        try:
            json.loads(document, object_pairs_hook=_distinct)
        except _RepeatedKey as error:
            row = f"row {number:,}: " if is_lines else ""
            raise UnreadableInput(source, f"{row}the key {error.args[0][:120]!r} occurs twice. Remove one.") from None
        except (ValueError, RecursionError):
            continue  # what is no JSON was refused already


def are_distinct_keys(texts: Sequence[bytes], keys: int) -> bool:
    """Whether no object has a key twice, without doubt. `keys`: how many the decoded rows have, none of them nested.

    A text has at least as many as its rows, so that equal sums mean equal numbers in each.
    """
    return _counted_keys(b"\n".join(texts)) == keys


def _counted_keys(text: bytes) -> int | None:
    """How many quotes are followed by a colon; None: a colon follows white space, so that this is no count of keys."""
    data = np.frombuffer(text, np.uint8)
    before = data[:-1][data[1:] == _COLON]
    return None if (before <= _SPACE).any() else int(np.count_nonzero(before == _QUOTE))


class _RepeatedKey(Exception):
    """Its argument is the key."""


def _lines(text: bytes) -> list[bytes]:
    return [line for line in text.split(b"\n") if line.strip()]


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise _RepeatedKey(next(key for key in keys if keys.count(key) > 1))

"""Conditions of deletes as SQL, and as functions of a row in Python that say whether they are true."""

from __future__ import annotations

from collections.abc import Callable

CONDITIONS: dict[str, Callable[[int | None, int | None, str | None], bool]] = {
    "seq IS NULL": lambda k, seq, v: seq is None,
    "v IS DISTINCT FROM 'a'": lambda k, seq, v: v != "a",
    "k % 3 = 1": lambda k, seq, v: k is not None and k % 3 == 1,
    "NOT (seq > 2)": lambda k, seq, v: seq is not None and not seq > 2,
    "k IN (1, 5, 9) OR v IS NULL": lambda k, seq, v: k in (1, 5, 9) or v is None,
    "k = seq OR (k IS NULL AND seq IS NULL)": lambda k, seq, v: k == seq,
    "k NOT BETWEEN 2 AND 10": lambda k, seq, v: k is not None and not 2 <= k <= 10,
    "CAST(k AS SMALLINT) + seq >= 12": lambda k, seq, v: k is not None and seq is not None and k + seq >= 12,
}

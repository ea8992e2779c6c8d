"""The number and pace of attempts of a commit that loses to concurrent ones."""

from __future__ import annotations

from collections.abc import Iterator

from supertable.application.ports.clocks import Clock, Identifiers

MOST_ATTEMPTS = 64
_FIRST_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE_SECONDS = 0.2


def attempts(clock: Clock, identifiers: Identifiers) -> Iterator[int]:
    """Attempt numbers from 0, with a pause before each but the first: growing, bounded and jittered."""
    for attempt in range(MOST_ATTEMPTS):
        if attempt:
            clock.sleep(min(_FIRST_PAUSE_SECONDS * 2**attempt, _LONGEST_PAUSE_SECONDS) * identifiers.jitter())
        yield attempt

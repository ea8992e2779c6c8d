"""When a log gets a checkpoint."""

from __future__ import annotations

SHORTEST_INTERVAL = 64
MOST_REPLAYED = 4096


def checkpoint_due(version: int, entries: int) -> bool:
    """Whether to write a checkpoint at `version` of a state with `entries` files (or tables).

    Small states get one every 64 versions. For larger ones the interval doubles with the size, so that the cost of
    a checkpoint, spread over the commits before it, stays at about 64 entries a commit.
    """
    interval = SHORTEST_INTERVAL
    while interval * SHORTEST_INTERVAL < entries:
        interval *= 2
    return version % interval == 0


def early_checkpoint_due(changed: int, entries: int) -> bool:
    """Whether to write one more checkpoint, since commits have changed many entries since the last one.

    So a reader replays few changes, and a checkpoint, spread over the changes before it, costs at most 16 entries each.
    """
    return changed >= max(MOST_REPLAYED, entries // 16)

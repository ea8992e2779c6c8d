"""Listings of servers that sort keys by their bytes, and of servers that sort them as a tree of folders."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from supertable.adapters.object_stores.cloud.ordered_listing import Level, ordered
from supertable.application.ports.object_stores import StoredObject

NAMES = ["0", "9", "a", "a-", "a-b", "a.b", "a0", "a=", "_", "Z"]


def level_of(keys: list[str], as_tree: bool) -> Level:
    """The listing of a server with these keys, which continues after a key in the server's own order."""

    def order(name: str) -> str:
        return name.rstrip("/") if as_tree else name

    def level(prefix: str, start_after: str) -> Iterator[StoredObject | str]:
        rests = {key: key[len(prefix) :].partition("/") for key in keys if key.startswith(prefix)}
        names = {prefix + name + slash for name, slash, _ in rests.values()}
        for name in sorted(names, key=order):
            if order(name) > start_after or (not as_tree and start_after.startswith(name) and name.endswith("/")):
                yield name if name.endswith("/") else StoredObject(name, 0, 0)

    return level


@pytest.mark.parametrize("as_tree", [True, False])
def test_both_kinds_of_servers_are_listed_in_the_same_order(as_tree: bool) -> None:
    chance = random.Random(3)
    for _ in range(100):
        folders = ["/".join(chance.choices(NAMES, k=chance.randint(0, 3))) for _ in range(20)]
        keys = sorted({f"{folder}/f{chance.choice(NAMES)}".lstrip("/") for folder in folders})
        level = level_of(keys, as_tree)
        for prefix in ["", keys[0][:1], chance.choice(keys)[: chance.randint(0, 6)]]:
            for after in ["", *keys, chance.choice(keys)[: chance.randint(0, 9)]]:
                found = [entry.key for entry in ordered(level, prefix, after)]
                assert found == [key for key in keys if key.startswith(prefix) and key > after]


def test_listing_the_end_of_a_folder_skips_its_beginning() -> None:
    keys = [f"t/log/{version:020d}" for version in range(1_000)]
    starts = []

    def level(prefix: str, start_after: str) -> Iterator[StoredObject | str]:
        starts.append(start_after)
        return level_of(keys, as_tree=False)(prefix, start_after)

    assert [entry.key for entry in ordered(level, "t/log/", keys[989])] == keys[990:]
    assert all(one < other for one, other in pairwise(["", *starts, keys[989]]))
    assert starts > [keys[900]]

from __future__ import annotations

import pytest

from supertable.domain.errors import NotFound, TableExists, TableNotFound
from supertable.domain.table.registry import Registry, RegistryAction, RegistryChange, RegistryCommit, replayed_registry

ADD, RENAME, DROP, UNDROP = RegistryAction.ADD, RegistryAction.RENAME, RegistryAction.DROP, RegistryAction.UNDROP
PURGE, TAG, UNTAG = RegistryAction.PURGE, RegistryAction.TAG, RegistryAction.UNTAG


def after(*changes: RegistryChange) -> Registry:
    commits = [RegistryCommit(f"{n}", n, n * 1_000, change) for n, change in enumerate(changes, start=1)]
    registry = replayed_registry(None, commits)
    assert registry is not None
    return registry


def add(table_id: str, name: str, origin: str | None = None, version: int = 0) -> RegistryChange:
    return RegistryChange(ADD, table_id, name, version, origin)


def test_the_name_of_a_dropped_table_is_free_and_the_table_can_be_restored() -> None:
    dropped = after(add("1", "T"), RegistryChange(DROP, "1"))
    assert dropped.tables == []
    dropped.require_free("t")
    with pytest.raises(TableNotFound, match="undrop"):
        dropped.find("t")
    back = after(add("1", "T"), RegistryChange(DROP, "1"), RegistryChange(UNDROP, "1", "T"))
    assert back.find("t").table_id == "1"
    assert back.dropped == []


def test_restoring_under_another_name_keeps_the_new_table_of_the_old_name() -> None:
    registry = after(add("1", "t"), RegistryChange(DROP, "1"), add("2", "T"), RegistryChange(UNDROP, "1", "old"))
    assert {entry.name: entry.table_id for entry in registry.tables} == {"T": "2", "old": "1"}


def test_purging_a_dropped_table_keeps_the_new_table_of_that_name() -> None:
    registry = after(add("1", "t"), RegistryChange(DROP, "1"), add("2", "t"), RegistryChange(PURGE, "1"))
    assert registry.find("t").table_id == "2"
    assert list(registry.entries) == ["2"]


def test_the_last_dropped_table_of_a_name_is_found() -> None:
    registry = after(add("1", "t"), RegistryChange(DROP, "1"), add("2", "T"), RegistryChange(DROP, "2"))
    assert registry.find_dropped("t").table_id == "2"
    assert [entry.table_id for entry in registry.dropped] == ["2", "1"]
    with pytest.raises(TableNotFound, match="--dropped"):
        registry.find_dropped("other")


def test_a_rename_may_change_case_only() -> None:
    registry = after(add("1", "t"), RegistryChange(RENAME, "1", "T"))
    assert registry.find("t").name == "T"
    with pytest.raises(TableExists):
        registry.require_free("t")


def test_the_current_entry_of_a_table_is_found_after_a_rename_but_not_after_a_drop() -> None:
    entry = after(add("1", "t")).find("t")
    assert after(add("1", "t"), RegistryChange(RENAME, "1", "u")).find_current(entry).name == "u"
    with pytest.raises(TableNotFound, match="undrop"):
        after(add("1", "t"), RegistryChange(DROP, "1"), add("2", "t")).find_current(entry)
    with pytest.raises(TableNotFound, match="a vacuum removed its rows"):
        after(add("1", "t"), RegistryChange(DROP, "1"), RegistryChange(PURGE, "1")).find_current(entry)


def test_tags_are_matched_without_case() -> None:
    registry = after(add("1", "t"), RegistryChange(TAG, "1", "v1.0", 3), RegistryChange(TAG, "1", "V1.0", 5))
    entry = registry.find("t")
    assert (dict(entry.tags), entry.tagged("v1.0"), set(entry.pinned)) == ({"V1.0": 5}, 5, {5})
    with pytest.raises(NotFound, match=r"'v2'; its tags: V1\.0\."):
        entry.tagged("v2")
    untagged = after(add("1", "t"), RegistryChange(TAG, "1", "a", 3), RegistryChange(UNTAG, "1", "A"))
    assert untagged.find("t").pinned == frozenset()


def test_a_clone_pins_the_versions_it_may_share_until_it_is_purged() -> None:
    history = [add("1", "t"), add("2", "clone", "1", 5), add("3", "clone_of_clone", "2", 7)]
    registry = after(*history)
    assert registry.entries["1"].clones == {"2": 5, "3": 5}
    assert registry.entries["2"].clones == {"3": 7}
    without = after(*history, RegistryChange(DROP, "2"), RegistryChange(DROP, "3"), RegistryChange(PURGE, "3"))
    assert without.entries["1"].clones == {"2": 5}
    assert without.entries["2"].clones == {}


def test_purging_a_clone_keeps_the_pins_of_its_own_clones() -> None:
    registry = after(
        add("1", "t"),
        add("2", "c", "1", 5),
        add("3", "cc", "2", 7),
        RegistryChange(DROP, "2"),
        RegistryChange(PURGE, "2"),
    )
    assert registry.entries["1"].clones == {"3": 5}


@pytest.mark.parametrize(
    "change", [add("2", "clone", "9", 1), RegistryChange(DROP, "9"), RegistryChange(TAG, "9", "x")]
)
def test_changes_to_unknown_tables_are_refused(change: RegistryChange) -> None:
    with pytest.raises(ValueError, match="does not have"):
        after(add("1", "t"), change)

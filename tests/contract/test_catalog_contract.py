"""The contract of catalogs. Runs once for each adapter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from supertable.application.ports.catalogs import Catalog, Head
from supertable.domain.errors import CatalogDamaged, CatalogUnavailable

Race = Callable[[int, Callable[[int], Any]], list[Any]]


def record(version: int, writer: int = 0) -> bytes:
    return f"record {version} of {writer}".encode()


@pytest.fixture
def checks_every_head(request: pytest.FixtureRequest, catalog_adapter: object) -> bool:
    return "sqlite" in request.node.callspec.params.values()


def epoch(catalog: Catalog) -> str:
    return catalog.cut({"a": 0}).epochs["a"]


def advance_to(catalog: Catalog, log: str, version: int) -> None:
    for number in range(1, version + 1):
        catalog.advance(log, number, record(number))


# heads and advance


def test_a_new_catalog_has_no_heads(catalog: Catalog) -> None:
    assert catalog.cut({"a": 0, "b": 3}).heads == {}
    assert catalog.cut({}).heads == {}
    assert catalog.logs("") == []


def test_every_handle_sees_an_advance(open_catalog: Callable[[], Catalog]) -> None:
    assert open_catalog().advance("a", 1, record(1))
    assert open_catalog().cut({"a": 0, "b": 0}).heads == {"a": Head(1, (record(1),))}


def test_a_head_never_goes_back(catalog: Catalog) -> None:
    assert catalog.advance("a", 5, record(5))
    assert not catalog.advance("a", 5, b"another")
    assert not catalog.advance("a", 4, record(4))
    assert not catalog.advance("a", 1, record(1))
    assert catalog.cut({"a": 0}).heads == {"a": Head(5, (record(5),))}


def test_only_records_newer_than_the_known_version_are_returned(catalog: Catalog) -> None:
    advance_to(catalog, "a", 10)
    for known in range(11):
        expected = tuple(record(version) for version in range(known + 1, 11))
        assert catalog.cut({"a": known}).heads == {"a": Head(10, expected)}
    assert catalog.cut({"a": 11}).heads == {"a": Head(10, ())}


def test_records_lead_up_to_the_head_without_a_gap(catalog: Catalog) -> None:
    advance_to(catalog, "a", 3)
    catalog.advance("a", 7, record(7))
    catalog.advance("a", 8, record(8))
    catalog.advance("a", 6, record(6))
    assert catalog.cut({"a": 0}).heads == {"a": Head(8, (record(7), record(8)))}
    assert catalog.cut({"a": 7}).heads == {"a": Head(8, (record(8),))}


def test_old_records_are_trimmed_and_the_newest_stay(catalog: Catalog) -> None:
    advance_to(catalog, "a", 300)
    (head,) = catalog.cut({"a": 0}).heads.values()
    assert head.version == 300
    assert head.records == tuple(record(version) for version in range(301 - len(head.records), 301))
    assert 100 <= len(head.records) <= 200


@pytest.mark.parametrize(("up_to", "left"), [(0, 5), (2, 3), (4, 1), (5, 0), (9, 0)])
def test_forgotten_records_are_gone_and_the_head_stays(
    open_catalog: Callable[[], Catalog], up_to: int, left: int
) -> None:
    catalog, other = open_catalog(), open_catalog()
    advance_to(catalog, "a", 5)
    advance_to(catalog, "b", 5)
    before = catalog.cut({"a": 0})
    catalog.forget_records("a", up_to)
    catalog.forget_records("none", up_to)
    kept = tuple(record(version) for version in range(6 - left, 6))
    assert other.cut({"a": 0, "b": 3, "none": 0}).heads == {"a": Head(5, kept), "b": Head(5, (record(4), record(5)))}
    assert other.cut({"a": 0}).epochs == before.epochs
    assert not other.advance("a", 5, b"again")
    assert other.advance("a", 6, record(6))
    assert catalog.cut({"a": 0}).heads == {"a": Head(6, (*kept, record(6)))}
    assert catalog.logs("") == ["a", "b"]


def test_records_may_contain_any_bytes(catalog: Catalog) -> None:
    records = [b"", b"\0", bytes(range(256)), b"x" * 1_000_000, "é".encode()]
    for version, data in enumerate(records, start=1):
        assert catalog.advance("a", version, data)
    assert catalog.cut({"a": 0}).heads["a"].records == tuple(records)


def test_a_thousand_logs_are_read_at_once(catalog: Catalog) -> None:
    logs = [f"acme/main/tables/{number:032x}" for number in range(1_000)]
    for log in logs:
        catalog.advance(log, 1, log.encode())
    heads = catalog.cut({**dict.fromkeys(logs, 0), "acme/main/tables/none": 0}).heads
    assert heads == {log: Head(1, (log.encode(),)) for log in logs}


def test_names_of_logs_may_contain_any_characters(catalog: Catalog) -> None:
    names = ["a'b", 'a"b', "a%", "a_", "a\\", "[a]", "$.a", "é", "a b", "a;--"]
    for number, name in enumerate(names, start=1):
        catalog.advance(name, number, name.encode())
    assert catalog.cut(dict.fromkeys(names, 0)).heads == {
        name: Head(number, (name.encode(),)) for number, name in enumerate(names, start=1)
    }
    assert catalog.logs("") == sorted(names)


def test_racing_advances_end_at_the_highest_and_each_version_is_won_once(
    open_catalog: Callable[[], Catalog], catalog_race: Race
) -> None:
    catalog = open_catalog()
    epoch(catalog)

    def advance_all(racer: int) -> list[int]:
        return [version for version in range(1, 101) if catalog.advance("a", version, record(version, racer))]

    won = catalog_race(8, advance_all)
    versions = [version for of_racer in won for version in of_racer]
    assert len(versions) == len(set(versions))
    winners = {version: racer for racer, of_racer in enumerate(won) for version in of_racer}
    (head,) = catalog.cut({"a": 0}).heads.values()
    assert head.version == 100
    first = 101 - len(head.records)
    assert head.records == tuple(record(version, winners[version]) for version in range(first, 101))


def test_racing_first_uses_create_one_catalog(open_catalog: Callable[[], Catalog], catalog_race: Race) -> None:
    def first_use(racer: int) -> str:
        catalog = open_catalog()
        assert catalog.advance(f"log-{racer}", 1, record(1))
        return epoch(catalog)

    epochs = catalog_race(8, first_use)
    assert len(set(epochs)) == 1
    assert open_catalog().logs("") == [f"log-{racer}" for racer in range(8)]


def test_a_cut_is_consistent_across_logs_that_advance_together(
    open_catalog: Callable[[], Catalog], catalog_race: Race
) -> None:
    catalog = open_catalog()
    steps = 150

    def write_or_read(racer: int) -> None:
        if racer == 0:
            for version in range(1, steps + 1):
                catalog.advance("a", version, record(version))
                catalog.advance("b", version, record(version))
            return
        seen_a = 0
        while seen_a < steps:
            heads = catalog.cut({"b": 0, "a": 0}).heads
            a, b = heads.get("a", Head(0, ())), heads.get("b", Head(0, ()))
            assert b.version <= a.version <= b.version + 1
            assert a.version >= seen_a
            for head in (a, b):
                first = head.version - len(head.records) + 1
                assert head.records == tuple(record(version) for version in range(first, head.version + 1))
            seen_a = a.version

    catalog_race(4, write_or_read)


# logs and clear


def test_logs_of_a_prefix_are_sorted_and_the_prefix_is_literal(catalog: Catalog) -> None:
    for log in ("a_b/1", "a_b/2", "axb/1", "a%b/1", "a/1", "a_b", "A_b/1", "b"):
        catalog.advance(log, 1, b"")
    assert catalog.logs("a_b/") == ["a_b/1", "a_b/2"]
    assert catalog.logs("a_b") == ["a_b", "a_b/1", "a_b/2"]
    assert catalog.logs("a%") == ["a%b/1"]
    assert catalog.logs("c") == []
    assert catalog.logs("") == sorted(["a_b/1", "a_b/2", "axb/1", "a%b/1", "a/1", "a_b", "A_b/1", "b"])


def test_clearing_removes_the_logs_of_one_prefix(catalog: Catalog) -> None:
    advance_to(catalog, "a_b/1", 5)
    advance_to(catalog, "axb/1", 5)
    catalog.clear("a_b/")
    assert catalog.logs("") == ["axb/1"]
    assert catalog.cut({"a_b/1": 0}).heads == {}
    assert catalog.advance("a_b/1", 2, b"two")
    assert catalog.cut({"a_b/1": 0}).heads == {"a_b/1": Head(2, (b"two",))}


def test_clearing_everything(catalog: Catalog) -> None:
    advance_to(catalog, "a", 3)
    catalog.clear("")
    assert catalog.logs("") == []


# expect: commits that may become durable without being announced


def test_an_expected_version_is_pending_until_it_is_announced(
    open_catalog: Callable[[], Catalog], checks_every_head: bool
) -> None:
    if checks_every_head:
        pytest.skip("every head is checked against storage anyway")
    catalog, other = open_catalog(), open_catalog()
    advance_to(catalog, "a", 3)
    advance_to(catalog, "b", 3)
    catalog.expect("a", 4)
    catalog.expect("a", 4)
    assert "a" in other.cut({"a": 0, "b": 0}).pending
    assert other.advance("a", 4, record(4))
    settled = epoch(other)
    catalog.expect("a", 4)
    catalog.expect("a", 6)
    other.advance("a", 5, record(5))
    assert "a" in catalog.cut({"a": 0}).pending
    other.advance("a", 6, record(6))
    assert epoch(catalog) == settled


# epochs: data that may have been lost


def test_the_epoch_is_the_same_for_every_handle_while_no_data_is_lost(
    open_catalog: Callable[[], Catalog],
) -> None:
    catalog = open_catalog()
    advance_to(catalog, "a", 1)
    first = epoch(catalog)
    advance_to(catalog, "a", 200)
    assert epoch(catalog) == first == epoch(open_catalog())


def test_clearing_changes_the_epoch(open_catalog: Callable[[], Catalog]) -> None:
    catalog, other = open_catalog(), open_catalog()
    advance_to(catalog, "a", 3)
    before = epoch(other)
    catalog.clear("nothing has this prefix")
    assert epoch(other) != before


def test_a_catalog_wiped_while_open_has_another_epoch_and_works(
    open_catalog: Callable[[], Catalog], wipe_catalog: Callable[[], None]
) -> None:
    catalog, other = open_catalog(), open_catalog()
    advance_to(catalog, "a", 3)
    epochs = {epoch(other)}
    for _ in range(3):
        wipe_catalog()
        assert catalog.cut({"a": 0}).heads == {}
        assert other.advance("a", 2, record(2))
        assert epoch(catalog) == epoch(other)
        assert epoch(catalog) not in epochs
        epochs.add(epoch(catalog))
        assert catalog.cut({"a": 0}).heads == {"a": Head(2, (record(2),))}


def test_a_catalog_wiped_under_racing_writers_ends_consistent(
    open_catalog: Callable[[], Catalog], wipe_catalog: Callable[[], None], catalog_race: Race
) -> None:
    catalog = open_catalog()
    advance_to(catalog, "a", 1)

    def advance_or_wipe(racer: int) -> None:
        for version in range(1, 41):
            if racer == 0 and version % 10 == 0:
                wipe_catalog()
            try:
                catalog.advance("a", version, record(version))
                heads = catalog.cut({"a": 0}).heads
            except CatalogUnavailable:
                continue
            if heads:
                first = heads["a"].version - len(heads["a"].records) + 1
                expected = tuple(record(number) for number in range(first, heads["a"].version + 1))
                assert heads["a"].records == expected

    catalog_race(4, advance_or_wipe)
    catalog.advance("a", 41, record(41))
    for handle in (catalog, open_catalog()):
        assert handle.cut({"a": 40}).heads == {"a": Head(41, (record(41),))}


# damage


def test_a_damaged_catalog_raises_an_error_at_every_use(
    open_catalog: Callable[[], Catalog], damage_catalog: Callable[[], None]
) -> None:
    catalog = open_catalog()
    advance_to(catalog, "a", 3)
    damage_catalog()
    uses: list[Callable[[Catalog], object]] = [
        lambda damaged: epoch(damaged),
        lambda damaged: damaged.cut({"a": 0}),
        lambda damaged: damaged.advance("a", 4, record(4)),
        lambda damaged: damaged.logs(""),
    ]
    for handle in (catalog, open_catalog()):
        for use in uses:
            with pytest.raises(CatalogDamaged, match="catalog rebuild"):
                use(handle)


def test_clearing_repairs_a_damaged_catalog_for_every_handle(
    open_catalog: Callable[[], Catalog], damage_catalog: Callable[[], None]
) -> None:
    catalog, other = open_catalog(), open_catalog()
    advance_to(catalog, "a", 3)
    before = epoch(other)
    damage_catalog()
    with pytest.raises(CatalogDamaged):
        other.cut({"a": 0})
    catalog.clear("")
    assert other.cut({"a": 0}).heads == {}
    assert other.advance("a", 3, record(3))
    assert epoch(other) == epoch(catalog) != before
    assert catalog.cut({"a": 0}).heads == {"a": Head(3, (record(3),))}

"""Roles: their permissions, grants, rules, masks and names."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from supertable.domain.access.masks import Mask, MaskKind, parsed_mask
from supertable.domain.access.role_changes import (
    checked_role,
    checked_role_name,
    require_no_rule,
    role_type,
    with_grants,
    with_rule,
    without_grant,
)
from supertable.domain.access.roles import Permission, Rights, Role, RoleType, TableRule, checked_pattern
from supertable.domain.errors import AlreadyExists, InvalidInput, InvalidName, NotFound
from supertable.domain.names import checked_text, checked_user

READER = Role("r", RoleType.READER)


def rule(table_id: str, name: str = "orders", columns: frozenset[int] | None = frozenset({1})) -> TableRule:
    return TableRule("main", table_id, name, columns)


@pytest.mark.parametrize(
    ("kind", "may"),
    [
        ("superadmin", {"rbac", "control", "write", "read", "meta"}),
        ("admin", {"control", "write", "read", "meta"}),
        ("writer", {"write", "read", "meta"}),
        ("reader", {"read", "meta"}),
        ("meta", {"meta"}),
    ],
)
def test_permissions_of_role_types(kind: str, may: set[str]) -> None:
    role = Role("x", role_type(kind))
    assert {permission.value for permission in Permission if role.may(permission)} == may
    assert role.reaches_all == ("control" in may)


@pytest.mark.parametrize(
    ("pattern", "reached", "not_reached"),
    [
        ("orders", ["main.orders", "sales.ORDERS"], ["main.orders2", "main.my_orders"]),
        ("sales_*", ["main.sales_eu", "main.SALES_"], ["main.sales", "main.a_sales_b"]),
        ("main.orders", ["main.orders", "MAIN.orders"], ["sales.orders"]),
        ("s*.o*s", ["sales.orders", "s.os"], ["main.orders", "sales.order"]),
        ("**", ["main.a"], []),
        ("a*b*c", ["main.abc", "main.axxbyyc"], ["main.acb", "main.abcd"]),
    ],
)
def test_patterns(pattern: str, reached: list[str], not_reached: list[str]) -> None:
    role = with_grants(READER, [pattern])
    for names, expected in ((reached, Rights()), (not_reached, None)):
        for name in names:
            supertable, table = name.split(".")
            assert role.rights(supertable, "1", table) == expected, name


@pytest.mark.parametrize(
    "pattern", ["", ".", "a.", ".a", "a.b.c", "a b", "a;b", "ö", "a\n", "x" * 129, "%", "a-b", None, 3]
)
def test_invalid_patterns_are_refused(pattern: object) -> None:
    with pytest.raises(InvalidName):
        checked_pattern(pattern)


def test_every_pattern_is_matched_quickly() -> None:
    role = with_grants(READER, ["*a" * 60 + "*b"])
    started = time.perf_counter()
    assert role.rights("main", "1", "a" * 128) is None
    assert time.perf_counter() - started < 30


def test_a_rule_overrides_patterns_and_closes_other_tables_of_its_name() -> None:
    role = with_rule(with_grants(READER, ["*"]), rule("1"), {"1"})
    assert role.rights("main", "1", "orders") == Rights(rule("1"))
    assert role.rights("main", "1", "renamed") == Rights(rule("1"))
    assert role.rights("main", "2", "Orders") is None
    assert role.rights("sales", "2", "orders") == Rights()


def test_a_rule_without_columns_closes_its_table() -> None:
    role = with_rule(with_grants(READER, ["*"]), rule("1", columns=frozenset()), {"1"})
    assert role.rights("main", "1", "orders") is None


def test_a_new_rule_replaces_rules_for_dropped_tables_of_its_name() -> None:
    role = with_rule(with_rule(with_rule(READER, rule("1"), {"1"}), rule("2", "other"), {"1", "2"}), rule("3"), {"3"})
    assert set(role.rules) == {"2", "3"}
    dropped_only = with_rule(with_rule(READER, rule("1"), {"1"}), rule("3"), {"1", "3"})
    assert set(dropped_only.rules) == {"1", "3"}, "it may be brought back"


def test_grants_are_stored_once_and_revoked_by_their_pattern() -> None:
    role = with_grants(with_grants(READER, ["A", "b_*"]), ["a"])
    assert role.tables == ("a", "b_*")
    assert without_grant(role, "A", []).tables == ("b_*",)
    with pytest.raises(NotFound):
        without_grant(role, "b_1", [])
    with pytest.raises(AlreadyExists):
        require_no_rule(with_rule(role, rule("1"), {"1"}), {"1"})


@pytest.mark.parametrize("kind", [RoleType.SUPERADMIN, RoleType.ADMIN])
def test_roles_that_reach_all_tables_cannot_have_grants_or_rules(kind: RoleType) -> None:
    role = replace(READER, type=kind)
    with pytest.raises(InvalidInput, match="reaches all tables"):
        with_grants(role, ["orders"])
    with pytest.raises(InvalidInput, match="reaches all tables"):
        checked_role(with_rule(role, rule("1"), {"1"}))


def test_bounds_of_roles() -> None:
    with pytest.raises(InvalidInput, match="1,000 patterns"):
        with_grants(READER, [f"t{number}" for number in range(1_001)])
    with pytest.raises(InvalidInput, match="1,000 characters"):
        checked_role(replace(READER, comment="x" * 1_001))
    with pytest.raises(InvalidInput, match="Use one of superadmin, admin"):
        role_type("root")


@pytest.mark.parametrize("name", ["superadmin", "SuperAdmin", "", "a b", "a.b", "x" * 129, None])
def test_invalid_role_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        checked_role_name(name)


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("null", Mask(MaskKind.NULL)),
        ("hash", Mask(MaskKind.HASH)),
        ("constant:", Mask(MaskKind.CONSTANT)),
        ("constant:a:b'", Mask(MaskKind.CONSTANT, constant="a:b'")),
        ("first:2", Mask(MaskKind.PARTIAL, first=2)),
        ("last:4", Mask(MaskKind.PARTIAL, last=4)),
        ("first:2,last:4", Mask(MaskKind.PARTIAL, first=2, last=4)),
    ],
)
def test_the_text_of_a_mask_parses_to_the_same_mask(text: str, mask: Mask) -> None:
    assert parsed_mask(text) == mask
    assert str(mask) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "NULL", "none", "partial", "first", "first:", "first:0", "first:-1", "first:65", "first:40,last:40"),
        *("first:1,first:2", "first:1,", "first:9999999999", "last:٤"),
        *("constant", "constant:a\x00", "constant:" + "x" * 257),
    ],
)
def test_invalid_masks_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parsed_mask(text)


@pytest.mark.parametrize("name", ["ann", "ann@example.com", "a.b+c-d_1", "1"])
def test_valid_user_names(name: str) -> None:
    assert checked_user(name) == name


@pytest.mark.parametrize("name", ["", "@a", "a b", "a\n", "ö", "0" * 32, "ABCDEF" * 5 + "00", "x" * 129, None, 7])
def test_invalid_user_names_are_refused(name: object) -> None:
    with pytest.raises(InvalidName):
        checked_user(name)


@pytest.mark.parametrize("text", ["a\x00", "a\n", "\ud800", "x" * 11, None, 1])
def test_invalid_texts_are_refused(text: object) -> None:
    with pytest.raises(InvalidInput):
        checked_text("It", text, 10)

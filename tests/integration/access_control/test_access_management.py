"""Managing roles, users and tokens, over a local folder and over Valkey: results, permissions and races."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from supertable.config.container import Container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.accounts import Access, AccessAction, AccessChange, Token, User
from supertable.domain.access.roles import Role, RoleType
from supertable.domain.access.sessions import Session, owner
from supertable.domain.audit import AuditEvent
from supertable.domain.errors import (
    AccessDenied,
    AlreadyExists,
    InvalidInput,
    InvalidName,
    InvalidSchema,
    NotFound,
    NotSignedIn,
    Outdated,
    SupertableError,
    TableNotFound,
)
from supertable.entrypoints.sdk.access import RoleTypeName
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.servers.valkey import Valkey

ORDERS = pa.table({"id": [1, 2], "email": ["ann@x.de", "bob@y.de"], "region": ["EU", "US"]})


@pytest.fixture(params=["local", "valkey"])
def container(home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Container]:
    if request.param == "valkey":
        valkey: Valkey = request.getfixturevalue("valkey")
        for name, value in valkey.environment.items():
            monkeypatch.setenv(name, value)
    container = Container(settings=load_settings(home=home))
    yield container
    Lake(container, "main", owner("default")).close()


@pytest.fixture
def lake(container: Container) -> Lake:
    """The lake as its owner, with a table."""
    lake = Lake(container, "main", owner("default"))
    lake.create_table_from("orders", ORDERS, keys=["id"])
    return lake


def signed_in(lake: Lake, secret: str, role: str | None = None) -> Lake:
    return Lake(lake._container, "main", lake._container.sign_in()(lake.organization, secret, role))


def user_lake(lake: Lake, name: str, *roles: str) -> Lake:
    lake.users.create(name, roles)
    return signed_in(lake, lake.tokens.create("own", name).secret)


def fresh(lake: Lake) -> Lake:
    """The same lake with its own container, like another process."""
    return Lake(Container(settings=lake.settings), "main", owner("default"))


def rows(lake: Lake, sql: str = "SELECT * FROM orders ORDER BY id") -> list[dict[str, Any]]:
    return lake.sql(sql).arrow().to_pylist()


def test_a_role_sees_what_it_was_granted(lake: Lake) -> None:
    lake.roles.create("analyst", "reader", ["sales_*"], "read only")
    analyst = user_lake(lake, "ann", "analyst")
    assert analyst.tables() == []
    info = lake.roles.grant(
        "analyst", "orders", columns=["id", "email"], masks={"EMAIL": "last:4"}, where="region = 'EU'"
    )
    (rule,) = info.rules
    assert (rule.table, rule.columns, rule.masks, rule.closed) == ("orders", ["id", "email"], {"email": "last:4"}, None)
    assert rule.where == "\"region\" = 'EU'"
    assert rows(analyst) == [{"id": 1, "email": "****x.de"}]
    lake.roles.revoke("analyst", "orders")
    with pytest.raises(TableNotFound):
        rows(analyst)
    assert lake.roles.grant("analyst", "orders").tables == ["sales_*", "orders"]
    assert rows(analyst) == ORDERS.to_pylist()
    assert fresh(lake).roles.list() == lake.roles.list()


def test_rules_follow_renames_and_say_why_they_are_closed(lake: Lake) -> None:
    lake.roles.create("analyst", "reader")
    lake.roles.grant("analyst", "orders", columns="id", where="region = 'EU'")
    analyst = user_lake(lake, "ann", "analyst")
    lake.table("orders").rename_column("region", "land")
    lake.rename("orders", "sales")
    (rule,) = lake.roles.get("analyst").rules
    assert (rule.table, rule.where, rule.closed) == ("sales", "\"land\" = 'EU'", None)
    assert rows(analyst, "SELECT * FROM sales") == [{"id": 1}]
    lake.table("sales").drop_column("land")
    (rule,) = lake.roles.get("analyst").rules
    assert rule.closed
    with pytest.raises(AccessDenied):
        rows(analyst, "SELECT * FROM sales")
    lake.drop("sales")
    (rule,) = lake.roles.get("analyst").rules
    assert (rule.closed, rule.columns) == ("the table was dropped", [])
    assert lake.roles.revoke("analyst", "orders").rules == [], (
        "revoked by the name that the table had when it was granted"
    )


def test_tables_of_other_supertables_are_named_with_their_supertable(lake: Lake) -> None:
    other = Lake(lake._container, "sales", owner("default"))
    other.create_table_from("orders", ORDERS)
    lake.roles.create("analyst", "reader")
    lake.roles.grant("analyst", "sales.orders", columns="id")
    session = replace(owner("default"), role="analyst")
    assert rows(Lake(lake._container, "sales", session)) == [{"id": 1}, {"id": 2}]
    assert Lake(lake._container, "main", session).tables() == []
    assert lake.roles.revoke("analyst", "sales.orders").rules == []


@pytest.mark.parametrize(
    ("grant", "error"),
    [
        ({"table": "nosuch", "columns": ["id"]}, TableNotFound),
        ({"table": "orders", "columns": []}, InvalidInput),
        ({"table": "orders", "columns": ["nosuch"]}, InvalidSchema),
        ({"table": "orders", "columns": ["id"], "masks": {"email": "hash"}}, InvalidSchema),
        ({"table": "orders", "masks": {"email": "blur"}}, InvalidInput),
        ({"table": "orders", "masks": {"id": "last:1"}}, InvalidInput),
        ({"table": "orders", "columns": [1]}, InvalidInput),
        ({"table": "orders", "masks": {"email": 1}}, InvalidInput),
        ({"table": ["orders", "b"], "columns": ["id"]}, InvalidInput),
        ({"table": [1]}, InvalidName),
        ({"table": "orders", "where": "1 +"}, InvalidInput),
        ({"table": "orders", "where": "id IN (SELECT id FROM orders)"}, InvalidInput),
        ({"table": "orders", "where": ""}, InvalidInput),
        ({"table": "system.audit"}, InvalidInput),
        ({"table": "System.*"}, InvalidInput),
        ({"table": "system.audit", "columns": ["at"]}, InvalidInput),
        ({"table": "orders*", "columns": ["id"]}, InvalidName),
        ({"table": "a.b.c", "columns": ["id"]}, InvalidName),
        ({"table": "bad name"}, InvalidName),
    ],
)
def test_a_refused_grant_changes_nothing(lake: Lake, grant: dict[str, Any], error: type[Exception]) -> None:
    before = lake.roles.create("analyst", "reader")
    with pytest.raises(error):
        lake.roles.grant("analyst", **grant)
    assert lake.roles.get("analyst") == before


def test_a_whole_table_cannot_be_granted_while_a_rule_restricts_it(lake: Lake) -> None:
    lake.roles.create("analyst", "reader")
    lake.roles.grant("analyst", "orders", columns="id")
    with pytest.raises(AlreadyExists, match="Revoke it"):
        lake.roles.grant("analyst", ["main.orders"])
    lake.drop("orders")
    lake.create_table_from("orders", ORDERS)
    with pytest.raises(AlreadyExists, match="Revoke it"):
        lake.roles.grant("analyst", "orders")
    lake.roles.revoke("analyst", "orders")
    lake.roles.grant("analyst", "orders")
    assert rows(Lake(lake._container, "main", replace(owner("default"), role="analyst"))) == ORDERS.to_pylist()


def test_roles_that_control_have_no_rules(lake: Lake) -> None:
    lake.roles.create("boss", "admin")
    lake.roles.create("analyst", "reader")
    lake.roles.grant("analyst", "orders", columns="id")
    attempts: list[Callable[[], object]] = [
        lambda: lake.roles.create("boss2", "admin", ["orders"]),
        lambda: lake.roles.grant("boss", "orders"),
        lambda: lake.roles.grant("boss", "orders", columns="id"),
        lambda: lake.roles.alter("analyst", type="admin"),
    ]
    for attempt in attempts:
        with pytest.raises(InvalidInput, match="reaches all tables"):
            attempt()


@pytest.mark.parametrize("kind", ["admin", "writer", "reader", "meta"])
def test_only_superadmins_manage_access(lake: Lake, kind: RoleTypeName) -> None:
    lake.roles.create("r", kind)
    lake.roles.create("victim", "reader")
    lake.users.create("eve")
    foreign = lake.tokens.create("foreign", "eve").info.id
    caller = user_lake(lake, "ann", "r")
    before = lake.roles.list(), lake.users.list(), {token.id for token in lake.tokens.list()}
    attempts: list[Callable[[], object]] = [
        caller.roles.list,
        lambda: caller.roles.get("r"),
        lambda: caller.roles.create("x", "superadmin"),
        lambda: caller.roles.alter("r", type="superadmin"),
        lambda: caller.roles.drop("victim"),
        lambda: caller.roles.grant("r", "*"),
        lambda: caller.roles.grant("r", "orders", columns="id"),
        lambda: caller.roles.revoke("victim", "orders"),
        caller.users.list,
        lambda: caller.users.get("ann"),
        lambda: caller.users.create("x"),
        lambda: caller.users.alter("ann", roles=["r", "victim"]),
        lambda: caller.users.drop("eve"),
        lambda: caller.tokens.list("eve"),
        lambda: caller.tokens.create("x", "eve"),
    ]
    for attempt in attempts:
        with pytest.raises(AccessDenied):
            attempt()
    with pytest.raises(NotFound):
        caller.tokens.revoke(foreign)
    assert (lake.roles.list(), lake.users.list(), {token.id for token in lake.tokens.list()}) == before


def test_a_user_with_a_superadmin_role_manages_access_and_cannot_lock_the_owner_out(lake: Lake) -> None:
    lake.roles.create("security", "superadmin")
    ann = user_lake(lake, "ann", "security")
    for attempt in (
        lambda: ann.roles.create("superadmin", "reader"),
        lambda: ann.roles.drop("SUPERADMIN", force=True),
        lambda: ann.roles.alter("superadmin", type="meta"),
        lambda: ann.roles.grant("superadmin", "orders", columns="id"),
    ):
        with pytest.raises(InvalidName):
            attempt()
    with pytest.raises(NotFound):
        ann.users.create("bob", ["superadmin"])
    with pytest.raises(NotFound):
        ann.users.drop(owner("default").user)
    ann.roles.drop("security", force=True)
    with pytest.raises(AccessDenied):
        ann.roles.list()
    assert [info.name for info in lake.roles.list()] == ["superadmin"]
    assert rows(lake) == ORDERS.to_pylist()


def test_users_keep_their_hash_when_everything_else_changes(lake: Lake) -> None:
    lake.roles.create("a", "reader")
    lake.roles.create("B", "writer", ["*"])
    ann = lake.users.create("ann@example.com", ["a", "b", "A"], attributes={"region": "EU"})
    assert (ann.roles, ann.default_role, ann.attributes, ann.enabled) == (["a", "B"], "a", {"region": "EU"}, True)
    changed = lake.users.alter(ann.hash, name="Ann", roles="B", attributes={"region": "US"}, version=ann.version)
    assert (changed.hash, changed.name, changed.default_role) == (ann.hash, "Ann", "B")
    assert lake.users.get("ANN") == lake.users.get(ann.hash.upper()) == changed
    with pytest.raises(NotFound):
        lake.users.get("ann@example.com")
    assert fresh(lake).users.list() == [changed]
    lake.users.drop("ann")
    assert lake.users.list() == []
    assert lake.users.create("ann").hash != ann.hash


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"name": "bad name"}, InvalidName),
        ({"name": "0" * 32}, InvalidName),
        ({"name": "ANN"}, AlreadyExists),
        ({"name": "bob", "roles": ["nosuch"]}, NotFound),
        ({"name": "bob", "roles": ["no such"]}, InvalidName),
        ({"name": "bob", "roles": [3]}, InvalidName),
        ({"name": "bob", "enabled": "no"}, InvalidInput),
        ({"name": "bob", "attributes": {"": "x"}}, InvalidInput),
        ({"name": "bob", "attributes": {"a": 1}}, InvalidInput),
        ({"name": "bob", "attributes": {"a": "x" * 1_025}}, InvalidInput),
        ({"name": "bob", "attributes": {f"a{number}": "" for number in range(51)}}, InvalidInput),
    ],
)
def test_a_refused_user_changes_nothing(lake: Lake, given: dict[str, Any], error: type[Exception]) -> None:
    before = [lake.users.create("ann")]
    with pytest.raises(error):
        lake.users.create(**given)
    lake.users.create("other")
    with pytest.raises(error):
        lake.users.alter("other", **given)
    assert [user for user in lake.users.list() if user.name != "other"] == before


def test_changes_based_on_an_outdated_version_are_refused(lake: Lake) -> None:
    role = lake.roles.create("analyst", "reader")
    user = lake.users.create("ann")
    lake.roles.alter("analyst", comment="new", version=role.version)
    lake.users.alter("ann", enabled=False, version=user.version)
    for attempt in (
        lambda: lake.roles.alter("analyst", comment="x", version=role.version),
        lambda: lake.roles.grant("analyst", "a", version=role.version),
        lambda: lake.roles.grant("analyst", "orders", columns="id", version=role.version),
        lambda: lake.roles.revoke("analyst", "a", version=role.version),
        lambda: lake.roles.drop("analyst", version=role.version),
        lambda: lake.users.alter("ann", enabled=True, version=user.version),
        lambda: lake.users.drop("ann", version=user.version),
    ):
        with pytest.raises(Outdated):
            attempt()
    assert lake.roles.get("analyst").comment == "new"
    assert lake.users.get("ann").enabled is False


def test_disabling_a_user_ends_their_access_at_once(lake: Lake) -> None:
    lake.roles.create("analyst", "reader", ["*"])
    ann = user_lake(lake, "ann", "analyst")
    assert rows(ann)
    fresh(lake).users.alter("ann", enabled=False)
    for attempt in (ann.tables, lambda: ann.tokens.create("x"), lambda: rows(ann)):
        with pytest.raises(NotSignedIn):
            attempt()


def test_taking_a_role_away_takes_effect_at_once(lake: Lake) -> None:
    lake.roles.create("analyst", "reader", ["*"])
    lake.roles.create("other", "reader")
    ann = user_lake(lake, "ann", "analyst", "other")
    lake.users.alter("ann", roles="other")
    with pytest.raises(AccessDenied):
        rows(ann)


def test_a_role_in_use_is_dropped_only_with_force(lake: Lake) -> None:
    lake.roles.create("analyst", "reader", ["*"])
    lake.roles.create("other", "meta", ["*"])
    lake.users.create("ann", ["analyst", "other"])
    bound = lake.tokens.create("bound", "ann", role="analyst")
    with pytest.raises(InvalidInput, match="still in use"):
        lake.roles.drop("analyst")
    lake.roles.drop("ANALYST", force=True)
    assert lake.users.get("ann").roles == ["other"]
    assert bound.info.id not in {token.id for token in lake.tokens.list()}
    lake.roles.create("analyst", "reader", ["*"])
    with pytest.raises(NotSignedIn):
        signed_in(lake, bound.secret)


def test_tokens_are_shown_once_and_only_their_digests_are_stored(lake: Lake, home: Path) -> None:
    made = lake.tokens.create("ci", expires_in=timedelta(hours=1))
    assert made.secret not in repr(made)
    assert made.secret.startswith("st_")
    stored = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file() and "access" in path.parts)
    assert b"put token" in stored
    assert made.secret.encode() not in stored
    assert made.secret.removeprefix("st_").encode() not in stored
    (listed,) = lake.tokens.list()
    assert listed == made.info
    assert listed.expires_at is not None
    assert abs(listed.expires_at - listed.created_at - timedelta(hours=1)) < timedelta(seconds=1)
    assert "digest" not in str(listed)
    assert rows(signed_in(lake, made.secret)) == ORDERS.to_pylist()
    lake.tokens.revoke(listed.id)
    with pytest.raises(NotSignedIn):
        signed_in(lake, made.secret)
    with pytest.raises(NotFound):
        lake.tokens.revoke(listed.id)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"name": ""}, InvalidInput),
        ({"name": "  "}, InvalidInput),
        ({"name": "a\nb"}, InvalidInput),
        ({"name": "x" * 129}, InvalidInput),
        ({"name": "own"}, AlreadyExists),
        ({"name": "t", "user": "nobody"}, NotFound),
        ({"name": "t", "role": "nosuch"}, NotFound),
        ({"name": "t", "role": "other"}, InvalidInput),
        ({"name": "t", "role": "no such"}, InvalidName),
        ({"name": "t", "expires_in": 0}, InvalidInput),
        ({"name": "t", "expires_in": -1}, InvalidInput),
        ({"name": "t", "expires_in": float("nan")}, InvalidInput),
        ({"name": "t", "expires_in": float("inf")}, InvalidInput),
    ],
)
def test_a_refused_token_changes_nothing(lake: Lake, given: dict[str, Any], error: type[Exception]) -> None:
    lake.roles.create("analyst", "reader")
    lake.roles.create("other", "reader")
    lake.users.create("ann", ["analyst"])
    lake.tokens.create("own", "ann")
    before = lake.tokens.list()
    with pytest.raises(error):
        lake.tokens.create(**{"user": "ann", **given})
    assert lake.tokens.list() == before


def test_own_tokens_never_permit_more_than_the_session(lake: Lake) -> None:
    lake.roles.create("analyst", "reader", ["*"])
    lake.roles.create("other", "writer", ["*"])
    lake.users.create("ann", ["analyst", "other"])
    wide = signed_in(lake, lake.tokens.create("wide", "ann", expires_in=3600).secret)
    made = wide.tokens.create("more", expires_in=None)
    assert made.info.role is None
    assert made.info.expires_at == lake.tokens.list("ann")[-1].expires_at, "not after the token that created it"
    narrow = signed_in(lake, lake.tokens.create("narrow", "ann", role="analyst").secret)
    assert narrow.tokens.create("like it").info.role == "analyst"
    assert narrow.tokens.create("like it too", role="Analyst").info.role == "analyst"
    with pytest.raises(AccessDenied, match="only"):
        narrow.tokens.create("broader", role="other")
    assert {token.name for token in narrow.tokens.list()} == {"narrow", "like it", "like it too"}
    with pytest.raises(NotFound):
        narrow.tokens.revoke(made.info.id)
    wide.tokens.revoke(made.info.id)
    with pytest.raises(AccessDenied):
        signed_in(lake, narrow.tokens.create("x").secret, "other")


def test_sessions_without_a_stored_token_create_tokens_for_their_role_and_lifetime_only(lake: Lake) -> None:
    lake.roles.create("analyst", "reader", ["*"])
    lake.roles.create("other", "writer", ["*"])
    ann = lake.users.create("ann", ["analyst", "other"])
    until = lake._container.clock().now_us() + 60_000_000
    session = Session("default", ann.hash, "ann", "analyst", until_us=until)
    made = Lake(lake._container, "main", session).tokens.create("t", expires_in=None)
    assert made.info.role == "analyst"
    assert made.info.expires_at is not None
    assert made.info.expires_at.timestamp() == pytest.approx(until / 1_000_000, abs=0.001)
    with pytest.raises(AccessDenied):
        Lake(lake._container, "main", session).tokens.create("u", role="other")


def test_external_users_have_no_tokens_here(lake: Lake) -> None:
    lake.roles.create("analyst", "reader", ["*"])
    session = Session("default", "f" * 32, "ann", "analyst", external=True)
    with pytest.raises(AccessDenied, match="another system"):
        Lake(lake._container, "main", session).tokens.create("t")


def test_an_owner_under_a_role_creates_tokens_for_that_role_only(lake: Lake) -> None:
    lake.roles.create("analyst", "reader", ["*"])
    limited = Lake(lake._container, "main", replace(owner("default"), role="analyst"))
    made = limited.tokens.create("t")
    assert made.info.role == "analyst"
    with pytest.raises(AccessDenied):
        limited.tokens.create("u", role="superadmin")
    with pytest.raises(AccessDenied):
        signed_in(lake, made.secret).roles.list()


def test_limits_of_an_organization(lake: Lake) -> None:
    log, by = lake._container.access_log(), owner("default").user

    def many(_: Access) -> list[AccessChange]:
        roles = [Role(f"r{number}", RoleType.READER) for number in range(1_000)]
        users = [User(f"{number:032x}", f"u{number}") for number in range(10_000)]
        tokens = [Token(f"{number:032x}", users[0].hash, f"t{number}", f"{number:064x}", 0) for number in range(100)]
        return [
            *(AccessChange(AccessAction.PUT_ROLE, role=role) for role in roles),
            *(AccessChange(AccessAction.PUT_USER, user=user) for user in users),
            *(AccessChange(AccessAction.PUT_TOKEN, token=token) for token in tokens),
        ]

    log.change("default", by, many)
    for attempt in (
        lambda: lake.roles.create("more", "reader"),
        lambda: lake.users.create("more"),
        lambda: lake.tokens.create("more", "u0"),
        lambda: lake.users.alter("u0", roles=[f"r{number}" for number in range(51)]),
    ):
        with pytest.raises(InvalidInput):
            attempt()
    assert (len(lake.roles.list()), len(lake.users.list()), len(lake.tokens.list())) == (1_001, 10_000, 100)
    lake.users.alter("u1", roles=["r1"])
    lake.tokens.create("more", "u1")


def run_concurrently(lake: Lake, *actions: Callable[[Lake], Any]) -> list[Any]:
    """The result or error of each action. They run at the same time, each with its own caches."""
    ready = threading.Barrier(len(actions))

    def run(action: Callable[[Lake], Any]) -> Any:
        own = fresh(lake)
        own.roles.list()
        ready.wait(30)
        try:
            return action(own)
        except SupertableError as error:
            return error
        finally:
            own.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def test_concurrent_changes_are_all_kept(lake: Lake) -> None:
    lake.roles.create("analyst", "reader")

    def granting(number: int) -> Callable[[Lake], Any]:
        return lambda own: own.roles.grant("analyst", f"t{number}")

    given = run_concurrently(lake, *(granting(number) for number in range(8)))
    assert not [error for error in given if isinstance(error, Exception)]
    assert set(lake.roles.get("analyst").tables) == {f"t{number}" for number in range(8)}


def test_of_concurrent_changes_to_one_version_only_one_succeeds(lake: Lake) -> None:
    version = lake.roles.create("analyst", "reader").version

    def commenting(comment: str) -> Callable[[Lake], Any]:
        return lambda own: own.roles.alter("analyst", comment=comment, version=version)

    given = run_concurrently(lake, *(commenting(comment) for comment in "abcd"))
    assert sorted(type(each).__name__ for each in given) == ["Outdated"] * 3 + ["RoleInfo"]


def test_a_role_is_not_dropped_while_a_user_gets_it(lake: Lake) -> None:
    def dropping(role: str) -> Callable[[Lake], Any]:
        return lambda own: own.roles.drop(role)

    def giving(role: str, user: str) -> Callable[[Lake], Any]:
        return lambda own: own.users.alter(user, roles=role)

    for turn in range(4):
        role = lake.roles.create(f"r{turn}", "reader").name
        user = lake.users.create(f"u{turn}").name
        run_concurrently(lake, dropping(role), giving(role, user))
        assert set(lake.users.get(user).roles) <= {info.name for info in lake.roles.list()}


def test_changes_and_refusals_are_audited_without_secrets(lake: Lake) -> None:
    lake.roles.create("analyst", "reader", ["sales_*"])
    lake.roles.grant("analyst", "orders", columns="id", where="email = 'bob@y.de'")
    ann = lake.users.create("ann", ["analyst"])
    token = lake.tokens.create("t", "ann")
    limited = signed_in(lake, token.secret)
    for attempt in (limited.users.list, lambda: limited.roles.create("x", "admin")):
        with pytest.raises(AccessDenied):
            attempt()
    lake.users.drop("ann")
    events: list[AuditEvent] = []
    lake._container.audit_journals().drain("default", lambda segment: events.extend(segment.events))
    recorded = [(event.kind.value, event.what, event.user, event.tables, event.outcome) for event in events]
    by = owner("default").user
    for expected in (
        ("grant", "put role analyst", by, ("sales_*",), "ok"),
        ("grant", "put role analyst", by, ("orders",), "ok"),
        ("grant", "put user ann", by, (), "ok"),
        ("grant", f"put token {token.info.id} of {ann.hash}", by, (), "ok"),
        ("grant", f"drop user {ann.hash}", by, (), "ok"),
        ("refusal", "see access", ann.hash, (), "AccessDenied"),
        ("refusal", "change access", ann.hash, (), "AccessDenied"),
    ):
        assert recorded.count(expected) == 1, expected
    assert token.secret not in str(events)
    assert "bob@y.de" not in str(events)


def test_of_two_users_who_drop_each_other_only_one_succeeds(lake: Lake) -> None:
    lake.roles.create("security", "superadmin")

    def dropping(who: str, victim: str) -> Callable[[Lake], Any]:
        session = user_lake(lake, who, "security")._namespace.session
        return lambda own: Lake(own._container, "main", session).users.drop(victim)

    for turn in range(4):
        one, other = f"a{turn}", f"b{turn}"
        given = run_concurrently(lake, dropping(one, other), dropping(other, one))
        assert sorted(type(each).__name__ for each in given) == ["NoneType", "NotSignedIn"]
        assert len([user for user in lake.users.list() if user.name in (one, other)]) == 1

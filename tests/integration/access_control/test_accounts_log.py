"""The log of roles and users: rules of clones, faults, damage, and catalogs that lose their data."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dependency_injector import providers

from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.config.container import Container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.sessions import Session, owner
from supertable.domain.errors import AccessDenied, Damaged, SupertableError, TableExists, TableNotFound
from supertable.domain.findings import Severity
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.servers.valkey import Valkey
from tests.support.budgets import todays
from tests.support.faulty_store import Crash, Fault, FaultyStore
from tests.support.interleaved_store import InterleavedStore

ROWS = pa.table({"id": [1, 2], "salary": [10, 20], "region": ["EU", "US"]})
PART = [{"id": 1, "region": "EU"}]


def opened(home: Path, session: Session | None = None) -> Lake:
    """A lake with its own container, like another process."""
    return Lake(Container(settings=load_settings(home=home)), "main", session or owner("default"))


def with_role(home: Path, role: str) -> Lake:
    return opened(home, replace(owner("default"), role=role))


def rows(lake: Lake, table: str) -> list[dict[str, Any]]:
    return lake.sql(f"SELECT * FROM {table} ORDER BY id").arrow().to_pylist()


def names(lake: Lake) -> list[str]:
    return [info.name for info in lake.tables()]


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    """A lake with a table of which the role `part` sees only a part, although it is granted all tables by pattern."""
    with opened(home) as lake:
        lake.create_table_from("pay", ROWS, keys=["id"])
        lake.roles.create("part", "reader", ["*"])
        lake.roles.create("boss", "admin")
        lake.roles.grant("part", "pay", columns=["id", "region"], where="region = 'EU'")
        yield lake


def test_a_role_sees_the_same_part_of_a_clone_as_of_its_origin(lake: Lake, home: Path) -> None:
    lake.write("pay", pa.table({"id": [3], "salary": [30], "region": ["EU"]}), mode="upsert")
    with_role(home, "boss").clone("pay", "copy")
    lake.clone("pay", "old", 2)
    lake.clone("copy", "copy_of_copy")
    part = with_role(home, "part")
    assert rows(part, "old") == PART
    assert rows(part, "copy") == rows(part, "copy_of_copy") == [*PART, {"id": 3, "region": "EU"}]
    lake.rename("copy", "open")
    assert [column.name for column in part.table("open").columns()] == ["id", "region"]


def test_a_clone_of_a_table_with_a_closed_name_is_closed_too(lake: Lake, home: Path) -> None:
    lake.drop("pay")
    lake.create_table_from("pay", ROWS)
    lake.create_table_from("free", ROWS)
    lake.clone("pay", "copy")
    lake.clone("free", "free_copy")
    part = with_role(home, "part")
    assert names(part) == ["free", "free_copy"]
    with pytest.raises(TableNotFound):
        rows(part, "copy")
    lake.roles.revoke("part", "copy")
    lake.roles.revoke("part", "pay")
    assert rows(part, "copy") == rows(part, "pay") == ROWS.to_pylist()


def test_repeated_cloning_leaves_one_rule_for_the_name(lake: Lake, home: Path) -> None:
    for _ in range(3):
        lake.clone("pay", "copy")
        lake.drop("copy")
        lake.vacuum(0, grace=0)
    lake.clone("pay", "copy")
    assert sorted(rule.table for rule in lake.roles.get("part").rules) == ["copy", "pay"]
    assert rows(with_role(home, "part"), "copy") == PART


def test_rules_survive_a_drop_and_an_undrop_under_another_name(lake: Lake, home: Path) -> None:
    lake.drop("pay")
    lake.undrop("pay", "wages")
    assert rows(with_role(home, "part"), "wages") == PART


def test_the_name_of_a_purged_table_stays_closed(lake: Lake, home: Path) -> None:
    lake.drop("pay")
    lake.vacuum(0, grace=0)
    assert lake.dropped_tables() == []
    lake.create_table_from("pay", ROWS)
    assert names(with_role(home, "part")) == []
    assert lake.roles.get("part").rules[0].closed == "the table was dropped"


def over_store(home: Path, store: Callable[[LocalObjectStore], FaultyStore]) -> tuple[Lake, FaultyStore]:
    container = Container(settings=load_settings(home=home))
    faulty = store(LocalObjectStore(home / "storage"))
    container.store.override(providers.Object(faulty))
    return Lake(container, "main", owner("default")), faulty


def test_the_rules_exist_before_the_clone_is_registered(lake: Lake, home: Path) -> None:
    counts: list[int] = []

    def count_rules() -> None:
        counts.append(len(lake.roles.get("part").rules))

    cloning, _ = over_store(
        home,
        lambda inner: InterleavedStore(
            inner, lambda step: step.startswith("put_if_absent default/main/catalog"), count_rules
        ),
    )
    cloning.clone("pay", "copy")
    assert counts == [2]


def test_a_clone_that_loses_its_name_to_another_table_leaves_no_rule(lake: Lake, home: Path) -> None:
    cloning, _ = over_store(
        home,
        lambda inner: InterleavedStore(
            inner,
            lambda step: step.startswith("put_if_absent default/main/catalog"),
            lambda: lake.create_table_from("copy", ROWS),
        ),
    )
    with pytest.raises(TableExists):
        cloning.clone("pay", "copy")
    assert rows(with_role(home, "part"), "copy") == ROWS.to_pylist()
    assert len(lake.roles.get("part").rules) == 1


@pytest.mark.parametrize("fault", Fault)
def test_no_fault_exposes_a_whole_clone(home: Path, lake: Lake, fault: Fault) -> None:
    """A fault at any step of cloning leaves either no clone, or one of which the role sees only its part."""
    faultless, probe = over_store(home, FaultyStore)
    faultless.clone("pay", "probe")
    steps = [number for number, call in enumerate(probe.calls, 1) if not call.startswith(("list", "folders"))]
    assert any("/-/access/log" in call for call in probe.calls)
    for step in todays(steps, f"clone {fault}"):
        name = f"copy{step}"
        cloning, _ = over_store(home, partial(FaultyStore, fault=fault, at=step))
        with suppress(SupertableError, Crash):
            cloning.clone("pay", name)
        part = with_role(home, "part")
        if name in names(opened(home)):
            assert rows(part, name) == PART, step
        else:
            assert name not in names(part)


def many_changes(lake: Lake, count: int = 70) -> None:
    for number in range(count):
        lake.roles.alter("boss", comment=f"{number}")


def records(home: Path, kind: str = "log") -> list[Path]:
    return sorted((home / "storage" / "default" / "-" / "access" / kind).iterdir())


def test_fsck_checks_the_log_of_roles(lake: Lake, home: Path) -> None:
    many_changes(lake)
    before = lake.roles.list()
    report = lake.fsck()
    assert report.sound
    assert (report.tables, report.checkpoints) == (1, 1)
    (checkpoint,) = records(home, "checkpoints")
    checkpoint.write_bytes(b"nonsense")
    damage = [finding.key for finding in opened(home).fsck().findings if finding.severity is Severity.DAMAGE]
    assert damage == [f"default/-/access/checkpoints/{checkpoint.name}"]
    assert opened(home).fsck(repair=True).sound
    checkpoint.unlink()
    assert opened(home).fsck(repair=True).sound
    assert checkpoint.exists()
    assert opened(home).roles.list() == before


def test_fsck_restores_a_damaged_record_from_the_catalog(lake: Lake, home: Path) -> None:
    before = lake.roles.list()
    record = records(home)[-1]
    intact = record.read_bytes()
    record.write_bytes(intact[:-3])
    report = opened(home).fsck()
    assert not report.sound
    assert report.findings[0].key.endswith(record.name)
    assert opened(home).fsck(repair=True).sound
    assert record.read_bytes() == intact
    assert opened(home).roles.list() == before


def test_an_unreadable_log_of_roles_grants_nothing(lake: Lake, home: Path) -> None:
    ann = lake.users.create("ann", ["part"])
    token = lake.tokens.create("t", "ann").secret
    for path in records(home):
        path.write_bytes(b"")
    damaged = opened(home)
    damaged.rebuild_catalog()
    assert rows(damaged, "pay") == ROWS.to_pylist(), "the owner needs no role from the log"
    for session in (Session("default", ann.hash, "ann", "part"), replace(owner("default"), role="part")):
        with pytest.raises(Damaged):
            names(opened(home, session))
    with pytest.raises(Damaged):
        opened(home)._container.sign_in()("default", token)
    report = opened(home).fsck()
    assert not report.sound
    assert any("only the superuser" in finding.what for finding in report.findings)


def test_a_missing_last_record_is_detected(lake: Lake, home: Path) -> None:
    """Otherwise, removing the last record would undo the rule that restricts the role."""
    records(home)[-1].unlink()
    with pytest.raises(Damaged):
        names(with_role(home, "part"))


def test_rebuilding_the_catalog_restores_the_log_of_roles(lake: Lake, home: Path) -> None:
    before = lake.roles.list()
    lake.close()
    shutil.rmtree(home / "catalog")
    assert rows(with_role(home, "part"), "pay") == PART
    shutil.rmtree(home / "catalog")
    report = opened(home).rebuild_catalog()
    assert (report.tables, report.logs) == (1, 3)
    assert opened(home).roles.list() == before
    assert rows(with_role(home, "part"), "pay") == PART


@pytest.fixture
def with_valkey(valkey: Valkey, home: Path, monkeypatch: pytest.MonkeyPatch) -> Valkey:
    for name, value in valkey.environment.items():
        monkeypatch.setenv(name, value)
    return valkey


@pytest.mark.usefixtures("with_valkey")
def test_losing_redis_neither_widens_nor_removes_access(valkey: Valkey, home: Path, request: Any) -> None:
    lake: Lake = request.getfixturevalue("lake")
    lake.users.create("ann", ["part"])
    token = lake.tokens.create("t", "ann").secret
    revoked = lake.tokens.create("revoked", "ann")
    part = opened(home, lake._container.sign_in()("default", token))
    assert rows(part, "pay") == PART
    lake.tokens.revoke(revoked.info.id)
    lake.users.alter("ann", attributes={"a": "b"})
    before = lake.roles.list(), lake.users.list(), [info.id for info in lake.tokens.list()]
    for act in ("wiped", "restarted", "away"):
        if act == "wiped":
            with valkey.client() as client:
                client.flushall()
        elif act == "restarted":
            valkey.restart()
        else:
            valkey.pause()
        try:
            for reader in (part, opened(home, lake._container.sign_in()("default", token))):
                assert rows(reader, "pay") == PART, act
                with pytest.raises(AccessDenied):
                    reader.roles.list()
            with pytest.raises(SupertableError):
                lake._container.sign_in()("default", revoked.secret)
            now = opened(home)
            assert (now.roles.list(), now.users.list(), [info.id for info in now.tokens.list()]) == before, act
        finally:
            if act == "away":
                valkey.resume()


def test_an_organization_without_a_log_has_no_roles(home: Path) -> None:
    with opened(home) as lake:
        lake.create_table_from("pay", ROWS)
        assert [info.name for info in lake.roles.list()] == ["superadmin"]
        assert lake.fsck().sound
    for role in ("part", "reader", "admin"):
        with pytest.raises(AccessDenied):
            names(with_role(home, role))

"""fsck: every kind of damage to every kind of object is found and reported, and repaired where that is possible."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import Damaged
from supertable.domain.findings import CheckReport, Finding, Severity
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.budgets import todays

pytestmark = pytest.mark.usefixtures("as_files")

SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.string())])
Rows = list[tuple[Any, ...]]


def table(ids: range, v: str) -> pa.Table:
    return pa.table([list(ids), [v] * len(ids)], schema=SCHEMA)


def rows(lake: Lake, source: str = "t") -> Rows:
    found = lake.sql(f"SELECT * FROM {source} ORDER BY ALL").arrow()
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of 142 versions, some of them expired, one of these tagged; a clone; a registry of 69 versions."""
    home = tmp_path_factory.mktemp("sound")
    with pytest.MonkeyPatch.context() as settings:
        settings.setenv("SUPERTABLE_INLINE_ROWS", "0")
        lake = supertable.connect(home=home)
    with lake:
        lake.create_table("t", SCHEMA, keys=["id"])
        for n in range(138):
            lake.write("t", table(range(n % 20, n % 20 + 3), f"{n}"), mode="upsert")
            if n == 80:
                lake.table("t").compact()
                lake.table("t").tag("kept", 70)
                lake.table("t").vacuum(0)
        lake.delete("t", where="id = 5")
        lake.clone("t", "copy")
        for n in range(66):
            lake.table("copy").tag("moving", 1) if n % 2 == 0 else lake.table("copy").untag("moving")
    return home


@pytest.fixture
def home(home: Path, sound: Path) -> Path:
    shutil.copytree(sound, home, dirs_exist_ok=True)
    return home


def checked(home: Path, **options: Any) -> CheckReport:
    with supertable.connect(home=home) as lake:
        return lake.fsck(**options)


def key_of(home: Path, path: Path) -> str:
    return path.relative_to(home / "storage").as_posix()


def about(report: CheckReport, key: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.key == key]


def test_a_sound_lake(home: Path) -> None:
    steps: list[Any] = []
    with supertable.connect(home=home) as lake:
        report = lake.fsck(progress=steps.append)
    assert report.findings == ()
    assert report.sound
    assert report.tables == 2
    assert report.records == 142 + 1 + 69
    assert report.files > 40
    assert report.vectors > 80
    assert {step.table for step in steps} == {"t", "copy"}
    assert report.bytes_read == sum({step.table: step.bytes_done for step in steps}.values()) > 0


def test_a_quick_check_reads_no_data_file(home: Path) -> None:
    assert checked(home, quick=True).bytes_read == 0


# Each function returns the path of an object to damage.
def pick(pattern: str, which: Callable[[list[Path]], Path]) -> Callable[[Path], Path]:
    return lambda home: which(sorted((home / "storage").glob(f"default/main/{pattern}")))


def table_folder(home: Path) -> Path:
    return max((home / "storage/default/main/tables").iterdir(), key=lambda path: len(list(path.rglob("*"))))


def in_table(pattern: str, which: Callable[[list[Path]], Path]) -> Callable[[Path], Path]:
    return lambda home: which(sorted(table_folder(home).glob(pattern)))


OBJECTS = {
    "newest record": in_table("log/*", lambda paths: paths[-1]),
    "record in between": in_table("log/*", lambda paths: paths[-9]),
    "old record": in_table("log/*", lambda paths: paths[2]),
    "first record": in_table("log/*", lambda paths: paths[0]),
    "checkpoint": in_table("checkpoints/*", lambda paths: paths[-1]),
    "checkpoint of a tag": in_table("checkpoints/*", lambda paths: paths[0]),
    "data file": in_table("data/*", lambda paths: paths[-3]),
    "deletion vectors": in_table("deletes/*", lambda paths: paths[-2]),
    "registry record": pick("catalog/log/*", lambda paths: paths[-3]),
    "newest registry record": pick("catalog/log/*", lambda paths: paths[-1]),
    "registry checkpoint": pick("catalog/checkpoints/*", lambda paths: paths[-1]),
}
REPAIRABLE = {
    "newest record",
    "record in between",
    "checkpoint",
    "checkpoint of a tag",
    "registry record",
    "newest registry record",
    "registry checkpoint",
}


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def swap(path: Path) -> None:
    others = [other for other in sorted(path.parent.iterdir()) if other != path]
    other = others[len(others) // 2] if others else next(path.parent.parent.glob("log/*"))
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)


def lose(path: Path) -> None:
    path.unlink()


DAMAGES = [
    (kind, damage)
    for damage in (flip, cut, empty, lose)
    for kind in todays(list(OBJECTS), f"objects damaged by {damage.__name__}")
]


@pytest.mark.parametrize(("kind", "damage"), DAMAGES)
def test_one_damaged_object(home: Path, kind: str, damage: Callable[[Path], None]) -> None:
    with supertable.connect(home=home) as lake:
        expected = rows(lake), rows(lake, "copy"), rows(lake, "t AT (VERSION => 'kept')")
    path = OBJECTS[kind](home)
    damage(path)
    report = checked(home)
    found = about(report, key_of(home, path))
    assert found, report.findings
    serious = Severity.WARNING if "checkpoint" in kind and damage is lose else Severity.DAMAGE
    assert {finding.severity for finding in found} == {serious}
    assert report.sound == (serious is not Severity.DAMAGE)

    repaired = checked(home, repair=True)
    if kind in REPAIRABLE:
        assert all(finding.repaired for finding in about(repaired, key_of(home, path)))
        assert repaired.sound
        assert checked(home).findings == ()
        with supertable.connect(home=home) as lake:
            assert (rows(lake), rows(lake, "copy"), rows(lake, "t AT (VERSION => 'kept')")) == expected
    else:
        assert not repaired.sound
        assert not any(finding.repair for finding in about(repaired, key_of(home, path)))


@pytest.mark.parametrize("kind", OBJECTS)
def test_two_swapped_objects(home: Path, kind: str) -> None:
    path = OBJECTS[kind](home)
    swap(path)
    report = checked(home)
    assert not report.sound
    assert {finding.severity for finding in about(report, key_of(home, path))} == {Severity.DAMAGE}


def test_objects_of_expired_versions_are_not_missed(home: Path) -> None:
    with supertable.connect(home=home) as lake:
        lake.table("t").compact()
        lake.table("t").untag("kept")
        lake.drop("copy")
        lake.vacuum(0)
        lake.vacuum(0)
    assert checked(home).findings == ()


class TestADamagedCheckpoint:
    @pytest.mark.parametrize("damage", [flip, lose])
    def test_reading_uses_the_log_instead(
        self, home: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
    ) -> None:
        with supertable.connect(home=home) as lake:
            expected = rows(lake)
        damage(OBJECTS["checkpoint"](home))
        shutil.rmtree(home / "catalog")  # so that the catalog carries no records
        with supertable.connect(home=home) as lake:
            assert rows(lake) == expected
        assert ("fsck --repair" in caplog.text) == (damage is flip)


class TestCatalog:
    def test_a_lost_catalog(self, home: Path) -> None:
        shutil.rmtree(home / "catalog")
        report = checked(home)
        assert {finding.severity for finding in report.findings} == {Severity.WARNING}
        assert len(report.findings) == 3
        assert all(finding.repaired for finding in checked(home, repair=True).findings)
        assert checked(home).findings == ()

    def test_a_damaged_catalog(self, home: Path) -> None:
        for file in (home / "catalog").rglob("*.sqlite*"):
            file.write_bytes(b"no database " * 1000)
        (finding,) = checked(home).findings
        assert (finding.key, finding.severity) == ("catalog", Severity.DAMAGE)
        assert checked(home, repair=True).sound
        assert checked(home).findings == ()

    def test_an_old_catalog(self, home: Path) -> None:
        shutil.copytree(home / "catalog", home / "older")
        with supertable.connect(home=home) as lake:
            lake.write("t", table(range(3), "newest"), mode="upsert")
            expected = rows(lake)
        shutil.rmtree(home / "catalog")
        (home / "older").rename(home / "catalog")
        (finding,) = checked(home).findings
        assert "at version 142, storage at 143" in finding.what
        assert checked(home, repair=True).sound
        assert checked(home).findings == ()
        with supertable.connect(home=home) as lake:
            assert rows(lake) == expected

    def test_a_catalog_with_commits_that_storage_lost(self, home: Path) -> None:
        with supertable.connect(home=home) as lake:
            before = rows(lake)
            lake.write("t", table(range(3), "lost"), mode="upsert")
        record = OBJECTS["newest record"](home)
        OBJECTS["newest record"](home).unlink()
        max((table_folder(home) / "data").iterdir()).unlink()
        (finding,) = checked(home).findings
        assert "storage has none after 142" in finding.what
        with supertable.connect(home=home) as lake, pytest.raises(Damaged):
            rows(lake)
        assert checked(home, repair=True).sound
        assert not record.exists()
        with supertable.connect(home=home) as lake:
            assert rows(lake) == before
            lake.write("t", table(range(3), "again"), mode="upsert")
        assert checked(home).findings == ()


class TestFolders:
    def test_a_table_without_its_log(self, home: Path) -> None:
        shutil.rmtree(table_folder(home))
        shutil.rmtree(home / "catalog")
        report = checked(home)
        assert any("table t is registered, but its log is missing" in finding.what for finding in report.findings)
        assert not report.sound

    def test_a_folder_of_no_table(self, home: Path) -> None:
        stray = home / "storage/default/main/tables" / ("0" * 32) / "data"
        stray.mkdir(parents=True)
        (stray / "x.parquet").touch()
        report = checked(home)
        assert [(finding.severity, finding.key[-32:]) for finding in report.findings] == [(Severity.NOTE, "0" * 32)]
        assert report.sound

    def test_objects_that_do_not_belong_in_a_log(self, home: Path) -> None:
        (table_folder(home) / "log" / "readme").touch()
        (finding,) = checked(home).findings
        assert finding.severity is Severity.WARNING


@pytest.fixture(autouse=True)
def _quietly(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level("WARNING"):
        yield

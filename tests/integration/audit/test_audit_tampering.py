"""Nobody edits, removes or moves anything of the audit log unseen, its end included."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import supertable
from supertable.adapters.codecs.json_documents import table_log_codec
from supertable.application.storage.checksums import digest_of
from supertable.application.storage.sealed_objects import opened, sealed
from supertable.domain.access.sessions import owner
from supertable.domain.audit import AuditEvent, AuditKind, ChainEnd, chained
from supertable.domain.errors import InvalidInput
from supertable.domain.table.commits import Commit


class Tampering:
    """The files of a log of five segments, and what somebody with access to the store can do to them."""

    def __init__(self, home: Path) -> None:
        (self.table,) = (home / "storage/default/system/tables").iterdir()
        self.home = home
        self.anchor = home / "storage/default/-/audit/anchor"
        self.codec = table_log_codec()

    def log(self, version: int) -> Path:
        return self.table / "log" / f"{version:020d}"

    def data(self, version: int) -> Path:
        return self.table / self.commit(version).change.added[0].path

    def commit(self, version: int) -> Commit:
        return self.codec.decode_record(opened(self._key(version), self.log(version).read_bytes()))

    def put_commit(self, version: int, commit: Commit) -> None:
        self.log(version).write_bytes(sealed(self._key(version), self.codec.encode_record(commit)))

    def edit(self, version: int, change: Callable[[list[dict[str, Any]]], None]) -> None:
        rows = pq.read_table(self.data(version))
        changed = rows.to_pylist()
        change(changed)
        pq.write_table(pa.Table.from_pylist(changed, rows.schema), self.data(version))

    def make_consistent(self, version: int) -> None:
        """The commit record says again what the data file is."""
        commit, data = self.commit(version), self.data(version).read_bytes()
        file = replace(commit.change.added[0], bytes=len(data), digest=digest_of(data))
        self.put_commit(version, replace(commit, change=replace(commit.change, added=(file,))))

    def forget(self) -> None:
        """The catalog goes too."""
        shutil.rmtree(self.home / "catalog")

    def remove_tail(self, first: int, last: int) -> None:
        for version in range(first, last + 1):
            self.data(version).unlink()
            self.log(version).unlink()
        shutil.rmtree(self.table / "checkpoints", ignore_errors=True)

    def _key(self, version: int) -> str:
        return str(self.log(version).relative_to(self.home / "storage"))


class TestTampering:
    """Versions 2 to 6 have the events 1 to 10, two each."""

    @pytest.fixture
    def log(self, home: Path) -> Tampering:
        with supertable.connect(home=home) as lake:
            for i in range(10):
                lake.container.audit().record_action(owner("default"), AuditKind.QUERY, f"event {i + 1}", rows=i)
                if i % 2:
                    assert lake.audit.export() == 2
            assert lake.audit.verify().whole
        return Tampering(home)

    @staticmethod
    def broken(home: Path, known: str | None = None) -> str:
        """What a verification finds, by a process that knows nothing yet."""
        with supertable.connect(home=home) as lake:
            report = lake.audit.verify(known)
            assert not report.whole
            return "; ".join(f"{finding.key.rsplit('/', 1)[-1]} {finding.what}" for finding in report.findings)

    def test_an_edited_row(self, log: Tampering, home: Path) -> None:
        log.edit(3, lambda rows: rows[1].update(user="somebody else"))
        found = self.broken(home)
        assert "its bytes are not what was written" in found
        assert "event 4 was edited" in found

    @pytest.mark.parametrize("field", ["what", "user", "role", "rows", "outcome", "at", "statement", "tables", "kind"])
    def test_an_edited_field_whose_file_fits_its_commit(self, log: Tampering, home: Path, field: str) -> None:
        other: dict[str, Any] = {"rows": None, "at": 0, "tables": ["x"], "kind": "write"}
        log.edit(3, lambda rows: rows[1].update({field: other.get(field, "x")}))
        log.make_consistent(3)
        assert "event 4 was edited" in self.broken(home)

    def test_an_edited_row_with_a_hash_that_fits(self, log: Tampering, home: Path) -> None:
        def change(rows: list[dict[str, Any]]) -> None:
            event = AuditEvent(0, "default", AuditKind.QUERY, "nothing")
            (link,) = chained(ChainEnd(3, rows[1]["previous_hash"]), [event])
            rows[1] |= {"at": 0, "what": "nothing", "user": "", "user_name": "", "role": "", "rows": None}
            rows[1]["hash"] = link.hash

        log.edit(3, change)
        log.make_consistent(3)
        assert "event 5 does not follow on the event before it" in self.broken(home)

    def test_rows_in_another_order(self, log: Tampering, home: Path) -> None:
        log.edit(4, list.reverse)
        log.make_consistent(4)
        assert "event 5 should be here, and it is event 6" in self.broken(home)

    def test_a_row_that_is_not_there(self, log: Tampering, home: Path) -> None:
        log.edit(4, lambda rows: rows.__delitem__(0))
        log.make_consistent(4)
        assert "event 5 should be here, and it is event 6" in self.broken(home)

    def test_a_row_that_came_in(self, log: Tampering, home: Path) -> None:
        log.edit(4, lambda rows: rows.append(dict(rows[1])))
        log.make_consistent(4)
        assert "event 7 should be here, and it is event 6" in self.broken(home)

    def test_a_segment_that_is_not_there(self, log: Tampering, home: Path) -> None:
        log.data(4).unlink()
        found = self.broken(home)
        assert "it is missing; it had 2 events" in found
        assert "event 5 should be here, and it is event 7" in found

    def test_two_segments_swapped(self, log: Tampering, home: Path) -> None:
        third, fourth = log.data(3).read_bytes(), log.data(4).read_bytes()
        log.data(3).write_bytes(fourth)
        log.data(4).write_bytes(third)
        for version in (3, 4):
            log.make_consistent(version)
        assert "event 3 should be here, and it is event 5" in self.broken(home)

    def test_two_records_swapped(self, log: Tampering, home: Path) -> None:
        third, fourth = log.log(3).read_bytes(), log.log(4).read_bytes()
        log.log(3).write_bytes(fourth)
        log.log(4).write_bytes(third)
        assert "its digest does not match its bytes" in self.broken(home)

    def test_a_version_that_is_not_there(self, log: Tampering, home: Path) -> None:
        log.log(4).unlink()
        assert "version 4 is missing" in self.broken(home)

    def test_a_version_that_is_no_export(self, log: Tampering, home: Path) -> None:
        commit = log.commit(6)
        log.put_commit(6, replace(commit, change=replace(commit.change, removed=(log.commit(3).change.added[0].path,))))
        log.forget()
        assert "version 6 is no export of events" in self.broken(home)

    @pytest.mark.parametrize("first", [6, 4, 2])
    @pytest.mark.parametrize("catalog_too", [False, True])
    def test_an_end_that_is_not_there(self, log: Tampering, home: Path, first: int, catalog_too: bool) -> None:
        log.remove_tail(first, 6)
        if catalog_too:
            log.forget()
        assert "the log went up to event 10" in self.broken(home)

    def test_a_log_that_is_not_there(self, log: Tampering, home: Path) -> None:
        shutil.rmtree(home / "storage/default/system")
        log.forget()
        assert "the log went up to event 10, and ends at 0" in self.broken(home)

    def test_an_end_that_is_not_there_stays_seen_when_the_log_goes_on(self, log: Tampering, home: Path) -> None:
        log.remove_tail(5, 6)
        log.forget()
        with supertable.connect(home=home) as lake:
            for _ in range(3):
                lake.container.audit().record_action(owner("default"), AuditKind.QUERY, "later")
                lake.audit.export()
        found = self.broken(home)
        assert "event 7 should be here, and it is event 11" in found

    def test_a_log_that_is_not_there_stays_seen_when_it_goes_on(self, log: Tampering, home: Path) -> None:
        shutil.rmtree(home / "storage/default/system")
        log.forget()
        with supertable.connect(home=home) as lake:
            lake.container.audit().record_action(owner("default"), AuditKind.QUERY, "later")
        assert "event 1 should be here, and it is event 11" in self.broken(home)

    def test_an_anchor_that_is_not_there(self, log: Tampering, home: Path) -> None:
        log.anchor.unlink()
        assert "the anchor is missing" in self.broken(home)

    def test_an_anchor_that_says_something_else(self, log: Tampering, home: Path) -> None:
        log.anchor.write_bytes(b"{}")
        assert "anchor" in self.broken(home)

    def test_an_end_without_its_anchor_is_told_of_by_the_log_itself(self, log: Tampering, home: Path) -> None:
        log.remove_tail(5, 6)
        log.anchor.unlink()
        log.forget()
        with supertable.connect(home=home) as lake:
            lake.container.audit().record_action(owner("default"), AuditKind.QUERY, "later")
            report = lake.audit.verify()
        assert [finding.what for finding in report.findings] == ["event 7 tells of damage before it: anchor"]

    def test_a_log_made_anew_is_another_than_the_one_that_was_known(self, log: Tampering, home: Path) -> None:
        with supertable.connect(home=home) as lake:
            end = lake.audit.verify().end
        assert end is not None
        known = f"{end.sequence}:{end.hash}"
        with supertable.connect(home=home) as lake:
            assert lake.audit.verify(known).whole
        shutil.rmtree(home / "storage/default/system")
        log.anchor.unlink()
        log.forget()
        with supertable.connect(home=home) as lake:
            for i in range(12):
                lake.container.audit().record_action(owner("default"), AuditKind.QUERY, f"event {i}")
            assert lake.audit.verify().whole
        assert "event 10 is another than it was" in self.broken(home, known)
        with supertable.connect(home=home) as lake:
            for wrong in ("", "x", "5", f"5:{'0' * 63}", f"-1:{'0' * 64}"):
                with pytest.raises(InvalidInput):
                    lake.audit.verify(wrong)

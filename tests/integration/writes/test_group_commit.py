"""Group commit: writes that arrive together become one commit, and each caller gets the answer of a single write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from dependency_injector import providers

import supertable
from supertable.adapters.locks.memory import InMemoryLocks
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.application.audit_recorder import serving
from supertable.application.commits.write_result import WriteResult
from supertable.application.ports.object_stores import ObjectWriter, PutAmbiguous
from supertable.application.tables.namespace import Namespace
from supertable.application.writes.groups import group_commit as grouping
from supertable.application.writes.groups import group_forming
from supertable.application.writes.groups.group_commit import GroupCommit
from supertable.application.writes.ingest_rows import IngestRequest
from supertable.application.writes.keys.keyed_rows import bound_rows_key, content_of_rows
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.access.sessions import owner
from supertable.domain.errors import (
    Busy,
    CommitUncertain,
    IdempotencyKeyReused,
    InvalidInput,
    InvalidSchema,
    NotSignedIn,
    StoreUnavailable,
    TableNotFound,
    UnreadableInput,
)
from supertable.domain.table.commits import CommitInfo
from supertable.entrypoints.sdk.lakes.lake import Lake

SCHEMA = pa.schema([pa.field("k", pa.int64(), nullable=False), ("seq", pa.int64()), ("v", pa.string())])


class Gate(LocalObjectStore):
    """A store whose commits can be held back while more writes arrive.

    `staging` is called, once, before the next data file is written, and `committing` before the next commit record is.
    `silent`: commits take effect, and the writer gets no answer.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reached = threading.Event()
        self.open = threading.Event()
        self.open.set()
        self.staging: Callable[[], object] | None = None
        self.committing: Callable[[], object] | None = None
        self.silent = False

    def put_if_absent(self, key: str, data: bytes) -> None:
        if "/log/" in key:
            self.reached.set()
            assert self.open.wait(20)
            act, self.committing = self.committing, None
            if act:
                act()
        super().put_if_absent(key, data)
        if self.silent:
            raise PutAmbiguous(key)

    def settle(self, key: str) -> bytes | None:
        if self.silent:
            raise StoreUnavailable("settle", key, "injected")
        return super().settle(key)

    def open_writer(self, key: str) -> AbstractContextManager[ObjectWriter]:
        act, self.staging = self.staging, None
        if act:
            act()
        return super().open_writer(key)


class Writers:
    """Submits rows of (k, seq, v) to one table."""

    def __init__(self, lake: Lake, store: Gate) -> None:
        self.lake = lake
        self.store = store
        self.commits: GroupCommit = lake._container.group_commit()
        self.place = Namespace("default", "main", owner("default"))

    def write(
        self,
        *rows: tuple[int | None, int | None, str | None],
        key: str | None = None,
        mode: WriteMode = WriteMode.UPSERT,
        table: str = "t",
        columns: tuple[str, ...] = ("k", "seq", "v"),
        place: Namespace | None = None,
        properties: dict[str, str] | None = None,
        size: int = 100,
    ) -> Future[WriteResult]:
        types = [SCHEMA.field(name).type for name in columns]
        arrays = [
            pa.array([row[SCHEMA.names.index(name)] for row in rows], kind)
            for name, kind in zip(columns, types, strict=True)
        ]
        given = pa.table(arrays, names=list(columns))
        user = (place or self.place).session.user
        info = bound_rows_key(CommitInfo(properties or {}, key), user, mode, False, None, content_of_rows(given))
        return self.commits.submit(place or self.place, table, lambda _: given, size, mode, info)

    @contextmanager
    def gathering(self, mode: WriteMode = WriteMode.UPSERT) -> Iterator[None]:
        """Writes inside the block become one group: the commit of a first write is held back until its end."""
        self.store.reached.clear()
        self.store.open.clear()
        first = self.write((-1, None, "first"), mode=mode)
        assert self.store.reached.wait(20)
        try:
            yield
        finally:
            self.store.open.set()
            first.result(20)

    def rows(self) -> list[tuple[int, int | None, str | None]]:
        found = self.lake.sql("SELECT k, seq, v FROM t WHERE k >= 0 ORDER BY ALL").arrow().to_pylist()
        return [(row["k"], row["seq"], row["v"]) for row in found]

    @property
    def version(self) -> int:
        return self.lake.table("t").info().version


@contextmanager
def opened(home: Path, keys: tuple[str, ...] = (), sequence: str | None = None) -> Iterator[Writers]:
    with supertable.connect(home=home) as lake:
        store = Gate(home / "storage")
        lake._container.store.override(providers.Object(store))
        lake.create_table("t", SCHEMA, keys=keys, sequence=sequence)
        yield Writers(lake, store)
        lake._container.group_commit().close()


@pytest.fixture
def keyed(home: Path) -> Iterator[Writers]:
    with opened(home, ("k",)) as writers:
        yield writers


def counts(result: WriteResult) -> tuple[int, int]:
    return result.rows_inserted, result.rows_updated


def test_writes_that_arrive_during_a_commit_form_the_next_one(keyed: Writers) -> None:
    with keyed.gathering():
        answers = [keyed.write((n, n, str(n))) for n in range(50)]
    assert {answer.result(20).version for answer in answers} == {3}
    assert [counts(answer.result()) for answer in answers] == [(1, 0)] * 50
    assert keyed.rows() == sorted((n, n, str(n)) for n in range(50))


def test_a_single_write_does_not_wait_for_others(keyed: Writers) -> None:
    assert keyed.write((1, 1, "a")).result(20).version == 2
    assert keyed.write((2, 1, "b")).result(20).version == 3


def test_the_last_to_arrive_wins_and_each_writer_gets_its_own_counts(keyed: Writers) -> None:
    keyed.write((1, None, "old")).result(20)
    with keyed.gathering():
        answers = [
            keyed.write((1, None, "a"), (2, None, "a")),
            keyed.write((2, None, "b"), (2, None, "c")),
            keyed.write((3, None, "d"), (1, None, "d")),
        ]
    assert [counts(answer.result(20)) for answer in answers] == [(1, 1), (0, 1), (1, 1)]
    assert keyed.rows() == [(1, None, "d"), (2, None, "c"), (3, None, "d")]


def test_the_sequence_decides_before_the_order_of_arrival(home: Path) -> None:
    with opened(home, ("k",), "seq") as writers:
        writers.write((1, 5, "kept"), (2, 1, "old")).result(20)
        with writers.gathering():
            answers = [
                writers.write((1, 4, "late"), (3, 2, "new")),
                writers.write((3, 1, "later"), (2, 3, "b")),
                writers.write((2, 3, "c")),
            ]
        assert [counts(answer.result(20)) for answer in answers] == [(1, 0), (0, 0), (0, 1)]
        assert writers.rows() == [(1, 5, "kept"), (2, 3, "c"), (3, 2, "new")]


@pytest.mark.usefixtures("as_files")
def test_counts_are_of_the_version_that_the_commit_follows(home: Path) -> None:
    with opened(home, ("k",), "seq") as writers, supertable.connect(home=home) as other:
        other._container.locks.override(providers.Object(InMemoryLocks()))
        writers.write((1, 5, "newer"), (2, 1, "older")).result(20)

        def delete() -> None:
            other.delete("t", where="k > 0")

        with writers.gathering():
            answers = [writers.write((1, 4, "loses at first")), writers.write((2, 2, "updates at first"))]
            writers.store.staging = lambda: setattr(writers.store, "committing", delete)

        assert [counts(answer.result(20)) for answer in answers] == [(1, 0), (1, 0)]
        assert writers.rows() == [(1, 4, "loses at first"), (2, 2, "updates at first")]


def test_appends_to_a_table_without_keys(home: Path) -> None:
    with opened(home) as writers:
        sizes = [1, 3, 0, 2]
        with writers.gathering(WriteMode.APPEND):
            answers = [writers.write(*[(n, None, "x")] * size, mode=WriteMode.APPEND) for n, size in enumerate(sizes)]
        assert [counts(answer.result(20)) for answer in answers] == [(size, 0) for size in sizes]
        assert len({answer.result().version for answer in answers}) == 1
        assert len(writers.rows()) == sum(sizes)


def test_bad_rows_fail_only_their_own_caller(keyed: Writers) -> None:
    with keyed.gathering():
        before = keyed.write((1, 1, "a"))
        bad = keyed.write((None, 1, "null key"))
        stray = keyed.write((1, 1, "a"), table="T")
        after = keyed.write((2, 1, "b"))
    with pytest.raises(InvalidSchema, match="null"):
        bad.result(20)
    assert before.result(20).version == after.result(20).version == stray.result(20).version == 3
    assert keyed.rows() == [(1, 1, "a"), (2, 1, "b")]


def test_an_error_while_reading_rows_fails_only_their_own_caller(keyed: Writers) -> None:
    def broken(_: object) -> pa.Table:
        raise ZeroDivisionError

    with keyed.gathering():
        bad = keyed.commits.submit(keyed.place, "t", broken, 1, WriteMode.UPSERT, CommitInfo())
        good = keyed.write((1, 1, "a"))
    with pytest.raises(ZeroDivisionError):
        bad.result(20)
    assert good.result(20).version == 3


def test_a_table_that_does_not_exist(keyed: Writers) -> None:
    with pytest.raises(TableNotFound):
        keyed.write((1, 1, "a"), table="nothing").result(20)


def test_partial_rows_share_a_commit_with_those_of_the_same_columns(keyed: Writers) -> None:
    keyed.write((1, 1, "a"), (2, 2, "b")).result(20)
    with keyed.gathering():
        answers = [
            keyed.write((1, None, "x"), columns=("k", "v")),
            keyed.write((3, None, "y"), (2, None, "y"), columns=("k", "v")),
            keyed.write((2, 9, None), columns=("k", "seq")),
        ]
    assert [answer.result(20).version for answer in answers] == [4, 4, 5]
    assert [counts(answer.result()) for answer in answers] == [(0, 1), (1, 1), (0, 1)]
    assert keyed.rows() == [(1, 1, "x"), (2, 9, "y"), (3, None, "y")]


def test_a_write_of_another_kind_keeps_its_place_on_a_table_with_keys(keyed: Writers) -> None:
    with keyed.gathering():
        answers = [
            keyed.write((1, 1, "a")),
            keyed.write((1, None, "b"), columns=("k", "v")),
            keyed.write((1, 3, "c")),
        ]
    assert [answer.result(20).version for answer in answers] == [3, 4, 5]
    assert keyed.rows() == [(1, 3, "c")]


def test_writes_with_other_properties_do_not_share_a_commit(keyed: Writers) -> None:
    with keyed.gathering():
        answers = [keyed.write((n, 1, "a"), properties={"from": str(n // 2)}) for n in range(4)]
    assert [answer.result(20).version for answer in answers] == [3, 3, 4, 4]
    newest = keyed.lake.table("t").history(2)
    assert [entry.properties for entry in newest] == [{"from": "1"}, {"from": "0"}]


def test_each_idempotency_key_of_a_group_is_stored_with_its_writers_counts(keyed: Writers) -> None:
    with keyed.gathering():
        answers = [keyed.write((n, 1, "a"), (n + 100, 1, "b"), key=f"key-{n}") for n in range(5)]
        same = keyed.write((0, 1, "a"), (100, 1, "b"), key="key-0")
        others = keyed.write((0, 1, "other"), key="key-0")
    firsts = [answer.result(20) for answer in answers]
    assert {first.version for first in firsts} == {3}
    assert same.result(20) == replace(firsts[0], replayed=True)
    with pytest.raises(IdempotencyKeyReused):
        others.result(20)
    with supertable.connect(home=Path(keyed.lake.settings.home)) as other:  # from storage, not from memory
        for n, first in enumerate(firsts):
            rows = pa.table({"k": [n, n + 100], "seq": [1, 1], "v": ["a", "b"]})
            assert other.write("t", rows, "upsert", idempotency_key=f"key-{n}") == replace(first, replayed=True)
            with pytest.raises(IdempotencyKeyReused):
                other.write("t", pa.table({"k": [n], "v": ["again"]}), "upsert", idempotency_key=f"key-{n}")
    assert keyed.version == 3
    assert len(keyed.rows()) == 10


@pytest.mark.usefixtures("as_files")
@pytest.mark.parametrize("value", ["a", "elsewhere"])
def test_a_key_that_another_process_commits_first_is_not_committed_again(home: Path, value: str) -> None:
    with opened(home, ("k",)) as writers, supertable.connect(home=home) as other:
        given = pa.table({"k": [7], "seq": [1], "v": [value]})

        def act() -> None:
            other.write("t", given, "upsert", idempotency_key="twice")

        with writers.gathering():
            answers = [writers.write((n, 1, "a"), key="twice" if n == 7 else f"k{n}") for n in range(6, 9)]
            writers.store.staging = act  # the table is open by then, and the key was not known
        if value == "a":
            assert answers[1].result(20).replayed
        else:
            with pytest.raises(IdempotencyKeyReused):
                answers[1].result(20)
        assert [answers[number].result(20).replayed for number in (0, 2)] == [False, False]
        assert writers.rows() == [(6, 1, "a"), (7, 1, value), (8, 1, "a")]


@pytest.mark.usefixtures("as_files")
def test_an_uncertain_commit_is_an_error_for_all_and_a_repetition_finds_it(home: Path) -> None:
    with opened(home, ("k",)) as writers:
        with writers.gathering():
            answers = [writers.write((n, 1, "a"), key=f"k{n}") for n in range(3)]
            writers.store.staging = lambda: setattr(writers.store, "silent", True)
        for answer in answers:
            with pytest.raises(CommitUncertain):
                answer.result(20)
        writers.store.silent = False
        again = [writers.write((n, 1, "a"), key=f"k{n}") for n in range(3)]
        assert [answer.result(20).replayed for answer in again] == [True] * 3
        assert len(writers.rows()) == 3


@pytest.mark.usefixtures("as_files")
def test_a_failure_of_the_store_fails_the_group_and_later_writes_succeed(keyed: Writers) -> None:
    def refuse() -> None:
        raise StoreUnavailable("write", "a data file", "injected")

    with keyed.gathering():
        answers = [keyed.write((n, 1, "a")) for n in range(3)]
        keyed.store.staging = refuse
    for answer in answers:
        with pytest.raises(StoreUnavailable):
            answer.result(20)
    assert keyed.write((1, 1, "a")).result(20).version == 3


def test_each_callers_rights_are_checked(keyed: Writers) -> None:
    over = replace(keyed.place, session=replace(owner("default"), until_us=1))
    with keyed.gathering():
        mine = keyed.write((1, 1, "a"))
        theirs = keyed.write((2, 1, "b"), place=over)
        both = keyed.write((3, 1, "c"), place=replace(keyed.place, session=replace(owner("default"), name="another")))
    with pytest.raises(NotSignedIn):
        theirs.result(20)
    assert mine.result(20).version == both.result(20).version == 3
    assert keyed.rows() == [(1, 1, "a"), (3, 1, "c")]


@pytest.mark.usefixtures("as_files")
def test_rights_that_expire_before_the_commit_fail_the_write(keyed: Writers) -> None:
    clock = keyed.lake._container.clock()
    until_us = clock.now_us() + 2_000_000
    soon = replace(keyed.place, session=replace(owner("default"), until_us=until_us))
    with keyed.gathering():
        mine = keyed.write((1, 1, "a"))
        theirs = keyed.write((2, 1, "b"), place=soon)
        keyed.store.staging = lambda: clock.sleep((until_us - clock.now_us()) / 1e6 + 0.01)
    with pytest.raises(NotSignedIn):
        theirs.result(20)
    assert mine.result(20).version == 3
    assert keyed.rows() == [(1, 1, "a")]


def test_a_write_cancelled_before_its_turn_is_not_made(keyed: Writers) -> None:
    with keyed.gathering():
        cancelled = keyed.write((1, 1, "a"))
        stays = keyed.write((2, 1, "b"))
        assert cancelled.cancel()
    assert stays.result(20).version == 3
    assert keyed.rows() == [(2, 1, "b")]


def test_writes_beyond_the_limit_of_waiting_bytes_are_refused(keyed: Writers) -> None:
    with keyed.gathering():
        large = keyed.write((1, 1, "a"), size=grouping.MOST_WAITING_BYTES)
        with pytest.raises(Busy, match="nothing was written"):
            keyed.write((2, 1, "b"))
    large.result(20)
    assert keyed.write((3, 1, "c")).result(20).version == 4


def test_many_rows_are_spread_over_commits(keyed: Writers) -> None:
    count = group_forming.MOST_ROWS * 2 // 3
    with keyed.gathering():
        answers = [keyed.write(*((n, 1, "a") for n in range(count))) for _ in range(3)]
    assert [answer.result(20).version for answer in answers] == [3, 4, 5]


def test_closing_answers_all_writes_and_accepts_no_more(home: Path) -> None:
    with opened(home, ("k",)) as writers:
        with writers.gathering():
            answers = [writers.write((n, 1, "a"), columns=("k", "v") if n % 2 else ("k", "seq", "v")) for n in range(6)]
            closing = threading.Thread(target=writers.commits.close)
            closing.start()
        closing.join(20)
        assert all(answer.done() for answer in answers)
        assert len(writers.rows()) == 6
        with pytest.raises(Busy, match="is stopping"):
            writers.write((9, 1, "late"))


def test_many_callers_of_several_tables_lose_no_rows(home: Path) -> None:
    with opened(home, ("k",)) as writers:
        for name in ("a", "b", "c"):
            writers.lake.create_table(name, SCHEMA)

        def calls(caller: int) -> list[WriteResult]:
            table = ("a", "b", "c")[caller % 3]
            return [
                writers.write((caller, n, "x"), table=table, mode=WriteMode.APPEND, key=f"{caller}-{n}").result(60)
                for n in range(20)
            ]

        with ThreadPoolExecutor(24) as pool:
            results = [result for found in pool.map(calls, range(24)) for result in found]
        assert [counts(result) for result in results] == [(1, 0)] * 480
        union = " UNION ALL ".join(f"SELECT '{name}' AS t, k, seq FROM {name}" for name in ("a", "b", "c"))
        found = writers.lake.sql(f"SELECT count(*) AS n, count(DISTINCT (t, k, seq)) AS d FROM ({union})").arrow()
        assert found.to_pylist() == [{"n": 480, "d": 480}]
        versions = sum(writers.lake.table(name).info().version - 1 for name in ("a", "b", "c"))
        assert versions == len({(result.table, result.version) for result in results}) < 480


def test_each_writer_of_a_group_is_in_the_audit_log(keyed: Writers) -> None:
    ann = replace(keyed.place, session=replace(owner("default"), user="a" * 32, name="ann"))
    late = replace(keyed.place, session=replace(owner("default"), user="b" * 32, name="late", until_us=1))
    refused = []
    with keyed.gathering():
        with serving("request 1"):
            answers = [keyed.write((1, 1, "a"), (2, 1, "a"))]
        with serving("request 2"):
            answers.append(keyed.write((3, 1, "b"), place=ann))
        for request in ("request 3", "request 4"):
            with serving(request):
                refused.append(keyed.write((4, 1, "c"), place=late))
    assert {answer.result(20).version for answer in answers} == {3}
    for each in refused:
        with pytest.raises(NotSignedIn):
            each.result(20)
    with keyed.gathering(), serving("request 5"):
        alone = keyed.write((5, 1, "d"), place=ann)
    alone.result(20)
    keyed.lake._container.export_audit()("default")
    system = Lake(keyed.lake._container, "system", owner("default"))  # closed with the container
    found = system.sql("SELECT user_name, kind, rows, outcome, request FROM audit ORDER BY sequence").arrow()
    events = list(zip(*(column.to_pylist() for column in found.columns), strict=True))
    assert [event for event in events if event[4]] == [
        ("late", "refusal", None, "NotSignedIn", "request 3"),
        ("late", "refusal", None, "NotSignedIn", "request 4"),
        ("owner", "write", 2, "ok", "request 1"),
        ("ann", "write", 1, "ok", "request 2"),
        ("ann", "write", 1, "ok", "request 5"),
    ]
    assert {event[0] for event in events if not event[4]} == {"owner"}


def test_texts_of_a_group_are_read_together_and_fail_alone(keyed: Writers) -> None:
    ingest = keyed.lake._container.ingest_rows()

    def send(text: bytes) -> Future[WriteResult]:
        return ingest.write_text(IngestRequest(keyed.place, "t", WriteMode.UPSERT), text, "json")

    with keyed.gathering():
        good = [send(b'{"k": %d, "seq": 1, "v": "x"}' % n) for n in range(5)]
        broken = send(b'{"k": ')
        several = send(b'[{"v": "y", "k": 5, "seq": 1}, {"k": 0, "seq": 2, "v": "z"}]')
    with pytest.raises(UnreadableInput):
        broken.result(20)
    assert {one.result(20).version for one in [*good, several]} == {3}
    assert [counts(one.result(20)) for one in [*good, several]] == [(1, 0)] * 5 + [(1, 1)]
    expected = [(0, 2, "z"), *((n, 1, "x") for n in range(1, 5)), (5, 1, "y")]
    assert keyed.rows() == expected

    with keyed.gathering():
        null, other = send(b'[{"k": 7, "seq": 1, "v": "a"}, {"k": null}]'), send(b'{"k": 8, "seq": 1, "v": "b"}')
        large = send(b'{"k": 99999999999999999999, "seq": 1, "v": "b"}')
        partial = send(b'{"k": 0, "v": "other columns"}')
    for refused, row in ((null, "row 2"), (large, "row 1")):
        with pytest.raises(InvalidInput, match=row):
            refused.result(20)
    assert (counts(other.result(20)), counts(partial.result(20))) == ((1, 0), (0, 1))
    assert partial.result(20).version == other.result(20).version + 1
    assert keyed.rows() == [(0, 2, "other columns"), *expected[1:], (8, 1, "b")]


@pytest.mark.usefixtures("as_files")
def test_a_group_that_a_restore_overtakes_is_refused(home: Path) -> None:
    """Its rows were read by the wider column types that the restore undoes. The next write is read by the new ones."""
    narrow = pa.schema([SCHEMA.field("k"), ("d", pa.decimal128(10, 2))])
    wide = pa.schema([SCHEMA.field("k"), ("d", pa.decimal128(20, 4))])
    with opened(home, ("k",)) as writers, supertable.connect(home=home) as other:
        other._container.locks.override(providers.Object(InMemoryLocks()))
        writers.lake.table("t").add_column("d", pa.decimal128(10, 2))
        writers.lake.write("t", pa.table({"k": [1], "d": [Decimal("0.50")]}, narrow), mode="upsert")
        writers.lake.table("t").widen_column("d", pa.decimal128(20, 4))

        def submit(k: int, amount: Decimal, kind: pa.Schema = narrow) -> Future[WriteResult]:
            given = pa.table({"k": [k], "d": [amount]}, kind)
            return writers.commits.submit(writers.place, "t", lambda _: given, 9, WriteMode.UPSERT, CommitInfo())

        with writers.gathering():
            answers = [submit(1, Decimal("1.2505"), wide), submit(2, Decimal("1.2505"), wide)]
            writers.store.staging = lambda: setattr(writers.store, "committing", lambda: other.table("t").restore(3))
        assert [type(answer.exception(20)) for answer in answers] == [InvalidSchema] * 2
        assert other.table("t").schema.field("d").type == pa.decimal128(10, 2)
        assert other.sql("SELECT k, d FROM t").arrow().to_pylist() == [{"k": 1, "d": Decimal("0.50")}]
        assert counts(submit(1, Decimal("1.25")).result(20)) == (0, 1)
        assert other.sql("SELECT k, d FROM t").arrow().to_pylist() == [{"k": 1, "d": Decimal("1.25")}]

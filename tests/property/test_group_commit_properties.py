"""Writes that are committed in groups leave the same rows as the same writes one after the other."""

from __future__ import annotations

import tempfile
from concurrent.futures import Future
from pathlib import Path

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

import supertable
from supertable.application.commits.write_result import WriteResult
from supertable.application.tables.namespace import Namespace
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.access.sessions import owner
from supertable.domain.errors import SupertableError
from supertable.domain.table.commits import CommitInfo, Operation
from supertable.domain.table.idempotency import bound_key
from supertable.entrypoints.sdk.lakes.lake import Lake

SCHEMA = pa.schema([pa.field("k", pa.int64(), nullable=False), ("seq", pa.int64()), ("v", pa.string())])
COLUMNS = {"whole": ["k", "seq", "v"], "partial": ["k", "seq"]}

Row = tuple[int | None, int | None, str]
Write = tuple[list[Row], str, str | None]
KEYS = st.one_of(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.none())
"""A null key is invalid."""
ROWS = st.lists(st.tuples(KEYS, st.one_of(st.none(), st.integers(0, 3)), st.sampled_from("abc")), max_size=4)
WRITES = st.lists(
    st.tuples(ROWS, st.sampled_from(["whole", "whole", "partial"]), st.sampled_from([None, None, "x", "y", "z"])),
    min_size=1,
    max_size=12,
)
NAMESPACE = Namespace("default", "main", owner("default"))
Outcome = tuple[int, int] | str


def arrow(write: Write) -> pa.Table:
    rows, columns, _ = write
    table = pa.table([pa.array([row[i] for row in rows], SCHEMA.field(i).type) for i in range(3)], names=SCHEMA.names)
    return table.select(COLUMNS[columns])


def info(write: Write, mode: WriteMode) -> CommitInfo:
    """The key of the write, for this user and these rows: with other rows it is refused."""
    return bound_key(CommitInfo({}, write[2]), "", Operation(mode.value), repr(write))


def write_alone(lake: Lake, write: Write, mode: WriteMode) -> Outcome:
    """The numbers of rows inserted and updated, or the name of the error."""
    try:
        return counts(lake._container.write_rows()(NAMESPACE, "t", arrow(write), mode, False, info(write, mode)))
    except SupertableError as error:
        return type(error).__name__


def outcome(answer: Future[WriteResult]) -> Outcome:
    error = answer.exception(30)
    return counts(answer.result()) if error is None else type(error).__name__


def counts(result: WriteResult) -> tuple[int, int]:
    return result.rows_inserted, result.rows_updated


@given(
    writes=WRITES,
    keyed=st.booleans(),
    sequence=st.booleans(),
    mode=st.sampled_from([WriteMode.APPEND, WriteMode.UPSERT]),
)
def test_a_group_has_the_effect_of_its_members_one_by_one(
    writes: list[Write], keyed: bool, sequence: bool, mode: WriteMode
) -> None:
    if not keyed:
        mode, sequence = WriteMode.APPEND, False
    with tempfile.TemporaryDirectory() as folder:
        tables, outcomes = [], []
        for name in ("one", "other"):
            with supertable.connect(home=Path(folder) / name) as lake:
                lake.create_table("t", SCHEMA, ["k"] if keyed else [], "seq" if sequence else None)
                if name == "one":
                    outcomes.append([write_alone(lake, write, mode) for write in writes])
                else:
                    commits = lake._container.group_commit()
                    answers = [
                        commits.submit(NAMESPACE, "t", lambda _, w=write: arrow(w), 100, mode, info(write, mode))  # type: ignore[misc]
                        for write in writes
                    ]
                    outcomes.append([outcome(answer) for answer in answers])
                    commits.close()
                rows = lake.sql("SELECT * FROM t ORDER BY ALL").arrow().to_pylist()
                tables.append(rows)
        assert tables[0] == tables[1]
        if sequence:  # which superseded rows count depends on the order; which writes fail does not
            outcomes = [[one if isinstance(one, str) else (0, 0) for one in found] for found in outcomes]
        assert outcomes[0] == outcomes[1]

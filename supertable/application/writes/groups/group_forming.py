"""Deciding which of the writes that wait for one table share the next commit. Answers no caller.

A write joins if it is of the kind of the first one and the group does not get too large. See docs/adr/0014.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import pyarrow as pa

from supertable.application.commits.committer import Committer
from supertable.application.commits.write_result import WriteResult
from supertable.application.storage.arrow_batches import Conform, conformer
from supertable.application.storage.arrow_schemas import fields_of_data
from supertable.application.storage.incoming.value_checks import check_values
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.grouped_writes import GroupedWrite
from supertable.application.writes.write_checks import check_mode_allowed, fit_columns
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.access.roles import Permission
from supertable.domain.errors import SupertableError
from supertable.domain.scan.scan_plan import AccessStage
from supertable.domain.schema.schemas import Schema, without
from supertable.domain.table.commits import CommitInfo
from supertable.domain.table.idempotency import is_key_used

MOST_ROWS = 20_000

Rows = Callable[[Schema], pa.Table]
"""Returns a writer's rows, given the columns that the writer sees. Raises `InvalidInput`."""


@dataclass(frozen=True, slots=True, eq=False)
class WaitingWrite:
    """`bytes`: about how much memory the write takes while it waits. `answer`: the future that its caller waits for."""

    namespace: Namespace
    name: str
    rows: Rows
    mode: WriteMode
    info: CommitInfo
    bytes: int
    answer: Future[WriteResult] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class WriteKind:
    """What all writes of one commit have in common. `columns`: field ids of the staged columns."""

    mode: WriteMode
    properties: tuple[tuple[str, str], ...]
    access: AccessStage | None
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A write whose rows are read and fit the table. `part`: what it adds to a group."""

    write: WaitingWrite
    kind: WriteKind
    part: GroupedWrite


Outcome = WriteResult | Exception
"""The answer to a write that needs no commit: the result of its idempotency key, or an error."""


@dataclass(frozen=True, slots=True)
class FormedGroup:
    """Waiting writes, sorted by what happens next; each list in order of arrival.

    `members` share the commit. `answers` are for writes that need none. `left`: writes that wait for a later group.
    """

    members: list[Candidate]
    answers: list[tuple[WaitingWrite, Outcome]]
    left: list[WaitingWrite]


def form_group(writes: Sequence[WaitingWrite], tables: Tables, committer: Committer) -> FormedGroup:
    """Form the group that starts with the first of these writes, all to one table.

    On a table with keys no write overtakes another: if one is left, so are all that follow it. The rows of a write that
    is left are read again, or for the first time, when a later group is formed.
    """
    opened = _open_tables(writes, tables)
    conversions = _Conversions()
    formed = FormedGroup([], [], [])
    rows = 0
    keys: set[str] = set()
    for write in writes:
        table = opened[write.namespace]
        if formed.left and _keeps_order(table):
            formed.left.append(write)
            continue
        found = _examine(write, table, keys, conversions, committer)
        if found is None or (isinstance(found, Candidate) and not joins(found, formed.members, rows)):
            formed.left.append(write)
        elif isinstance(found, Candidate):
            formed.members.append(found)
            rows += found.part.rows.num_rows
            if write.info.key_name:
                keys.add(write.info.key_name)
        else:
            formed.answers.append((write, found))
    return formed


def joins(candidate: Candidate, members: Sequence[Candidate], rows: int) -> bool:
    """Whether the candidate may share the commit of `members`. `rows`: how many rows these have."""
    if not members:
        return True
    return candidate.kind == members[0].kind and rows + candidate.part.rows.num_rows <= MOST_ROWS


def _keeps_order(table: OpenTable | SupertableError) -> bool:
    return isinstance(table, OpenTable) and bool(table.snapshot.definition.keys)


def _open_tables(writes: Iterable[WaitingWrite], tables: Tables) -> Mapping[Namespace, OpenTable | SupertableError]:
    """The table as each caller sees it, or the caller's error. As one cut, if all callers may write to it."""
    names = {write.namespace: write.name for write in writes}
    try:
        found = tables.open_consistently(names.items(), Permission.WRITE)
    except SupertableError:
        return {namespace: _open_alone(namespace, name, tables) for namespace, name in names.items()}
    return {namespace: opened[0] for (namespace, _), opened in found.items()}


def _open_alone(namespace: Namespace, name: str, tables: Tables) -> OpenTable | SupertableError:
    try:
        return tables.open(namespace, name, Permission.WRITE)
    except SupertableError as error:
        return error


def _examine(
    write: WaitingWrite,
    table: OpenTable | SupertableError,
    keys: Collection[str],
    conversions: _Conversions,
    committer: Committer,
) -> Candidate | Outcome | None:
    """A candidate for the group, or the write's answer.

    None if its idempotency key is among `keys`, the names of those in the group: the write waits for that result.
    """
    if isinstance(table, SupertableError):
        return table
    try:
        if is_key_used(table.snapshot.replies, write.info):
            return _replay(write, table, committer)
        if write.info.key_name in keys:
            return None
        rows = write.rows(table.unmasked)
        conversion = conversions.find(table, rows.schema, write.mode)
        part = GroupedWrite(table, conversion.convert(rows), write.info.idempotency_key, write.info.key_use)
    except Exception as error:  # noqa: BLE001 - any error answers this write alone
        return error
    kind = WriteKind(write.mode, tuple(sorted(write.info.properties.items())), table.access, conversion.columns)
    return Candidate(write, kind, part)


def _replay(write: WaitingWrite, table: OpenTable, committer: Committer) -> WriteResult | None:
    """The result of the first write with the same key. Raises `IdempotencyKeyReused`, and `AccessDenied` before."""
    if table.access is not None:
        check_mode_allowed(table, fields_of_data(write.rows(table.unmasked).schema), write.mode)
    replay = committer.find_replay(table, write.info)
    return WriteResult.of(table, replay) if replay else None


@dataclass(frozen=True, slots=True, eq=False)
class _Conversion:
    """How rows with schema `given` become those that are staged, which have the columns `target`.

    `columns`: the field ids of all staged columns, those included that the writer does not see.
    """

    table: OpenTable
    given: pa.Schema
    mode: WriteMode
    columns: tuple[int, ...]
    target: Schema
    conform: Conform

    def convert(self, rows: pa.Table) -> pa.Table:
        """Raises `InvalidSchema` for values that do not fit."""
        return check_values(self.conform(rows), self.target)


class _Conversions:
    """Conversions by schema, each found once for all writes of one group."""

    def __init__(self) -> None:
        self._known: list[_Conversion] = []

    def find(self, table: OpenTable, given: pa.Schema, mode: WriteMode) -> _Conversion:
        """Raises `InvalidInput` and its subclasses, and `AccessDenied`."""
        for known in self._known:
            if known.table is table and known.mode is mode and known.given.equals(given, check_metadata=True):
                return known
        staged = fit_columns(table, given, mode).staged_schema
        visible = table.unmasked
        hidden = [column for column in staged.fields if visible.by_id(column.id) is None]
        target = without(staged, hidden) if hidden else staged
        columns = tuple(column.id for column in staged.fields)
        self._known.append(_Conversion(table, given, mode, columns, target, conformer(given, target)))
        return self._known[-1]

"""Deciding which of the writes that wait for one table share the next commit. Answers no caller.

A write joins if it is of the kind of the first one and the group does not get too large. See docs/adr/0014.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from supertable.application.commits.committer import Committer
from supertable.application.commits.write_result import WriteResult
from supertable.application.storage.arrow.arrow_schemas import fields_of_data
from supertable.application.tables.access_check import Request
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.grouped_writes import GroupedWrite
from supertable.application.writes.groups.write_reading import WaitingWrite, WriteReading
from supertable.application.writes.write_checks import check_mode_allowed
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.access.roles import Permission
from supertable.domain.errors import SupertableError
from supertable.domain.scan.scan_plan import AccessStage
from supertable.domain.table.idempotency import is_key_used

MOST_ROWS = 20_000


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
    reading = WriteReading()
    reading.read_together((write, opened[write.namespace]) for write in writes)
    formed = FormedGroup([], [], [])
    rows = 0
    keys: set[str] = set()
    for write in writes:
        table = opened[write.namespace]
        if formed.left and _keeps_order(table):
            formed.left.append(write)
            continue
        found = _examine(write, table, keys, reading, committer)
        if found is None or (isinstance(found, Candidate) and not joins(found, formed.members, rows)):
            formed.left.append(write)
        elif isinstance(found, Candidate):
            formed.members.append(found)
            rows += found.part.rows.count
            if write.info.key_name:
                keys.add(write.info.key_name)
        else:
            formed.answers.append((write, found))
    return formed


def joins(candidate: Candidate, members: Sequence[Candidate], rows: int) -> bool:
    """Whether the candidate may share the commit of `members`. `rows`: how many rows these have."""
    if not members:
        return True
    return candidate.kind == members[0].kind and rows + candidate.part.rows.count <= MOST_ROWS


def _keeps_order(table: OpenTable | SupertableError) -> bool:
    return isinstance(table, OpenTable) and bool(table.snapshot.definition.keys)


def _open_tables(writes: Iterable[WaitingWrite], tables: Tables) -> Mapping[Namespace, OpenTable | SupertableError]:
    """The table as each caller sees it, or the caller's error; as of one moment."""
    requests: dict[Namespace, list[str]] = {}
    names = {}
    for write in writes:
        requests.setdefault(write.namespace, []).append(write.request)
        names[write.namespace] = write.name
    asked: dict[Request, list[str]] = {(namespace, name): requests[namespace] for namespace, name in names.items()}
    found = tables.open_each(asked, Permission.WRITE)
    return {namespace: opened for (namespace, _), opened in found.items()}


def _examine(
    write: WaitingWrite,
    table: OpenTable | SupertableError,
    keys: Collection[str],
    reading: WriteReading,
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
        read = reading.rows_of(write, table)
    except Exception as error:  # noqa: BLE001 - any error answers this write alone
        return error
    part = GroupedWrite(table, read.rows, write.info.idempotency_key, write.info.key_use, write.request)
    kind = WriteKind(write.mode, tuple(sorted(write.info.properties.items())), table.access, read.columns)
    return Candidate(write, kind, part)


def _replay(write: WaitingWrite, table: OpenTable, committer: Committer) -> WriteResult | None:
    """The result of the first write with the same key. Raises `IdempotencyKeyReused`, and `AccessDenied` before."""
    if table.access is not None:
        check_mode_allowed(table, fields_of_data(write.rows(table.unmasked).schema), write.mode)
    replay = committer.find_replay(table, write.info)
    return WriteResult.of(table, replay) if replay else None

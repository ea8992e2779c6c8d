"""The whole state of a table at one version, computed from its commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile

from supertable.domain.schema.schemas import Schema
from supertable.domain.table.commits import Commit, Operation, TableDefinition
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import FileChanges, totals_of

REPLY_WINDOW_US = 7 * 24 * 3600 * 1_000_000
MAX_REPLIES = 50_000
"""Idempotency keys are remembered for seven days, and the newest 50,000 of them."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The commit that an idempotency key belongs to, and the digest of its request (empty: without a `KeyUse`)."""

    version: int
    committed_at_us: int
    request: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`files`: by path, in the order in which they were added. `schemas`: all schemas of the table so far, by id.

    `replies`: by the keys of `Commit.requests`, oldest first. `oldest`: the first version that is kept; older ones can
    be read only while a tag or clone pins them. `restored`: the newest version that a restore made (0: none). Restores
    may revive dead rows.
    """

    version: int
    commit_id: str
    created_at_us: int
    committed_at_us: int
    definition: TableDefinition
    schema: Schema
    schemas: Mapping[int, Schema]
    files: Mapping[str, DataFile]
    replies: Mapping[str, Reply]
    oldest: int = 1
    restored: int = 0

    @property
    def rows(self) -> int:
        return totals_of(self.files).live_rows

    @property
    def dead_rows(self) -> int:
        return totals_of(self.files).dead_rows

    @property
    def bytes(self) -> int:
        return totals_of(self.files).bytes

    @property
    def inline_bytes(self) -> int:
        """The size of the rows without objects."""
        return totals_of(self.files).inline_bytes

    @property
    def key_names(self) -> list[str]:
        return [self._column(field_id) for field_id in self.definition.keys]

    @property
    def sequence_name(self) -> str | None:
        return None if self.definition.sequence is None else self._column(self.definition.sequence)

    def _column(self, field_id: int) -> str:
        field = self.schema.by_id(field_id)
        assert field is not None, "key and sequence columns cannot be dropped"
        return field.name


def replayed(base: Snapshot | None, commits: Iterable[Commit]) -> Snapshot | None:
    """The snapshot after `commits`, which follow `base` (None: no version yet) without a gap.

    Raises `ValueError` where there is a gap or a commit contradicts the state; only damage can cause that.
    """
    state = base
    commits = list(commits)
    files = FileChanges(base.files if base else {})
    known: Mapping[str, Reply] = base.replies if base else {}
    answers = any(commit.requests for commit in commits)
    replies = dict(known) if answers else {}
    for commit in commits:
        _check_follows(state, commit)
        files.apply(commit.change.removed, commit.change.deletes, commit.change.added)
        _apply_replies(replies, commit)
        state = _advanced(state, commit) if state else _created(commit)
    return state and replace(state, files=files.files(), replies=replies if answers else known)


def _check_follows(state: Snapshot | None, commit: Commit) -> None:
    expected = state.version + 1 if state else 1
    if commit.version != expected:
        raise ValueError(f"version {commit.version} instead of {expected}")


def _apply_replies(replies: dict[str, Reply], commit: Commit) -> None:
    requests = commit.requests
    if not requests:
        return
    oldest = commit.committed_at_us - REPLY_WINDOW_US
    too_many = len(replies) + len(requests) - MAX_REPLIES
    in_order = enumerate(replies.items())  # in the order of commits, so expired replies come first
    expired = takewhile(lambda entry: entry[0] < too_many or entry[1][1].committed_at_us < oldest, in_order)
    for key in [key for _, (key, _) in expired]:
        del replies[key]
    replies.update({name: Reply(commit.version, commit.committed_at_us, each) for name, each in requests.items()})


def _created(commit: Commit) -> Snapshot:
    """The state after the first commit, without files and replies."""
    change = commit.change
    if change.definition is None or change.schema is None:
        raise ValueError("the first version does not define the table")
    return Snapshot(
        version=commit.version,
        commit_id=commit.id,
        created_at_us=commit.committed_at_us,
        committed_at_us=commit.committed_at_us,
        definition=change.definition,
        schema=change.schema,
        schemas={schema.id: schema for schema in (*change.schemas, change.schema)},
        files={},
        replies={},
    )


def _advanced(state: Snapshot, commit: Commit) -> Snapshot:
    """The state after one more commit, except for files and replies."""
    change = commit.change
    schema = change.schema or state.schema
    schemas = state.schemas if schema.id in state.schemas else {**state.schemas, schema.id: schema}
    return replace(
        state,
        version=commit.version,
        commit_id=commit.id,
        committed_at_us=commit.committed_at_us,
        definition=change.definition or state.definition,
        schema=schema,
        schemas=schemas,
        oldest=max(state.oldest, change.oldest or 1),
        restored=commit.version if change.operation is Operation.RESTORE else state.restored,
    )

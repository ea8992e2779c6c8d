"""Checks of the rows that an UPDATE or MERGE changes and makes: none changes twice, and keys stay unique."""

from __future__ import annotations

import numpy as np

from supertable.application.ports.engines.row_finders import RowFinder
from supertable.application.ports.engines.updates import ActionKind
from supertable.application.storage.positions import Positions
from supertable.application.tables.open_table import OpenTable
from supertable.application.updates.column_checks import sets_keys
from supertable.application.updates.new_values import NewValues
from supertable.application.writes.keys.key_resolution import KeyResolver, Resolution
from supertable.application.writes.staged_files import StagedFiles, staged_scan
from supertable.domain.errors import DuplicateKey, InvalidInput


def adds_keys(table: OpenTable, values: NewValues) -> bool:
    """Whether the new rows may have keys that the table has already."""
    if not table.snapshot.definition.keys:
        return False
    kinds = zip(values.actions, values.columns, strict=True)
    return any(
        action.kind is ActionKind.INSERT
        or (action.kind is ActionKind.UPDATE and sets_keys(table, [column.name for column in columns]))
        for action, columns in kinds
    )


def check_one_action_per_row(rows: Positions) -> None:
    """`rows`: sorted. Raises `InvalidInput` if one occurs twice."""
    twice = int(np.count_nonzero(rows[1:] == rows[:-1]))
    if twice:
        raise InvalidInput(
            "A row of the table matches several rows that would change it, so that its new values are ambiguous. "
            "Nothing was written. Make the condition, or the source, unique for each row."
        )


def check_keys_unique(
    table: OpenTable, staged: StagedFiles, replaced: dict[str, Positions], resolver: KeyResolver, finder: RowFinder
) -> None:
    """Raises `DuplicateKey` if two of the staged rows have one key, or one has that of a row which stays.

    `replaced`: the rows that do not stay, by path.
    """
    schema, keys = table.snapshot.schema, table.snapshot.key_names
    twice = finder.superseded(staged_scan(table, staged), keys, None)
    taken = {} if twice else resolver.resolve(Resolution(), table, staged, schema, replaced).dead.positions
    if twice or taken:
        reason = f"Two rows would have the same key ({', '.join(keys)})."
        raise DuplicateKey(table.name, reason, "Give each row a key of its own.")

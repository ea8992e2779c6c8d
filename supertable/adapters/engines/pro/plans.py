"""What a statement reads of its relations, and where Pro keeps it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from supertable.adapters.engines.duckdb.scan.source_sql import all_rows, column_names, row_count_sql, sees_part
from supertable.adapters.engines.duckdb.scan.summary_sql import known_values
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.application.ports.engines.sources import Source
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.types import Field

_WHOLE = "whole tables"

NOT_KEPT = "PRO keeps nothing of what the query reads"
NOT_HELD = "PRO did not hold what the query reads at this version"
NO_PLACE = "PRO has no place for what it would keep"


@dataclass(frozen=True, slots=True)
class Read:
    """A relation that is read from a generation: with which columns, and whether only its rows are counted."""

    scan: Scan
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement that Pro can run. `reads` by relation; `counts`: the SQL of relations whose number of rows is known.

    `unnamed`: a name that the statement does not have. `governed`: the role sees a part of what is read.
    """

    statement: DuckDBStatement
    scans: Mapping[int, Source]
    reads: Mapping[int, Read]
    counts: Mapping[int, str]
    island: Hashable
    unnamed: str
    governed: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the caller sees."""
        return tuple(dict.fromkeys(name for source in self.scans.values() for name in column_names(source)))


def plan_of(statement: DuckDBStatement, scans: Mapping[int, Source]) -> Plan | None:
    """None: the statement is one for Lite."""
    if statement.explain or statement.is_sampled:
        return None
    if known_values(statement.summaries, scans) is not None:
        return None  # no row is read
    counts = {n: row_count_sql(scans[n]) for n in statement.counted if all_rows(scans[n])}
    read = {n: source for n, source in scans.items() if n not in counts}
    kept = {n: source for n, source in read.items() if isinstance(source, Scan) and _is_kept(source)}
    if not kept or len(kept) < len(read):
        return None
    names = statement.names_read
    reads = {n: Read(scan, () if n in statement.counted else _fields(scan, names)) for n, scan in kept.items()}
    governed = any(map(sees_part, scans.values()))
    return Plan(statement, scans, reads, counts, island_key(kept.values()), _unnamed(names), governed)


def instead(why: str, scans: Mapping[int, Source]) -> str:
    """What is told of why LITE answers: nothing where the role sees a part of what is read, since what Pro holds
    depends on the number of all rows."""
    return "" if any(map(sees_part, scans.values())) else why


def island_key(scans: Iterable[Scan]) -> Hashable:
    """Statements of one key may run in one database. Where a role sees a part of what a statement reads, that database
    holds the relations of such statements alone."""
    read = list(scans)
    return frozenset(map(relation_key, read)) if any(map(sees_part, read)) else _WHOLE


def relation_key(scan: Scan) -> Hashable:
    """What the caller sees of which table, whatever the version."""
    access = scan.access
    if access is None:
        return (scan.folder,)
    masks = tuple(sorted(access.masks.items()))
    return (scan.folder, access.columns, masks, access.condition, access.mask_key)


def _is_kept(scan: Scan) -> bool:
    return scan.snapshot is not None and not scan.row_id and not scan.hidden


def _fields(scan: Scan, names: frozenset[str] | None) -> tuple[Field, ...]:
    shown = scan.shown.fields
    return shown if names is None else tuple(one for one in shown if ascii_lower(one.name) in names)


def _unnamed(names: frozenset[str] | None) -> str:
    name = "st_row"
    while names and name in names:
        name += "_"
    return name

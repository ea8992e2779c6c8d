"""The relations of a statement, bound to tables at one cut, and to listings; and the sources that the engine reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from supertable.application.key_index.key_lookups import KeyLookups
from supertable.application.ports.engines.parsed_statements import Relation, Statement, TagAt, TimestampAt, VersionAt
from supertable.application.ports.engines.sources import Given, Source, Union
from supertable.application.ports.leases import Span
from supertable.application.queries.relations.change_feed import ChangeFeed
from supertable.application.queries.relations.listings import Listings, ViewColumns, is_listing, no_columns
from supertable.application.queries.targets import Target, target_of
from supertable.application.storage.snapshot_files.first_files import predicate_of_extremes, predicate_of_first
from supertable.application.storage.snapshot_files.table_summaries import known_summary
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.pruned_scans import pruned_scan
from supertable.application.tables.supertables import is_name
from supertable.domain.access.roles import Permission
from supertable.domain.errors import AccessDenied, NotFound, StatementRefused, WrongKind
from supertable.domain.names import name_key
from supertable.domain.scan.predicates import ALWAYS, All, Predicate
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.snapshots import Snapshot
from supertable.domain.timestamps import moment

Keeps = Callable[[Scan], bool]


def nothing_kept(scan: Scan) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Bound:
    """Relations and what they mean, by id: `opened`, the tables of those that `targets` names, or `given` rows.

    `views`: the views among the targets, whose relations are bound to nothing else.
    """

    relations: tuple[Relation, ...]
    targets: Mapping[int, Target]
    opened: Mapping[int, list[OpenTable]]
    given: Mapping[int, Given]
    views: Mapping[Target, OpenTable] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[OpenTable, ...]:
        """The tables that are read; a view is none."""
        return tuple(chain.from_iterable(self.opened.values()))

    def spans(self) -> dict[str, list[Span]]:
        """The versions that are read, by log."""
        spans: dict[str, list[Span]] = {}
        for relation in self.relations:
            for table in self.opened.get(relation.id, ()):
                last = table.snapshot.version
                changes = relation.changes
                first = max(changes.after, 1) if changes else last
                spans.setdefault(table.folder, []).append((min(first, last), last))
        return spans

    def of_part(self, statement: Statement) -> Bound:
        """The relations of a part of this statement, bound to the same tables."""
        same = {relation.id: self._same(relation) for relation in statement.relations}
        return Bound(
            tuple(statement.relations),
            {number: self.targets[other] for number, other in same.items() if other in self.targets},
            {number: self.opened[other] for number, other in same.items() if other in self.opened},
            {number: self.given[other] for number, other in same.items() if other in self.given},
        )

    def _same(self, relation: Relation) -> int:
        """The id of the relation here that reads the same rows. Moments that functions compute differ, since time
        passes."""
        equal = next((one.id for one in self.relations if _key(one) == _key(relation)), None)
        if equal is not None:
            return equal
        alike = [one for one in self.relations if _without_moment(one) == _without_moment(relation)]
        if len({one.at for one in alike}) != 1:
            raise StatementRefused(
                f"{relation.parts[-1]} is read at several moments, some of which functions compute. Use constants."
            )
        return alike[0].id


class Relations:
    def __init__(self, tables: Tables, changes: ChangeFeed, listings: Listings, lookups: KeyLookups) -> None:
        self._tables = tables
        self._changes = changes
        self._listings = listings
        self._lookups = lookups

    def targets(self, namespace: Namespace, relations: Iterable[Relation]) -> dict[int, Target]:
        """What the names of tables mean, by the relation's id. Listings and local rows are left out."""
        return {
            each.id: target_of(namespace, each)
            for each in relations
            if not is_listing(each) and self._local(namespace, each) is None
        }

    def _local(self, namespace: Namespace, relation: Relation) -> Given | None:
        """The file or frame that the name stands for; None: it stands for something else. Tables come before frames."""
        local, (name, *more) = namespace.local, relation.parts or ("",)
        if local is None or more or relation.view or relation.show or relation.changes:
            return None
        if not is_name(name):
            found = local.files(name)
        elif name_key(name) in ("self", name_key(namespace.supertable)):
            return None
        elif local.has_frame(name) and not self._tables.registry(namespace).has(name):
            found = local.frame(name)
        else:
            return None
        if relation.at is not None:
            raise StatementRefused(f"AT (…) reads a version of a table, and {name} is none.")
        return found

    def bind(
        self,
        namespace: Namespace,
        relations: Sequence[Relation],
        targets: Mapping[int, Target],
        views: Iterable[Target] = (),
        view_columns: ViewColumns = no_columns,
    ) -> Bound:
        """Opens the tables of all relations at the versions that they name, from one consistent cut.

        `views`: views to open too. `view_columns`: see `Listings`.
        """
        wanted = {*targets.values(), *views}
        cut = self._tables.open_consistently(wanted, Permission.READ, views=True)
        found = {target: _whole(cut[target][0]) for target in wanted if _is_view(target, cut[target])}
        for each in relations:
            if each.changes and targets.get(each.id) in found:
                raise WrongKind(each.parts[-1])
        opened = {
            each.id: self._as_of([table for table in cut[targets[each.id]] if not table.entry.view], each)
            for each in relations
            if each.id in targets and targets[each.id] not in found
        }
        given = {
            each.id: self._local(namespace, each) or self._listings(namespace, each, view_columns)
            for each in relations
            if each.id not in targets
        }
        return Bound(tuple(relations), targets, opened, given, found)

    def views(self, targets: Iterable[Target]) -> dict[Target, OpenTable]:
        """Those of the targets that are views which the caller may read, as of one moment."""
        named = {target for target in targets if target.table is not None}
        try:
            cut = self._tables.open_consistently(named, Permission.READ, views=True)
        except (NotFound, AccessDenied):
            return {} if len(named) == 1 else {key: one for each in named for key, one in self.views([each]).items()}
        return {target: cut[target][0] for target in named if _is_view(target, cut[target])}

    def sources(
        self,
        statement: Statement,
        bound: Bound,
        parameters: Sequence[Any] | Mapping[str, Any],
        keeps: Keeps = nothing_kept,
    ) -> dict[int, Source]:
        """The plan of each relation, by its id: its table's changes, its table's rows, a union of tables, or rows.

        `keeps`: whether an engine keeps the rows of a scan, so that no key is looked up to read fewer files.
        """
        changes = {
            relation.id: relation.changes
            for relation in bound.relations
            if relation.changes and relation.id in bound.opened
        }
        singles = {
            number: tables[0]
            for number, tables in bound.opened.items()
            if bound.targets[number].table is not None and number not in changes
        }
        schemas = {number: table.unmasked for number, table in singles.items()}
        governed = any(table.access for table in bound.tables)

        def source(number: int) -> Source:
            if number in changes:
                return self._changes(bound.opened[number][0], changes[number])
            if number in singles:
                table = singles[number]
                predicate = statement.predicate(number, schemas, parameters)
                if governed:
                    return replace(scan(number, table, predicate), snapshot=table.snapshot)
                summary = known_summary(table.snapshot, statement.summaries)
                needed = _outermost(statement, number, table.snapshot)
                found = scan(number, table, predicate if needed == ALWAYS else All((predicate, needed)))
                return replace(found, snapshot=table.snapshot, summary=summary)
            return Union(tuple(scan(number, table, ALWAYS) for table in bound.opened[number]))

        def scan(number: int, table: OpenTable, predicate: Predicate) -> Scan:
            files: Mapping[str, DataFile] | None = {} if statement.is_counted(number) and table.sees_all_rows else None
            found = pruned_scan(table, predicate, governed, files)
            if keeps(replace(found, snapshot=table.snapshot)):
                return found
            return self._lookups.narrowed(table, found.residual if governed else predicate, found)

        return {**bound.given, **{number: source(number) for number in bound.opened}}

    def _as_of(self, tables: list[OpenTable], relation: Relation) -> list[OpenTable]:
        """The tables at the version or time that the relation names. A union leaves out tables created later."""
        at = relation.at
        if at is None:
            return tables
        if isinstance(at, VersionAt | TagAt):
            version = at.version if isinstance(at, VersionAt) else at.tag
            return [self._tables.as_of(table, version) for table in tables]
        if len(tables) == 1:
            return [self._tables.at_time(tables[0], at.at_us, _time_text(at))]
        existing = [table for table in tables if table.snapshot.created_at_us <= at.at_us]
        return [self._tables.at_time(table, at.at_us, _time_text(at)) for table in existing]


def _outermost(statement: Statement, relation: int, snapshot: Snapshot) -> Predicate:
    """True for the rows that matter, if these are the first by a column, or those with least or greatest values."""
    first = statement.first_rows(relation, snapshot.schema)
    return predicate_of_first(snapshot, first) if first else predicate_of_extremes(snapshot, statement.summaries)


def _is_view(target: Target, opened: Sequence[OpenTable]) -> bool:
    return target.table is not None and opened[0].entry.view


def _whole(view: OpenTable) -> OpenTable:
    """The view. Raises `AccessDenied` where a rule of the role shows a part of it, which a view does not have."""
    if view.access is not None:
        raise AccessDenied(f"A role sees view {view.name} as a whole or not at all, and this role has a rule for it.")
    return view


def _key(relation: Relation) -> tuple[object, ...]:
    """The same for relations that read the same rows."""
    return relation.parts, relation.at, relation.changes, relation.show


def _without_moment(relation: Relation) -> tuple[object, ...]:
    at = TimestampAt if isinstance(relation.at, TimestampAt) else relation.at
    return relation.parts, at, relation.changes, relation.show


def _time_text(at: TimestampAt) -> str:
    return f"at {moment(at.at_us):%Y-%m-%d %H:%M:%S.%f} UTC"

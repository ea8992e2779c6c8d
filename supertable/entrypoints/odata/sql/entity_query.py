"""The statements that answer requests for entities. They run as any caller's statements do, under the caller's role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from supertable.domain.errors import InvalidInput
from supertable.domain.names import quoted
from supertable.domain.schema.types import DataType
from supertable.entrypoints.odata.expressions.options import parse_compute, parse_orderby, parse_select
from supertable.entrypoints.odata.expressions.parser import parse_expression
from supertable.entrypoints.odata.expressions.search import parse_search
from supertable.entrypoints.odata.expressions.syntax import Literal
from supertable.entrypoints.odata.expressions.transformations import parse_apply
from supertable.entrypoints.odata.model.entity_types import EntityType, Primitive, Property
from supertable.entrypoints.odata.sql.applied import applied
from supertable.entrypoints.odata.sql.pages.orders import (
    OrderColumn,
    Position,
    after_sql,
    bounded,
    order_columns,
    position_of,
)
from supertable.entrypoints.odata.sql.pages.projections import Projection, projection
from supertable.entrypoints.odata.sql.relations.computed_columns import computed
from supertable.entrypoints.odata.sql.relations.relation import Relation, table_relation
from supertable.entrypoints.odata.sql.relations.row_identity import digests, identity_sql, parse_identity
from supertable.entrypoints.odata.sql.relations.searches import search_condition
from supertable.entrypoints.odata.sql.values.bindings import Bindings
from supertable.entrypoints.odata.sql.values.comparisons import comparable, compared
from supertable.entrypoints.odata.sql.values.scopes import typed_column
from supertable.entrypoints.odata.sql.values.typed import INT64, STRING, Typed, type_text

_MOST_ROWS = 2**53


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """The system query options of a request, each as its text. `aliases`: parameter aliases, with their `@`."""

    filter: str | None = None
    orderby: str | None = None
    select: str | None = None
    search: str | None = None
    apply: str | None = None
    compute: str | None = None
    top: int | None = None
    skip: int | None = None
    count: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """`size`: the most rows of a page. `after`: where it begins; None: it is the first."""

    size: int
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class EntityQuery:
    """A statement with its parameters.

    `columns`: the properties of the answer, in order; the statement's columns have their names, and the types that are
    stored. After them come the hidden columns of `position_columns`, whose names begin with `$`. `rows`: how many rows
    are to be answered at most; if the statement returns one more, there is a next page.
    """

    sql: str
    parameters: dict[str, Any]
    columns: tuple[Property, ...]
    rows: int
    position_columns: tuple[str, ...] = ()
    order: tuple[OrderColumn, ...] = ()
    start: Position | None = None

    def position_after(self, values: Sequence[Any], rows: int) -> Position:
        """The position after a row. `values`: of its `position_columns`. `rows`: how many this page has up to it."""
        texts, before = list(values[: len(self.order)]), self.start
        equal = int(values[len(self.order)]) if len(values) > len(self.order) else 0
        found = position_of(self.order, texts, equal, rows + (before.rows if before else 0))
        if before and equal and (found.values, found.long) == (before.values, before.long):
            return replace(found, equal=equal + before.equal)
        return found


def compose(entity: EntityType, options: QueryOptions, version: int | None, page: Page) -> EntityQuery:
    """The statement of a page. `version`: None for views, which have none.

    Raises `InvalidInput`, and `NotSupported` for OData that is not answered.
    """
    bindings = Bindings()
    relation, row_identity = _relation(entity, options, version, bindings)
    paths = parse_select(options.select) if options.select is not None else ()
    chosen = projection(relation, paths, row_identity)
    items = parse_orderby(options.orderby, options.aliases) if options.orderby is not None else ()
    order = order_columns(relation, bindings, items)
    limits = _limits(options, page)
    if page.after:
        relation = relation.filtered(after_sql(relation, bindings, order, page.after)) if order else relation
    relation = bounded(relation, order, page.after, limits.read)
    return _statement(relation, bindings, chosen, order, limits, page.after, row_identity)


def count_query(entity: EntityType, options: QueryOptions, version: int | None) -> EntityQuery:
    """The statement of one row and column, `count`: how many entities there are, whatever `$top` and `$skip` say."""
    bindings = Bindings()
    relation, _ = _relation(entity, options, version, bindings)
    column = Property("count", "count", INT64, DataType("int64"), nullable=False)
    sql = f"SELECT count(*) AS {quoted('count')} {relation.from_where}"
    return EntityQuery(sql, bindings.used_in(sql), (column,), 1)


def by_key(entity: EntityType, key: Mapping[str, Literal], options: QueryOptions, version: int | None) -> EntityQuery:
    """The statement of the entity with this key, one row or none.

    `key`: the value of each property of the key, or that of `row_identity`, as `parse_key` reads them.
    """
    bindings = Bindings()
    relation, row_identity = _relation(
        entity, replace(options, filter=None, search=None, apply=None), version, bindings
    )
    chosen = projection(relation, parse_select(options.select) if options.select is not None else (), row_identity)
    skip = 0
    if entity.key:
        for name in entity.key:
            relation = relation.filtered(_key_condition(entity, bindings, name, key[name]))
    else:
        *hashes, number = parse_identity(str(key[entity.row_identity].value))
        for sql, value in zip(digests(relation), hashes, strict=True):
            relation = relation.filtered(f"{sql} = {bindings.add(value)}")
        skip = number - 1
    names = _named(chosen)
    if chosen.identity:
        names = [f"{bindings.add(str(key[entity.row_identity].value))} AS {quoted(row_identity)}", *names]
    sql = f"SELECT {', '.join(names)} {relation.from_where} LIMIT 1 OFFSET {skip}"
    return EntityQuery(sql, bindings.used_in(sql), _columns(chosen, row_identity), 1)


def key_names(entity: EntityType) -> tuple[str, ...]:
    """The properties that identify an entity."""
    return entity.key or (entity.row_identity,)


def _relation(
    entity: EntityType, options: QueryOptions, version: int | None, bindings: Bindings
) -> tuple[Relation, str]:
    """The rows that the options ask for, and the name of the property of their identity, if they have one."""
    relation = table_relation(entity, version)
    if options.apply is not None:
        relation = applied(relation, bindings, parse_apply(options.apply, options.aliases))
    if options.compute is not None:
        relation = computed(relation, bindings, parse_compute(options.compute, options.aliases), "$compute")
    if options.filter is not None:
        tree = parse_expression(options.filter, "$filter", options.aliases)
        relation = relation.filtered(relation.compiler(bindings, "$filter").condition(tree))
    if options.search is not None:
        relation = relation.filtered(search_condition(relation, bindings, parse_search(options.search)))
    return relation, relation.row_identity


@dataclass(frozen=True, slots=True)
class _Limits:
    """How many rows the page has at most, how many are read, and how many are skipped before it."""

    rows: int
    read: int
    skip: int


def _limits(options: QueryOptions, page: Page) -> _Limits:
    """One more row is read than the page has, unless `$top` ends with the page."""
    for name, value in (("$top", options.top), ("$skip", options.skip)):
        if value is not None and not 0 <= value <= _MOST_ROWS:
            raise InvalidInput(f"{name} is a whole number from 0 to {_MOST_ROWS:,}.")
    skip = (options.skip or 0) if page.after is None else 0
    left = max(options.top - (page.after.rows if page.after else 0), 0) if options.top is not None else None
    if left is not None and left <= page.size:
        return _Limits(left, left, skip)
    return _Limits(page.size, page.size + 1, skip)


def _statement(
    relation: Relation,
    bindings: Bindings,
    chosen: Projection,
    order: Sequence[OrderColumn],
    limits: _Limits,
    start: Position | None,
    row_identity: str,
) -> EntityQuery:
    """Inside, the rows of the page are found; outside, texts are made of their positions."""
    hidden = [quoted(f"$order{number}") for number in range(1, len(order) + 1)]
    inner = [*_named(chosen), *(f"{each.value.sql} AS {name}" for each, name in zip(order, hidden, strict=True))]
    by = ", ".join(each.order_by(name) for each, name in zip(order, hidden, strict=True))
    before = start.equal if start and relation.unique is None else 0
    page = f"SELECT {', '.join(inner)} {relation.from_where}"
    page += f"{f' ORDER BY {by}' if by else ''} LIMIT {limits.skip + limits.read} OFFSET {before}"
    texts = [f"{each.text.format(f'p.{name}')} AS {name}" for each, name in zip(order, hidden, strict=True)]
    outer = [*(f"p.{quoted(each.name)}" for each in chosen.columns), *texts]
    names = [f"$order{number}" for number in range(1, len(order) + 1)]
    if relation.unique is None:
        count = f"row_number() OVER (PARTITION BY {', '.join(f'p.{name}' for name in hidden)})"
        outer.append(f"{count} AS {quoted('$equal')}")
        names.append("$equal")
        if chosen.identity:
            outer.insert(0, _identity(bindings, hidden, count, order, start, row_identity))
    outside = ", ".join(
        [
            *(each.order_by(f"p.{name}") for each, name in zip(order, hidden, strict=True)),
            *(['"$equal"'] if relation.unique is None else []),
        ]
    )
    sql = f"SELECT {', '.join(outer)} FROM ({page}) AS p{f' ORDER BY {outside}' if outside else ''}"
    sql += f" LIMIT {limits.read} OFFSET {limits.skip}" if limits.skip else ""
    columns = _columns(chosen, row_identity)
    return EntityQuery(sql, bindings.used_in(sql), columns, limits.rows, tuple(names), tuple(order), start)


def _identity(
    bindings: Bindings,
    hidden: Sequence[str],
    count: str,
    order: Sequence[OrderColumn],
    start: Position | None,
    row_identity: str,
) -> str:
    first, second = (f"p.{name}" for name in hidden[-2:])
    if start and start.equal:
        values = (each.bound(bindings, text or "") for each, text in zip(order[-2:], start.values[-2:], strict=True))
        same = " AND ".join(f"{name} = {value}" for name, value in zip((first, second), values, strict=True))
        count = f"({count} + CASE WHEN {same} THEN {start.equal} ELSE 0 END)"
    return f"{identity_sql(first, second, count)} AS {quoted(row_identity)}"


def _named(chosen: Projection) -> list[str]:
    return [f"{sql} AS {quoted(each.name)}" for sql, each in zip(chosen.sql, chosen.columns, strict=True)]


def _columns(chosen: Projection, row_identity: str) -> tuple[Property, ...]:
    if not chosen.identity:
        return chosen.columns
    return (Property(row_identity, row_identity, STRING, DataType("string"), nullable=False), *chosen.columns)


def _key_condition(entity: EntityType, bindings: Bindings, name: str, literal: Literal) -> str:
    found = entity.property_of(name)
    assert found is not None
    column = typed_column(found, f"t.{quoted(found.column)}")
    value = Typed("", Primitive(literal.kind), literal=literal)
    if not comparable(column, value):
        raise InvalidInput(f"The key: {name} is {type_text(column.type)}, and not {type_text(value.type)}.")
    return compared(bindings, "eq", column, value, exact=False)


def matching(entity: EntityType, options: QueryOptions, version: int | None, prefix: str = "p") -> EntityQuery:
    """The statement of all entities that `$filter` and `$search` leave, with the properties of `$select`, unordered.

    `prefix`: of the names of its parameters, for a statement that is made of several.
    """
    bindings = Bindings(prefix)
    relation, _ = _relation(entity, options, version, bindings)
    chosen = projection(relation, parse_select(options.select) if options.select is not None else (), "")
    sql = f"SELECT {', '.join(_named(chosen))} {relation.from_where}"
    return EntityQuery(sql, bindings.values, chosen.columns, _MOST_ROWS)

"""`$apply`: one relation after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.expressions.syntax import (
    Aggregate,
    Compute,
    Cut,
    Filter,
    GroupBy,
    Leading,
    Ordered,
    OrderItem,
    Search,
    Transformation,
)
from supertable.entrypoints.odata.sql.pages.orders import order_columns
from supertable.entrypoints.odata.sql.relations.aggregates import aggregated, grouped
from supertable.entrypoints.odata.sql.relations.computed_columns import computed
from supertable.entrypoints.odata.sql.relations.relation import ALIAS, Relation
from supertable.entrypoints.odata.sql.relations.searches import search_condition
from supertable.entrypoints.odata.sql.values.bindings import Bindings


def applied(relation: Relation, bindings: Bindings, steps: Sequence[Transformation]) -> Relation:
    """What the steps make of the relation. Raises `InvalidInput` and `NotSupported`."""
    order: tuple[OrderItem, ...] = ()
    for step in steps:
        relation = _applied(relation, bindings, step, order)
        order = step.items if isinstance(step, Ordered) else order if isinstance(step, Filter | Search | Cut) else ()
    return relation


def _applied(relation: Relation, bindings: Bindings, step: Transformation, order: Sequence[OrderItem]) -> Relation:
    match step:
        case Filter():
            return relation.filtered(relation.compiler(bindings, "$apply").condition(step.condition))
        case Search():
            return relation.filtered(search_condition(relation, bindings, step.expression))
        case Compute():
            return computed(relation, bindings, step.values, "$apply")
        case Aggregate():
            return aggregated(relation, bindings, step.values)
        case GroupBy():
            return _grouped(relation, bindings, step)
        case Leading():
            return _leading(relation, bindings, step)
        case Cut():
            return _cut(relation, bindings, step, order)
        case _:
            return relation


def _grouped(relation: Relation, bindings: Bindings, step: GroupBy) -> Relation:
    """Values are computed before the groups are made, which gives the same."""
    *before, last = step.steps or (Aggregate(()),)
    if not isinstance(last, Aggregate) or not all(isinstance(each, Compute) for each in before):
        raise NotSupported(f"$apply, position {step.at}: a group is aggregated, after `compute` at most.")
    return grouped(applied(relation, bindings, before), bindings, step, last.values)


def _cut(relation: Relation, bindings: Bindings, step: Cut, order: Sequence[OrderItem]) -> Relation:
    columns = order_columns(relation, bindings, order)
    by = ", ".join(each.order_by(each.value.sql) for each in columns)
    clause = f"LIMIT {step.count}" if step.name == "top" else f"OFFSET {step.count}"
    return relation.wrapped(f"{f'ORDER BY {by} ' if by else ''}{clause}")


def _leading(relation: Relation, bindings: Bindings, step: Leading) -> Relation:
    """The first rows by an expression: a number of them, or until their sum reaches an amount or a share of all.

    Rows without a value come last, whichever way the order is.
    """
    value = relation.compiler(bindings, "$apply").value(step.expression)
    if not value.is_number and not step.name.endswith("count"):
        raise InvalidInput(f"$apply, position {step.at}: {step.name} needs a number.")
    if isinstance(step.amount.value, int | float) and step.amount.value < 0:
        raise InvalidInput(f"$apply, position {step.at}: {step.name} needs an amount that is not negative.")
    descending = "DESC" if step.name.startswith("top") else "ASC"
    deciding = [each.order_by(each.value.sql) for each in order_columns(relation, bindings, ())]
    by = ", ".join([f"{value.sql} {descending} NULLS LAST", *deciding])
    if step.name.endswith("count"):
        if not isinstance(step.amount.value, int) or step.amount.value >= 2**53:
            raise InvalidInput(f"$apply, position {step.at}: {step.name} takes a whole number.")
        return relation.wrapped(f"ORDER BY {by} LIMIT {step.amount.value}")
    return _until(relation, bindings, step, value.sql, by)


def _until(relation: Relation, bindings: Bindings, step: Leading, value: str, by: str) -> Relation:
    """The rows before which the sum is still less than what is wanted."""
    amount = bindings.add(step.amount.value)
    before = f"coalesce(sum({value}) OVER (ORDER BY {by} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)"
    wanted = amount if step.name.endswith("sum") else f"{amount} / 100.0 * (SELECT sum({value}) {relation.from_where})"
    marked = f'(SELECT {ALIAS}.*, {before} < {wanted} AS "$leads" {relation.from_where}) AS {ALIAS}'
    return replace(relation, source=marked, conditions=(f'{ALIAS}."$leads"', f"{value} IS NOT NULL"))

"""The predicate of a WHERE clause on one of the statement's tables: the part that file pruning can use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from supertable.adapters.engines.duckdb.statement.conditions.constants import Constants, comparison
from supertable.adapters.engines.duckdb.statement.conditions.literals import Constant, is_null, iso_time, plain_values
from supertable.adapters.engines.duckdb.statement.parse_tree import Node, arguments
from supertable.adapters.engines.duckdb.statement.validation.literal_lists import SHORTEST, expanded
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.domain.scan.predicates import (
    ALWAYS,
    All,
    AnyOf,
    Compare,
    IsIn,
    NullTest,
    Predicate,
    conjuncts,
    is_equality,
)
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import Field

_FLIPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPERATORS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOT_DISTINCT_FROM": "=",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_NEVER = AnyOf(())
_PREFIX = frozenset({"~~", "^@", "starts_with", "prefix"})


@dataclass(frozen=True, slots=True)
class Source:
    """One item of a FROM clause. `columns`: by name; None: unknown. `relation`: its generated name, or empty.

    `prunable`: rows that WHERE rejects may be left out of it.
    """

    alias: str
    columns: Mapping[str, Field] | None
    relation: str
    prunable: bool


@dataclass(frozen=True, slots=True)
class From:
    """A FROM clause. `inner`: all its joins are inner joins. `conditions`: of those joins that hold for every row."""

    sources: tuple[Source, ...]
    inner: bool
    conditions: tuple[Node, ...]


def relation_predicate(tree: Node, token: str, schemas: Mapping[str, Schema], constants: Constants) -> Predicate:
    """A necessary condition for the rows of the relation `token`. `schemas`: by the relations' generated names."""
    for select in _selects_from(tree, token):
        tables = _read_from(select, schemas)
        wanted = next((source for source in tables.sources if source.relation == token and source.prunable), None)
        if wanted is None or wanted.columns is None or select["sample"]:
            return ALWAYS
        reader = _Reader(wanted, tables, constants)
        conditions = [condition for condition in (*tables.conditions, select["where_clause"]) if condition]
        return _joined([reader.read(condition) for condition in conditions])
    return ALWAYS


def condition_predicate(condition: Node, schema: Schema, constants: Constants) -> Predicate:
    """A necessary condition for the rows of a table for which `condition`, over its columns alone, is true."""
    columns = {ascii_lower(field.name): field for field in schema.fields}
    source = Source(alias="", columns=columns, relation="", prunable=True)
    try:
        return _Reader(source, From((source,), inner=True, conditions=()), constants).read(condition)
    except RecursionError:
        return ALWAYS


def is_exactly(condition: Node, necessary: Predicate) -> bool:
    """Whether the condition is one of `column = constant` and `column IN (constants)`, or several of them joined by
    AND, and its `condition_predicate` states each of them."""
    count = _equalities(condition)
    stated = conjuncts(necessary)
    return count == len(stated) and all(map(is_equality, stated))


def _equalities(condition: Node) -> int | None:
    """How many equalities the condition joins by AND; None: there is something else."""
    if condition["class"] == "CONJUNCTION" and condition["type"] == "CONJUNCTION_AND":
        counts = [_equalities(part) for part in condition["children"]]
        return None if None in counts else sum(count for count in counts if count)
    return 1 if condition["type"] in ("COMPARE_EQUAL", "COMPARE_IN") else None


def _selects_from(tree: Node, token: str) -> Iterator[Node]:
    stack: list[object] = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if item.get("type") == "SELECT_NODE" and token in _tables(item["from_table"]):
                yield item
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def _tables(table: Node) -> set[str]:
    """The generated names in one FROM, without those in subqueries."""
    if table["type"] == "JOIN":
        return _tables(table["left"]) | _tables(table["right"])
    return {table["table_name"]} if table["type"] == "BASE_TABLE" else set()


def _read_from(select: Node, schemas: Mapping[str, Schema]) -> From:
    sources: list[Source] = []
    conditions: list[Node] = []
    inner = _read_table(select["from_table"], schemas, sources, conditions, prunable=True, inner=True)
    return From(tuple(sources), inner, tuple(conditions))


def _read_table(
    table: Node,
    schemas: Mapping[str, Schema],
    sources: list[Source],
    conditions: list[Node],
    prunable: bool,
    inner: bool,
) -> bool:
    """Collects the sources and join conditions of a FROM. Returns whether all joins are inner, so none adds nulls."""
    if table["type"] != "JOIN":
        sources.append(_source(table, schemas, prunable))
        return True
    kind, form = table["join_type"], table["ref_type"]
    plain = prunable and not table["sample"] and not table["alias"] and form not in ("POSITIONAL", "ASOF")
    is_inner = kind == "INNER"
    left = _read_table(table["left"], schemas, sources, conditions, plain, inner and is_inner)
    visible = plain and kind not in ("SEMI", "ANTI")
    right = _read_table(table["right"], schemas, sources, conditions, visible, inner and is_inner)
    if inner and is_inner and plain and table["condition"]:
        conditions.append(table["condition"])
    return is_inner and left and right


def _source(table: Node, schemas: Mapping[str, Schema], prunable: bool) -> Source:
    alias = ascii_lower(table["alias"])
    if table["type"] != "BASE_TABLE" or table["table_name"] not in schemas:
        return Source(alias, None, "", prunable=False)
    fields = schemas[table["table_name"]].fields
    given = table["column_name_alias"]
    names = [*given, *(field.name for field in fields[len(given) :])]
    columns = {ascii_lower(name): field for name, field in zip(names, fields, strict=False)}
    return Source(alias, columns, table["table_name"], prunable and not table["sample"])


@dataclass(frozen=True, slots=True)
class _Reader:
    wanted: Source
    tables: From
    constants: Constants

    def read(self, node: Node) -> Predicate:
        """A predicate that holds where the condition is true; `ALWAYS` where it does not restrict the wanted table."""
        match node["class"]:
            case "CONJUNCTION":
                parts = [self.read(part) for part in node["children"]]
                return _joined(parts) if node["type"] == "CONJUNCTION_AND" else _either(parts)
            case "COMPARISON":
                return self._comparison(node)
            case "BETWEEN":
                return self._between(node)
            case "OPERATOR":
                return self._operator(node)
            case "FUNCTION":
                return self._prefix(node)
            case "COLUMN_REF":
                field = self._field(node)
                return Compare(field.name, "=", True) if field and field.type.name == "bool" else ALWAYS
        return ALWAYS

    def _comparison(self, node: Node) -> Predicate:
        operator = _OPERATORS.get(node["type"])
        if operator is None:
            return ALWAYS
        if node["left"]["class"] == "COLUMN_REF":
            return self._compare(node["left"], operator, node["right"])
        return self._compare(node["right"], _FLIPPED[operator], node["left"])

    def _compare(self, column: Node, operator: str, value: Node) -> Predicate:
        field = self._field(column)
        constant = self.constants.read(value, field.type) if field else None
        found = comparison(field, operator, constant) if field and constant else None
        return ALWAYS if found is None else found

    def _between(self, node: Node) -> Predicate:
        """The engine converts all three operands to one type. Beside an unknown bound, it may compare texts as numbers,
        or integers as floats. Only dates and times that are no texts keep their order in every such type.
        """
        bounds = [(">=", node["lower"]), ("<=", node["upper"])]
        parts = [self._compare(node["input"], operator, bound) for operator, bound in bounds]
        field = self._field(node["input"])
        if field is not None and ALWAYS in parts:
            kept = [self._keeps_order(field, bound) for _, bound in bounds]
            parts = [part for part, keeps in zip(parts, kept, strict=True) if keeps]
        return _joined(parts)

    def _keeps_order(self, field: Field, bound: Node) -> bool:
        constant = self.constants.read(bound, field.type)
        if constant is None or field.type.name not in ("date", "time", "timestamp"):
            return False
        return bound["class"] != "CONSTANT" or iso_time(bound, "date") is not None

    def _operator(self, node: Node) -> Predicate:
        field = self._field(node["children"][0]) if node["children"] else None
        if field is None:
            return ALWAYS
        if node["type"] == "OPERATOR_IS_NOT_NULL":
            return NullTest(field.name, negated=True)
        if node["type"] == "OPERATOR_IS_NULL" and self.tables.inner:
            return NullTest(field.name, negated=False)
        return self._is_in(field, list(expanded(node["children"][1:]))) if node["type"] == "COMPARE_IN" else ALWAYS

    def _is_in(self, field: Field, values: list[Node]) -> Predicate:
        """NULL in the list matches nothing. An unknown value makes the result `ALWAYS`."""
        literals = plain_values(field.type, values)
        if literals is not None:
            return _either([IsIn(field.name, literals)] if literals else [])
        not_null = [value for value in values if not is_null(value)]
        may_evaluate = len(values) < SHORTEST
        parts = [self._equal(field, value, may_evaluate) for value in not_null]
        if any(part is None for part in parts):
            return ALWAYS
        plain = [part for part in parts if isinstance(part, Compare)]
        rest = [part for part in parts if part not in (None, _NEVER) and not isinstance(part, Compare)]
        return _either([*([IsIn(field.name, tuple(part.value for part in plain))] if plain else []), *rest])

    def _equal(self, field: Field, value: Node, may_evaluate: bool) -> Predicate | None:
        constant = self.constants.read(value, field.type, may_evaluate)
        return comparison(field, "=", constant) if constant else None

    def _prefix(self, node: Node) -> Predicate:
        """`LIKE 'text%'` and similar tests of a prefix, on text columns."""
        parts = arguments(node)
        if node["function_name"] not in _PREFIX or len(parts) != 2:
            return ALWAYS
        field = self._field(parts[0])
        if field is None or field.type.name != "string":
            return ALWAYS
        pattern = self.constants.read(parts[1], field.type)
        return _starts_with(field.name, pattern, like=node["function_name"] == "~~") if pattern else ALWAYS

    def _field(self, node: Node) -> Field | None:
        """The column of the wanted table that the expression names; None where it may be another column."""
        if node["class"] != "COLUMN_REF" or self.wanted.columns is None:
            return None
        path = [ascii_lower(name) for name in node["column_names"]]
        if len(path) == 2 and path[0] == self.wanted.alias:
            alone = sum(source.alias == self.wanted.alias for source in self.tables.sources) == 1
            return self.wanted.columns.get(path[1]) if alone else None
        if len(path) == 1 and self._is_only_one_with(path[0]):
            return self.wanted.columns.get(path[0])
        return None

    def _is_only_one_with(self, name: str) -> bool:
        others = (source for source in self.tables.sources if source is not self.wanted)
        return all(source.columns is not None and name not in source.columns for source in others)


def _joined(parts: list[Predicate]) -> Predicate:
    kept = tuple(part for part in parts if part != ALWAYS)
    return kept[0] if len(kept) == 1 else All(kept)


def _either(parts: list[Predicate]) -> Predicate:
    if any(part == ALWAYS for part in parts):
        return ALWAYS
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))


def _starts_with(column: str, pattern: Constant, like: bool) -> Predicate:
    if pattern.kind != "text":
        return ALWAYS
    text: str = pattern.value
    if like:
        cut = min((place for place in (text.find("%"), text.find("_")) if place >= 0), default=None)
        if cut is None:
            return Compare(column, "=", text)
        text = text[:cut]
    if not text:
        return NullTest(column, negated=True)
    above = _next(text)
    low = Compare(column, ">=", text)
    return All((low, Compare(column, "<", above))) if above else low


def _next(text: str) -> str | None:
    """The least text above all texts with the prefix `text`; None where its last character has no valid successor."""
    last = ord(text[-1]) + 1
    return text[:-1] + chr(last) if last < 0xD800 or 0xE000 <= last <= 0x10FFFF else None

"""Whether a statement's expressions can fail on the rows of a table.

DuckDB may evaluate a WHERE clause on rows before it checks that they are live and visible to the caller. If the clause
can fail, its error would reveal other rows, so a fence protects them (see `scan.access_sql`), which costs time. This
module finds the statements that need no fence. Unknown expressions count as fallible.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from supertable.adapters.engines.duckdb.statement.conditions.constants import Constants
from supertable.adapters.engines.duckdb.statement.conditions.literals import Constant
from supertable.adapters.engines.duckdb.statement.parse_tree import Node, arguments, nodes
from supertable.adapters.engines.duckdb.statement.type_names import scalar_type
from supertable.adapters.engines.duckdb.statement.validation.allowed_functions import AGGREGATES, words
from supertable.adapters.engines.duckdb.statement.validation.literal_lists import expanded
from supertable.adapters.engines.duckdb.statement.validation.validator import ascii_lower
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import FLOATS, DataType, Field, is_integer

_LIKE = frozenset({"~~", "!~~", "~~*", "!~~*"})
_NULL_TESTS = frozenset({"OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"})
_INFALLIBLE_CASTS = words("BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT FLOAT DOUBLE VARCHAR DATE TIME TIMESTAMP")
_INFALLIBLE = AGGREGATES | words(
    """
    ! !~~ !~~* + - * / // % || ~~ ~~* abs ceil coalesce concat contains date_part date_trunc day dayofweek ends_with
    even floor greatest hour ifnull isnan lcase least left len length lower ltrim minute mod month nullif prefix
    quarter replace reverse right round rtrim second sign starts_with strftime strip_accents strlen struct_extract
    suffix trim ucase upper week weekday year
    """
)
_IN = frozenset({"COMPARE_IN", "COMPARE_NOT_IN"})


def cannot_fail(tree: Node, schema: Schema, constants: Constants) -> bool:
    """Whether the statement cannot fail on rows that the caller must not see.

    `schema`: the unmasked columns of the one table that it reads.
    """
    selects = [node for node in nodes(tree) if node.get("type") == "SELECT_NODE"]
    if len(selects) != 1 or any(node.get("class") == "SUBQUERY" for node in nodes(tree)):
        return False
    select = selects[0]
    table = select["from_table"]
    plain = table["type"] == "BASE_TABLE" and not table["sample"] and not table["column_name_alias"]
    if not plain or select["sample"] or select["having"] or select["qualify"]:
        return False
    where = select["where_clause"]
    fields = {ascii_lower(field.name): field for field in schema.fields}
    return not where or _Condition(fields, ascii_lower(table["alias"]), constants).cannot_fail(where)


def may_fail(tree: Node) -> bool:
    """Whether the statement may fail on rows that another condition excludes.

    DuckDB tries to avoid that, but not for every expression: `['x']::INTEGER[]`, casts to DECIMAL and `to_timestamp`
    are known to fail. This test is precise enough for deleted rows only; hidden rows need `cannot_fail`.
    """
    return any(_may_fail(node) for node in nodes(tree))


def _may_fail(node: Node) -> bool:
    if node.get("class") == "CAST":
        return (
            not node["try_cast"]
            and node["child"]["class"] != "CONSTANT"
            and scalar_type(node["type_expr"]) not in _INFALLIBLE_CASTS
        )
    return node.get("class") == "FUNCTION" and ascii_lower(node["function_name"]) not in _INFALLIBLE


@dataclass(frozen=True, slots=True)
class _Condition:
    fields: dict[str, Field]
    alias: str
    constants: Constants

    def cannot_fail(self, node: Node) -> bool:
        match node["class"]:
            case "CONJUNCTION":
                return all(map(self.cannot_fail, node["children"]))
            case "COMPARISON":
                return self._compares(node["left"], node["right"]) or self._compares(node["right"], node["left"])
            case "BETWEEN":
                return all(self._compares(node["input"], bound) for bound in (node["lower"], node["upper"]))
            case "OPERATOR":
                return self._operator_cannot_fail(node["type"], node["children"])
            case "FUNCTION":
                return self._is_like(node)
        return False

    def _operator_cannot_fail(self, kind: str, children: list[Node]) -> bool:
        if kind == "OPERATOR_NOT":
            return self.cannot_fail(children[0])
        if kind in _NULL_TESTS:
            return self._field(children[0]) is not None
        return kind in _IN and all(self._compares(children[0], value) for value in expanded(children[1:]))

    def _is_like(self, node: Node) -> bool:
        parts = arguments(node)
        if ascii_lower(node["function_name"]) not in _LIKE or len(parts) != 2:
            return False
        field = self._field(parts[0])
        return field is not None and field.type.name == "string" and self._compares(*parts)

    def _compares(self, column: Node, value: Node) -> bool:
        """Whether the two are a column and a constant whose comparison needs no fallible cast of the column."""
        field = self._field(column)
        if field is None:
            return False
        try:
            constant = self.constants.read(value, field.type)
        except (KeyError, TypeError):
            return False
        return constant is not None and _fits(field.type, constant)

    def _field(self, node: Node) -> Field | None:
        if node["class"] != "COLUMN_REF":
            return None
        *qualifier, name = map(ascii_lower, node["column_names"])
        if qualifier and (qualifier != [self.alias] or self.alias in self.fields):
            return None
        return self.fields.get(name)


def _fits(kind: DataType, constant: Constant) -> bool:
    if is_integer(kind):
        return constant.kind == "number" and Fraction(constant.value).denominator == 1
    if kind.name in FLOATS:
        return constant.kind in ("number", "float")
    if kind.name == "timestamp":
        return constant.kind == "date" or (constant.kind == ("zoned" if kind.timezone else "timestamp"))
    return constant.kind == {"string": "text", "bool": "bool", "date": "date", "time": "time"}.get(kind.name)

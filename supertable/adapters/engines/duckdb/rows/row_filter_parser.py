"""The row filter port, implemented by DuckDB: its parser reads the text. Only the forms below become filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from fractions import Fraction
from itertools import chain

from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.rows.delete_predicates import only_condition
from supertable.adapters.engines.duckdb.scan.row_filter_sql import readable_sql
from supertable.adapters.engines.duckdb.statement.conditions.literals import is_null, literal_value
from supertable.adapters.engines.duckdb.statement.parse_tree import LOCATION_KEYS, Node, arguments, call, literal_text
from supertable.adapters.engines.duckdb.statement.parser import checked_text, parse_tree
from supertable.adapters.engines.duckdb.statement.rendering import NESTED
from supertable.adapters.engines.duckdb.statement.type_names import decimal_type, scalar_type
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.domain.access.row_filter_checks import constant, fitted_filter
from supertable.domain.access.row_filters import Form, Term, checked_filter
from supertable.domain.errors import InvalidInput, InvalidStatement, StatementRefused
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType

MAX_CHARACTERS = 200_000
_PREFIX = "SELECT 1 WHERE\n"
_ALLOWED = (
    "A row filter compares columns with constants, current_user, current_role and user_attribute('name'), using "
    "=, <>, <, <=, >, >=, [NOT] IN, [NOT] BETWEEN, [NOT] LIKE, [NOT] ILIKE and IS [NOT] NULL, "
    "joined by AND, OR and NOT. Its only functions are lower and upper."
)
_CALLER = {"current_user": Form.USER, "current_role": Form.ROLE}
_JOINED = {"CONJUNCTION_AND": Form.AND, "CONJUNCTION_OR": Form.OR}
_COMPARED = {
    "COMPARE_EQUAL": Form.EQUAL,
    "COMPARE_NOTEQUAL": Form.UNEQUAL,
    "COMPARE_LESSTHAN": Form.LESS,
    "COMPARE_LESSTHANOREQUALTO": Form.AT_MOST,
    "COMPARE_GREATERTHAN": Form.MORE,
    "COMPARE_GREATERTHANOREQUALTO": Form.AT_LEAST,
}
_OPERATORS = {
    "OPERATOR_NOT": (Form.NOT, False),
    "OPERATOR_IS_NULL": (Form.IS_NULL, False),
    "OPERATOR_IS_NOT_NULL": (Form.IS_NULL, True),
    "COMPARE_IN": (Form.IN, False),
    "COMPARE_NOT_IN": (Form.IN, True),
}
_FUNCTIONS = {
    ("lower", 1): (Form.LOWER, False),
    ("upper", 1): (Form.UPPER, False),
    ("~~", 2): (Form.LIKE, False),
    ("!~~", 2): (Form.LIKE, True),
    ("~~*", 2): (Form.ILIKE, False),
    ("!~~*", 2): (Form.ILIKE, True),
}
_CAST_TO = {
    "BOOLEAN": DataType("bool"),
    "TINYINT": DataType("int8"),
    "SMALLINT": DataType("int16"),
    "INTEGER": DataType("int32"),
    "BIGINT": DataType("int64"),
    "UTINYINT": DataType("uint8"),
    "USMALLINT": DataType("uint16"),
    "UINTEGER": DataType("uint32"),
    "UBIGINT": DataType("uint64"),
    "FLOAT": DataType("float32"),
    "DOUBLE": DataType("float64"),
    "VARCHAR": DataType("string"),
    "DATE": DataType("date"),
    "TIME": DataType("time", unit="us"),
    "TIMESTAMP": DataType("timestamp", unit="us"),
    "TIMESTAMP WITH TIME ZONE": DataType("timestamp", unit="us", timezone="UTC"),
}
_NUMBER = DataType("decimal", precision=38)
_DOUBLE = DataType("float64")
_DIGITS = Context(prec=100)


class DuckDBRowFilterParser:
    def __init__(self, instance: DuckDBInstance) -> None:
        self._instance = instance

    def parse(self, text: str, schema: Schema) -> Term:
        sql = f"{_PREFIX}{checked_text(_checked_length(text))}\n"
        try:
            condition = _Reader(sql.encode(), schema).read(self._tree(sql))
            return fitted_filter(checked_filter(condition), schema)
        except RecursionError:
            raise InvalidStatement(NESTED) from None

    def show(self, condition: Term, schema: Schema) -> str:
        return readable_sql(fitted_filter(condition, schema), schema)

    def _tree(self, sql: str) -> Node:
        cursor = self._instance.cursor()
        try:
            return only_condition(cursor, parse_tree(cursor, sql, _PREFIX)[0])
        finally:
            cursor.close()


@dataclass(frozen=True, slots=True)
class _Reader:
    """Builds a filter from a parse tree. `sql`: the parsed text, since locations in the tree are byte offsets in it."""

    sql: bytes
    schema: Schema

    def read(self, node: Node) -> Term:
        """The term for a node. Raises `StatementRefused` for a form that is not on the list."""
        reader = _READERS.get(node["class"])
        if reader is None:
            raise StatementRefused(_ALLOWED)
        return reader(self, node)

    def all(self, *nodes: Node) -> tuple[Term, ...]:
        return tuple(map(self.read, nodes))

    def conjunction(self, node: Node) -> Term:
        """Flattens nested conjunctions, such as BETWEEN within AND, so that the shown text reads back the same."""
        form = _JOINED[node["type"]]
        parts = (part.parts if part.form is form else (part,) for part in self.all(*node["children"]))
        return Term(form, tuple(chain.from_iterable(parts)))

    def comparison(self, node: Node) -> Term:
        form = _COMPARED.get(node["type"])
        if form is None:
            raise StatementRefused(f"IS [NOT] TRUE and IS DISTINCT FROM cannot be used. {_ALLOWED}")
        return Term(form, self.all(node["left"], node["right"]))

    def between(self, node: Node) -> Term:
        value, low, high = self.all(node["input"], node["lower"], node["upper"])
        return Term(Form.AND, (Term(Form.AT_LEAST, (value, low)), Term(Form.AT_MOST, (value, high))))

    def operator(self, node: Node) -> Term:
        return self.negatable(_OPERATORS.get(node["type"]), node["children"])

    def negatable(self, form: tuple[Form, bool] | None, children: list[Node]) -> Term:
        """`form`: the form and whether it is negated; None: refused."""
        if form is None:
            raise StatementRefused(_ALLOWED)
        term = Term(form[0], self.all(*children))
        return Term(Form.NOT, (term,)) if form[1] else term

    def function(self, node: Node) -> Term:
        name, children = ascii_lower(node["function_name"]), arguments(node)
        written = {key: value for key, value in node.items() if key not in LOCATION_KEYS}
        if call(node["function_name"], *children) != {**written, "is_operator": False}:
            raise StatementRefused(_ALLOWED)
        if name in _CALLER and not children:
            return Term(_CALLER[name])
        if name == "user_attribute":
            return _attribute(children)
        return self.negatable(_FUNCTIONS.get((name, len(children))), children)

    def column(self, node: Node) -> Term:
        names = node["column_names"]
        if len(names) > 1:
            raise StatementRefused(f"{'.'.join(names)}: a row filter must refer to columns by their name alone.")
        name = ascii_lower(names[0])
        if name in _CALLER and self.sql[node["query_location"] :][:1] != b'"':
            return Term(_CALLER[name])
        field = next((field for field in self.schema.fields if ascii_lower(field.name) == name), None)
        if field is None:
            columns = ", ".join(self.schema.names[:20])
            raise InvalidStatement(f"There is no column {names[0][:80]!r}; the table has {columns}.")
        return Term(Form.COLUMN, column=field.id)

    def constant(self, node: Node) -> Term:
        if is_null(node):
            raise StatementRefused("Nothing is equal to NULL; use IS NULL or IS NOT NULL.")
        found = literal_value(node)
        if found is None:
            raise StatementRefused(_ALLOWED)
        if found.kind == "float":
            return _converted(Term(Form.CONSTANT, type=_DOUBLE, text=repr(found.value)), _DOUBLE)
        if found.kind == "number":
            return Term(Form.CONSTANT, type=_NUMBER, text=_decimal_text(found.value))
        kind = DataType("bool" if found.kind == "bool" else "string")
        return Term(Form.CONSTANT, type=kind, text=str(found.value).lower() if found.kind == "bool" else found.value)

    def cast(self, node: Node) -> Term:
        inner = self.read(node["child"])
        kind = _cast_type(node["type_expr"])
        if inner.form is not Form.CONSTANT or kind is None or node["try_cast"]:
            raise StatementRefused(f"Only constants can be cast, and only to scalar types. {_ALLOWED}")
        given = replace(inner, type=kind) if inner.type == DataType("string") else inner
        return _converted(given, kind)


def _checked_length(text: object) -> str:
    if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
        raise InvalidInput(f"A row filter must be text of up to {MAX_CHARACTERS:,} characters.")
    return text


def _converted(given: Term, kind: DataType) -> Term:
    term = constant(given, kind)
    if term is None:
        raise InvalidStatement(f"{(given.text or '')[:80]!r} is not exactly a value of the type {kind}.")
    return term


def _attribute(children: list[Node]) -> Term:
    name = literal_text(children[0], "STRING") if len(children) == 1 else None
    if not name:
        raise StatementRefused("user_attribute takes the attribute's name as a text: user_attribute('region').")
    return Term(Form.ATTRIBUTE, text=name)


def _cast_type(written: Node) -> DataType | None:
    decimal = decimal_type(written)
    if decimal is not None:
        return DataType("decimal", precision=decimal[0], scale=decimal[1])
    return _CAST_TO.get(scalar_type(written))


def _decimal_text(number: Fraction) -> str:
    """All digits of a number with a finite decimal expansion."""
    return f"{_DIGITS.divide(Decimal(number.numerator), Decimal(number.denominator)):f}"


_READERS: Mapping[str, Callable[[_Reader, Node], Term]] = {
    "CONJUNCTION": _Reader.conjunction,
    "COMPARISON": _Reader.comparison,
    "BETWEEN": _Reader.between,
    "OPERATOR": _Reader.operator,
    "FUNCTION": _Reader.function,
    "COLUMN_REF": _Reader.column,
    "CONSTANT": _Reader.constant,
    "CAST": _Reader.cast,
}

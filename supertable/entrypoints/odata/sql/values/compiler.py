"""From the tree of an expression to SQL, with all types checked."""

from __future__ import annotations

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.expressions.literals import read_as
from supertable.entrypoints.odata.expressions.syntax import (
    Among,
    Binary,
    Call,
    Case,
    Expression,
    Items,
    Junction,
    Literal,
    Path,
    Quantified,
    TypeName,
    Unary,
)
from supertable.entrypoints.odata.model.entity_types import Collection, Primitive
from supertable.entrypoints.odata.sql.values.arithmetic import computed, negated
from supertable.entrypoints.odata.sql.values.bindings import Bindings
from supertable.entrypoints.odata.sql.values.casts import READ_FROM_TEXTS, cast_to, is_of
from supertable.entrypoints.odata.sql.values.comparisons import comparable, compared, in_utc, one_of
from supertable.entrypoints.odata.sql.values.functions import FUNCTIONS, TAKEN
from supertable.entrypoints.odata.sql.values.scopes import Scope, element
from supertable.entrypoints.odata.sql.values.typed import (
    BOOLEAN,
    DOUBLE,
    FLOATS,
    INTEGER_DIGITS,
    NULL,
    Typed,
    decimal,
    type_text,
)

_COMPARISONS = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})


class Compiler:
    """Compiles the expressions of one option. `option`: its name, for messages."""

    def __init__(self, bindings: Bindings, scope: Scope, option: str) -> None:
        self._bindings, self._scope, self._option = bindings, scope, option
        self._variables = 0

    def condition(self, tree: Expression) -> str:
        """The SQL of a filter. It may be null where it is false. Raises `InvalidInput` and `NotSupported`."""
        return self._boolean(tree, exact=False).sql

    def value(self, tree: Expression) -> Typed:
        """The value with its SQL; a literal is bound. Raises `InvalidInput` and `NotSupported`."""
        found = self._typed(tree)
        if found.literal is None:
            return found
        kind = decimal(found.digits, found.scale) if found.name == "Edm.Decimal" else found.type
        return Typed(self._bindings.sql(found), kind)

    def path(self, path: Path) -> Typed:
        """The value of a property or member."""
        found = self._scope.value(path.names)
        if isinstance(found, str):
            raise self.refused(path.at, found)
        return found

    def refused(self, at: int, what: str) -> InvalidInput:
        return InvalidInput(f"{self._option}, position {at}: {what}{'' if what.endswith('?') else '.'}")

    def _typed(self, tree: Expression, exact: bool = True) -> Typed:
        match tree:
            case Literal():
                return Typed(
                    "NULL" if tree.kind == "null" else "",
                    Primitive(tree.kind),
                    literal=tree if tree.kind != "null" else None,
                )
            case Path():
                return self.path(tree)
            case Junction():
                return self._junction(tree, exact)
            case Unary():
                return self._unary(tree)
            case Binary():
                return self._binary(tree, exact)
            case Among():
                return self._among(tree, exact)
            case Call():
                return self._call(tree)
            case _:
                return self._special(tree)

    def _special(self, tree: Case | Quantified | TypeName | Items) -> Typed:
        if isinstance(tree, Case):
            return self._case(tree)
        if isinstance(tree, Quantified):
            return self._quantified(tree)
        raise self.refused(tree.at, "a type or a list is no value here")

    def _boolean(self, tree: Expression, exact: bool = True) -> Typed:
        found = self._typed(tree, exact)
        if found.is_null:
            return Typed("CAST(NULL AS BOOLEAN)", BOOLEAN)
        if found.name != "Edm.Boolean":
            raise self.refused(tree.at, f"expected a condition, and this is {type_text(found.type)}")
        return Typed(self._bindings.sql(found), BOOLEAN, fails=found.fails) if found.literal else found

    def _junction(self, tree: Junction, exact: bool) -> Typed:
        """An operand that can fail is computed only where those before it leave the result open."""
        word, open_value = ("AND", "FALSE") if tree.operator == "and" else ("OR", "TRUE")
        plain: list[str] = []
        fails = False
        for operand in tree.operands:
            found = self._boolean(operand, exact)
            if found.fails and plain:
                before = f" {word} ".join(plain)
                sql = f"(CASE WHEN ({before}) IS {open_value} THEN {open_value} ELSE ({before}) {word} {found.sql} END)"
                plain = [sql]
            else:
                plain.append(found.sql)
            fails = fails or found.fails
        return Typed(f"({f' {word} '.join(plain)})", BOOLEAN, fails=fails)

    def _unary(self, tree: Unary) -> Typed:
        if tree.operator == "not":
            inner = self._boolean(tree.operand)
            return Typed(f"(NOT {inner.sql})", BOOLEAN, fails=inner.fails)
        value = self._typed(tree.operand)
        found = negated(self._bindings, value)
        if found is None:
            raise self.refused(tree.at, f"`-` takes a number, and this is {type_text(value.type)}")
        return found

    def _binary(self, tree: Binary, exact: bool) -> Typed:
        if tree.operator == "has":
            raise NotSupported(f"{self._option}, position {tree.at}: `has` needs enumerations, which no table has.")
        left, right = _with_durations(tree.operator, self._typed(tree.left), self._typed(tree.right))
        fails = left.fails or right.fails
        if tree.operator not in _COMPARISONS:
            found = computed(self._bindings, tree.operator, left, right)
            if found is None:
                raise self._mismatch(tree, left, right)
            return found
        if not comparable(left, right):
            raise self._mismatch(tree, left, right)
        return Typed(compared(self._bindings, tree.operator, left, right, exact), BOOLEAN, fails=fails)

    def _mismatch(self, tree: Binary | Among, left: Typed, right: Typed) -> InvalidInput:
        operator = tree.operator if isinstance(tree, Binary) else "in"
        kinds = f"{type_text(left.type)} and {type_text(right.type)}"
        return self.refused(tree.at, f"`{operator}` does not take {kinds}: both sides need types that go together")

    def _among(self, tree: Among, exact: bool) -> Typed:
        value = self._typed(tree.operand)
        if isinstance(tree.items, Path):
            return self._among_elements(tree, value, self.path(tree.items))
        items = [self._typed(item) for item in tree.items]
        for item in items:
            if not comparable(value, item):
                raise self._mismatch(tree, value, item)
        return Typed(one_of(self._bindings, value, items, exact), BOOLEAN, fails=value.fails)

    def _among_elements(self, tree: Among, value: Typed, found: Typed) -> Typed:
        if not isinstance(found.type, Collection):
            raise self.refused(tree.at, "`in` needs a list such as (1,2), or a collection")
        variable = self._variable()
        inner = element(found, variable)
        if not comparable(value, inner):
            raise self._mismatch(tree, value, inner)
        condition = compared(self._bindings, "eq", value, inner, True)
        sql = f"coalesce(len(list_filter({found.sql}, lambda {variable}: {condition})) > 0, FALSE)"
        return Typed(sql, BOOLEAN, fails=value.fails)

    def _quantified(self, tree: Quantified) -> Typed:
        found = self.path(tree.path)
        if not isinstance(found.type, Collection):
            raise self.refused(tree.at, f"`{tree.word}` needs a collection, and this is {type_text(found.type)}")
        if tree.condition is None:
            return Typed(f"coalesce(len({found.sql}) > 0, FALSE)", BOOLEAN)
        variable = self._variable()
        outer = self._scope
        self._scope = outer.with_variable(tree.variable, element(found, variable))
        try:
            inner = self._boolean(tree.condition)
        finally:
            self._scope = outer
        wanted = f"coalesce({inner.sql}, FALSE)" if tree.word == "any" else f"NOT coalesce({inner.sql}, FALSE)"
        many, nothing = ("> 0", "FALSE") if tree.word == "any" else ("= 0", "TRUE")
        sql = f"coalesce(len(list_filter({found.sql}, lambda {variable}: {wanted})) {many}, {nothing})"
        return Typed(sql, BOOLEAN, fails=inner.fails)

    def _variable(self) -> str:
        self._variables += 1
        return f"element{self._variables}"

    def _call(self, tree: Call) -> Typed:
        if tree.name in ("cast", "isof"):
            return self._typed_call(tree)
        arguments = [self._typed(each) for each in tree.arguments]
        for number, (argument, kinds) in enumerate(zip(arguments, TAKEN[tree.name], strict=False), 1):
            if isinstance(argument.type, Collection):
                raise NotSupported(f"{self._option}, position {tree.at}: {tree.name} of collections is not supported.")
            if not argument.is_null and argument.name not in kinds:
                wanted = " or ".join(sorted(kinds))
                raise self.refused(
                    tree.at, f"argument {number} of {tree.name} is {wanted}, and not {type_text(argument.type)}"
                )
        arguments = [self._null_of(each, kinds) for each, kinds in zip(arguments, TAKEN[tree.name], strict=False)]
        found = FUNCTIONS[tree.name](self._bindings, arguments)
        fails = tree.name == "matchespattern" or any(argument.fails for argument in arguments)
        return Typed(found.sql, found.type, zoned=found.zoned, fails=found.fails or fails)

    def _null_of(self, value: Typed, kinds: frozenset[str]) -> Typed:
        """Null as one of the types, so that the engine knows which function is meant."""
        if not value.is_null:
            return value
        for name in ("Edm.String", "Edm.DateTimeOffset", "Edm.Int32", "Edm.Duration"):
            if name in kinds:
                sql_type = {"Edm.String": "VARCHAR", "Edm.DateTimeOffset": "TIMESTAMP", "Edm.Int32": "INTEGER"}
                return Typed(f"CAST(NULL AS {sql_type.get(name, 'BIGINT')})", Primitive(name))
        return value

    def _typed_call(self, tree: Call) -> Typed:
        *operands, kind = tree.arguments
        if not isinstance(kind, TypeName) or not operands:
            raise NotSupported(f"{self._option}, position {tree.at}: {tree.name} takes a property and a type of Edm.")
        value = self._typed(operands[0])
        if tree.name == "isof":
            return is_of(self._bindings, value, kind.name)
        if value.literal is not None and value.name == "Edm.String" and kind.name in READ_FROM_TEXTS:
            read = read_as(value.literal, kind.name)
            return self._typed(read) if read else Typed("NULL", NULL)
        return cast_to(self._bindings, value, kind.name)

    def _case(self, tree: Case) -> Typed:
        values = [self._typed(value) for _, value in tree.branches]
        kind = self._common(tree, values)
        parts, fails = [], False
        for (condition, _), value in zip(tree.branches, values, strict=True):
            found = self._boolean(condition)
            parts.append(f"WHEN {found.sql} THEN {self._as(value, kind)}")
            fails = fails or found.fails or value.fails
        return Typed(f"(CASE {' '.join(parts)} END)", kind, fails=fails)

    def _common(self, tree: Case, values: list[Typed]) -> Primitive:
        known = [value for value in values if not value.is_null]
        if not known:
            return NULL
        if all(value.is_number for value in known):
            return _common_number(known)
        first = known[0].type
        if not isinstance(first, Primitive) or {value.name for value in known} != {first.name}:
            raise self.refused(tree.at, "the values of `case` need types that go together")
        return first

    def _as(self, value: Typed, kind: Primitive) -> str:
        sql = in_utc(value, self._bindings.sql(value))
        if kind.name in FLOATS:
            return self._bindings.float(value, "DOUBLE") if not value.is_null else sql
        if kind.name == "Edm.Decimal":
            return f"CAST({sql} AS DECIMAL({kind.precision}, {kind.scale or 0}))"
        return sql


def _with_durations(operator: str, left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """The operands; a string beside a duration, or added to a moment, is a duration that lacks its prefix (4.01)."""
    times = ("Edm.Date", "Edm.DateTimeOffset", "Edm.Duration")
    if left.name == "Edm.Duration" or (left.name in times and operator in ("add", "sub")):
        return left, _as_duration(right)
    return (_as_duration(left), right) if right.name == "Edm.Duration" else (left, right)


def _as_duration(value: Typed) -> Typed:
    if value.literal is None or value.name != "Edm.String":
        return value
    read = read_as(value.literal, "Edm.Duration")
    return Typed("", Primitive(read.kind), literal=read) if read else value


def _common_number(values: list[Typed]) -> Primitive:
    names = {value.name for value in values}
    if names & FLOATS:
        return DOUBLE
    scale = max(value.scale for value in values)
    whole = max(value.digits - value.scale for value in values)
    if "Edm.Decimal" in names:
        return decimal(whole + scale, scale)
    return Primitive(max(names, key=lambda name: INTEGER_DIGITS[name]), whole)

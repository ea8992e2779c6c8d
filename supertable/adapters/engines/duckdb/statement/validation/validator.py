"""Validates a statement's parse tree, node by node, and prepares it for rendering.

In the validated tree every CTE and every reference to a catalog table has a generated name. So no name written by the
caller can reach DuckDB's own catalog, its system views or a file.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from supertable.adapters.engines.duckdb.statement.extensions.show_statements import (
    describe_instead,
    listed,
    replace_list,
)
from supertable.adapters.engines.duckdb.statement.extensions.version_calls import (
    TABLE_VERSIONS,
    called,
    replace_by_reference,
)
from supertable.adapters.engines.duckdb.statement.extensions.views import ViewQueries
from supertable.adapters.engines.duckdb.statement.parse_tree import (
    Node,
    argument,
    arguments,
    name_parts,
    set_name,
)
from supertable.adapters.engines.duckdb.statement.type_names import canonical
from supertable.adapters.engines.duckdb.statement.validation.allowed_functions import FUNCTIONS, TABLE_FUNCTIONS
from supertable.adapters.engines.duckdb.statement.validation.literal_lists import (
    SHORTEST,
    LiteralList,
    of_constants,
    of_rows,
)
from supertable.adapters.engines.duckdb.statement.validation.node_checks import contents_of, keys_of, method_to_function
from supertable.adapters.engines.duckdb.statement.validation.refused_functions import refusal, require_bounds
from supertable.adapters.engines.duckdb.statement.validation.row_comparisons import compare_columns
from supertable.adapters.engines.duckdb.statement.validation.scopes import Cte, Scope, ascii_lower, qualified, within
from supertable.adapters.engines.duckdb.statement.validation.stacked_modifiers import nest_modifiers
from supertable.application.ports.engines.parsed_statements import ChangesRequest, Show
from supertable.domain.errors import StatementRefused

MAX_CTES = 1_000
OWN_PREFIX = "st_"
"""What the names of the engine's own variables start with, which a parameter without a value would be read from."""
_LIST = "list_value"
_LISTED = frozenset({"COMPARE_IN", "COMPARE_NOT_IN"})
_SCHEMAS = frozenset({"information_schema", "memory", "pg_catalog", "system", "temp"})


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to a catalog table: its generated name, and the parts and AT clause that the caller wrote.

    `changes`: the requested change feed; None: the table's rows. `show`: what it lists; None: nothing. `view`: see
    `Relation`.
    """

    token: str
    parts: tuple[str, ...]
    at_clause: Node | None
    changes: ChangesRequest | None = None
    show: Show | None = None
    view: str = ""


_Task = tuple[str, Node, Scope]


@dataclass(slots=True)
class StatementValidator:
    """Validates one tree in one pass, and changes it. `prefix` must not occur in the statement.

    `references`: the catalog tables, in the order of their numbers. `names`: what each generated name stands for.
    `lists`: the long lists of constants, by their generated names.
    """

    prefix: str
    views: ViewQueries = field(default_factory=ViewQueries)
    references: list[Reference] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    lists: dict[str, LiteralList] = field(default_factory=dict)
    _ctes: int = 0
    _long_names: list[Node] = field(default_factory=list)
    _unaliased: set[tuple[str, ...]] = field(default_factory=set)
    _recursive: dict[int, tuple[str, Cte]] = field(default_factory=dict)

    def validate(self, kind: str, node: Node) -> None:
        """Validates `node` and all nodes below it. Raises `StatementRefused`.

        It does not recurse, so that the depth of the tree is not limited by Python's stack.
        """
        stack: list[_Task] = [(kind, node, Scope())]
        try:
            while stack:
                stack.extend(reversed(list(self._visit(*stack.pop()))))
        except (AttributeError, KeyError, TypeError) as error:
            raise StatementRefused("A part of this statement has an unknown form.") from error
        for node in self._long_names:
            self._shorten(node["column_names"])

    def _visit(self, kind: str, node: Node, scope: Scope) -> Iterator[_Task]:
        scope = self._in_view(kind, node, scope)
        named = kind == "table" and self._name_listing(node, scope)
        _rewrite(kind, node)
        keys = keys_of(kind, node)
        if kind == "query":
            scope = yield from self._ctes_of(node, scope)
        elif kind == "table" and not named:
            yield from self._validate_table(node, scope)
        elif kind == "table function":
            _validate_function(node, TABLE_FUNCTIONS)
        elif kind in ("expression", "type"):
            self._validate_expression(node, scope)
        for key, value in node.items():
            if key != "cte_map":
                visible = self._with_itself(node, scope) if key == "right" else scope
                for below, child in contents_of(kind, key, value, keys[key]):
                    yield below, child, visible

    def _in_view(self, kind: str, node: Node, scope: Scope) -> Scope:
        """The scope of the query that takes the place of a view; else `scope`."""
        if kind != "table" or node.get("type") != "BASE_TABLE" or self._cte_named(node, scope):
            return scope
        keys_of(kind, node)
        views = self.views.expand(node, qualified(node, scope), scope.views)
        return Scope(views=views) if views else scope

    def _validate_expression(self, node: Node, scope: Scope) -> None:
        match node["class"]:
            case "FUNCTION" | "WINDOW":
                _validate_function(node, FUNCTIONS)
                require_bounds(node)
                self._shorten_arguments(node)
            case "OPERATOR" if node["type"] in _LISTED:
                self._shorten_values(node)
            case "COLUMN_REF" if len(node["column_names"]) > 2:
                self._long_names.append(node)
            case "TYPE" if canonical(node["type_name"]) is None:
                raise StatementRefused(f"The type {node['type_name']!r} is not available.")
            case "PARAMETER" if scope.views.names:
                raise StatementRefused("The query of a view has no parameters.")
            case "PARAMETER" if ascii_lower(node["identifier"]).startswith(OWN_PREFIX):
                raise StatementRefused(f"The name of a parameter cannot start with {OWN_PREFIX!r}.")

    def _validate_table(self, node: Node, scope: Scope) -> Iterator[_Task]:
        if node["type"] == "BASE_TABLE":
            if node["at_clause"]:
                yield "at clause", node["at_clause"], scope
            self._name_table(node, scope)
        elif node["type"] == "EXPRESSION_LIST":
            self._shorten_rows(node)

    def _shorten_values(self, node: Node) -> None:
        first, *values = node["children"]
        listed = self._listed(values)
        if listed:
            node["children"] = [first, listed]

    def _shorten_arguments(self, node: Node) -> None:
        if node["function_name"] != _LIST or any(one["name"] for one in node["arguments"]):
            return
        listed = self._listed(arguments(node))
        if listed:
            node["arguments"] = [argument(listed)]

    def _shorten_rows(self, node: Node) -> None:
        rows = node["values"]
        listed = self._registered(of_rows(self._list_name(), rows)) if sum(map(len, rows)) >= SHORTEST else None
        if listed:
            node["values"] = [[listed]]

    def _listed(self, values: list[Node]) -> LiteralList | None:
        """The values as one object; None if they are few, or not all of them are constants."""
        return self._registered(of_constants(self._list_name(), values)) if len(values) >= SHORTEST else None

    def _list_name(self) -> str:
        return f"{self.prefix}_l{len(self.lists)}"

    def _registered(self, found: LiteralList | None) -> LiteralList | None:
        if found:
            self.lists[found.name] = found
            self.names[found.name] = "…"
        return found

    def _name_listing(self, node: Node, scope: Scope) -> bool:
        """Names a change feed or a listing. Returns whether the node is one."""
        show, function = listed(node), called(node)
        if show:
            parts = replace_list(node, show)
            self._name(node, Reference(self._next_token(), parts, None, None, show, scope.views.outermost))
        elif function:
            parts, changes = replace_by_reference(node)
            show = Show.VERSIONS if function == TABLE_VERSIONS else None
            self._name(
                node, Reference(self._next_token(), within(parts, scope), None, changes, show, scope.views.outermost)
            )
        else:
            describe_instead(node)
        return bool(show or function)

    def _next_token(self) -> str:
        return f"{self.prefix}_r{len(self.references)}"

    def _name(self, node: Node, reference: Reference) -> None:
        token = reference.token
        self.references.append(reference)
        self.names[token] = node["table_name"]
        node["alias"] = node["alias"] or node["table_name"]
        set_name(node, token)

    def _name_table(self, node: Node, scope: Scope) -> None:
        schema, name = node["schema_name"], node["table_name"]
        cte = self._cte_named(node, scope)
        if cte:
            if node["at_clause"]:
                raise StatementRefused(f"AT (…) reads a version of a table, but {name!r} is a common table expression.")
            token = cte.token
        else:
            token, schema = self._next_token(), ""
            view = scope.views.outermost
            self.references.append(Reference(token, qualified(node, scope), node["at_clause"], view=view))
            self.names[token] = name
            if not node["alias"]:
                self._unaliased.add(tuple(map(ascii_lower, name_parts(node))))
        node["alias"] = node["alias"] or name
        node["at_clause"] = None
        set_name(node, token, schema)

    @staticmethod
    def _cte_named(node: Node, scope: Scope) -> Cte | None:
        """The common table expression that the table's name stands for; None: none."""
        schema = node["schema_name"]
        cte = None if node["catalog_name"] else scope.ctes.get(ascii_lower(node["table_name"]))
        return cte if cte and (not schema or (cte.recursive and ascii_lower(schema) == "recurring")) else None

    def _shorten(self, column: list[str]) -> None:
        """Shortens `supertable.table.column` to `table.column`, since the table's alias has one part."""
        for qualifiers in (2, 1):
            if tuple(map(ascii_lower, column[: qualifiers + 1])) in self._unaliased and len(column) > qualifiers + 1:
                del column[:qualifiers]
                return

    def _ctes_of(self, node: Node, scope: Scope) -> Generator[_Task, None, Scope]:
        """Names the query's own CTEs, each of which sees those before it. Returns the scope of the query itself."""
        keys_of("ctes", node["cte_map"])
        for entry in node["cte_map"]["map"]:
            keys_of("cte entry", entry)
            name, cte = entry["key"], self._new_cte(entry)
            entry["key"] = cte.token
            self.names[cte.token] = name
            yield "cte", entry["value"], scope
            scope = scope.with_cte(ascii_lower(name), cte)
        return scope

    def _new_cte(self, entry: Node) -> Cte:
        self._ctes += 1
        if self._ctes > MAX_CTES:
            raise StatementRefused(f"A statement may have up to {MAX_CTES:,} common table expressions.")
        body = entry["value"]["query_node"]
        cte = Cte(f"{self.prefix}_c{self._ctes}", recursive=body["type"] == "RECURSIVE_CTE_NODE")
        if cte.recursive:
            self._recursive[id(body)] = (ascii_lower(body["cte_name"]), cte)
            body["cte_name"] = cte.token
        return cte

    def _with_itself(self, node: Node, scope: Scope) -> Scope:
        """The scope of the recursive part of a recursive CTE."""
        if node["type"] != "RECURSIVE_CTE_NODE":
            return scope
        if id(node) not in self._recursive:
            raise StatementRefused("This form of recursion is not supported.")
        name, cte = self._recursive[id(node)]
        return scope.with_cte(name, cte)


def _rewrite(kind: str, node: Node) -> None:
    """Changes what DuckDB answers in other ways than standard SQL, or cannot render."""
    if kind == "expression":
        compare_columns(node)
    elif kind == "query":
        nest_modifiers(node)


def _validate_function(node: Node, allowed: frozenset[str]) -> None:
    name = ascii_lower(node["function_name"])
    schema = ascii_lower(node["schema"])
    if name in allowed and schema not in ("", "main", *_SCHEMAS) and node["class"] == "FUNCTION":
        method_to_function(node, name_parts(node))
        schema = ""
    if name in allowed and schema in ("", "main") and not node["catalog"]:
        if node.get("is_operator") is True and name.isidentifier():
            node["is_operator"] = False  # LIKE … ESCAPE is an operator until it is rendered
        return
    raise StatementRefused(refusal(name, ".".join(name_parts(node)), allowed))

"""Lists, structs and maps."""

from __future__ import annotations

from collections.abc import Mapping

from supertable.adapters.engines.spark.translation.constants import null, struct
from supertable.adapters.engines.spark.translation.functions.calls import Call, Rule
from supertable.adapters.engines.spark.translation.functions.comparisons import check_equality, check_order
from supertable.adapters.engines.spark.translation.kinds import member


def _list(call: Call) -> str:
    return call.typed(f"array({', '.join(call.arguments)})")


def _struct(call: Call) -> str:
    return call.typed(struct(list(call.arguments)))


def _member(call: Call) -> str:
    name = call.constant_text(1).lower()
    found = [i for i, one in enumerate(call.kinds[0].members) if one.lower() == name]
    if call.kinds[0].name != "STRUCT" or len(found) != 1:
        raise call.refusal
    return f"({call[0]}).{member(found[0])}"


def _numbered_member(call: Call) -> str:
    position = call.constant_integer(1)
    if call.kinds[0].name != "STRUCT" or not 1 <= position <= len(call.kinds[0].parts):
        raise call.refusal
    return f"({call[0]}).{member(position - 1)}"


def _element(call: Call) -> str:
    if call.kinds[0].name == "STRUCT":
        return _member(call) if call.kinds[1].name == "VARCHAR" else _numbered_member(call)
    if call.kinds[0].name == "VARCHAR" and call.constant_integer(1) >= 1:
        return f"substring({call[0]}, {call.constant_integer(1)}, 1)"
    if call.kinds[0].name != "LIST":
        raise call.refusal
    at = f"CAST({call[1]} AS INT)"
    return f"CASE WHEN {call[1]} = 0 THEN {null(call.kind)} ELSE try_element_at({call[0]}, {at}) END"


def _slice(call: Call) -> str:
    if call.kinds[0].name != "LIST" or len(call.kinds) != 3:
        raise call.refusal
    first, last = call.constant_integer(1), call.constant_integer(2)
    if not 1 <= first <= last < 2**31:
        raise call.refusal
    return f"slice({call[0]}, {first}, {last - first + 1})"


def _size(call: Call) -> str:
    if len(call.kinds) != 1 or call.kinds[0].name not in ("LIST", "MAP"):
        raise call.refusal
    return call.typed(f"size({call[0]})")


def _contained(call: Call) -> str:
    if call.kinds[0].name != "LIST":
        raise call.refusal
    check_equality(call.kinds[1])
    found = f"exists({call[0]}, c -> c <=> {call[1]})"
    return f"CASE WHEN size({call[0]}) = 0 THEN FALSE WHEN {call[1]} IS NOT NULL THEN {found} END"


def _concatenated(call: Call) -> str:
    if any(kind.name != "LIST" for kind in call.kinds):
        raise call.refusal
    return f"concat({', '.join(call.arguments)})"


def _sorted(call: Call) -> str:
    if len(call.kinds) != 1 or call.kinds[0].name != "LIST":
        raise call.refusal
    check_order(call.kinds[0].parts[0])
    return f"array_sort({call[0]})"


def _mapped(function: str) -> Rule:
    def rule(call: Call) -> str:
        body = call.data.get("lambda_expr")
        if call.kinds[0].name != "LIST" or body is None or call.data.get("has_index"):
            raise call.refusal
        name, inner = call.inner(body, call.arguments[2:])
        if function == "filter":
            inner = f"coalesce({inner}, FALSE)"
        return call.typed(f"{function}({call[0]}, {name} -> {inner})")

    return rule


def _map(call: Call) -> str:
    if any(kind.name != "LIST" for kind in call.kinds) or len(call.kinds) != 2:
        raise call.refusal
    return call.typed(f"map_from_arrays({call[0]}, {call[1]})")


def _value_of(call: Call) -> str:
    if call.kinds[0].name != "MAP" or call.kinds[0].parts[0].nested:
        raise call.refusal
    return f"try_element_at({call[0]}, {call[1]})"


def _of_a_map(function: str) -> Rule:
    def rule(call: Call) -> str:
        if call.kinds[0].name != "MAP":
            raise call.refusal
        return f"{function}({call[0]})"

    return rule


RULES: Mapping[str, Rule] = {
    "list_value": _list,
    "list_pack": _list,
    "unpivot_list": _list,
    "struct_pack": _struct,
    "row": _struct,
    "struct_extract": _member,
    "struct_extract_at": _numbered_member,
    "array_extract": _element,
    "array_slice": _slice,
    "list_slice": _slice,
    "list_extract": _element,
    "list_element": _element,
    "list_contains": _contained,
    "array_contains": _contained,
    "list_has": _contained,
    "list_sort": _sorted,
    "array_sort": _sorted,
    "list_transform": _mapped("transform"),
    "list_apply": _mapped("transform"),
    "array_transform": _mapped("transform"),
    "apply": _mapped("transform"),
    "list_filter": _mapped("filter"),
    "array_filter": _mapped("filter"),
    "filter": _mapped("filter"),
    "map_extract_value": _value_of,
    "map": _map,
    "map_keys": _of_a_map("map_keys"),
    "map_values": _of_a_map("map_values"),
    "cardinality": _size,
    "array_length": _size,
}
SIZED = _size
CONTAINED = _contained
CONCATENATED = _concatenated

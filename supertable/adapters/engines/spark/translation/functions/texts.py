"""Text. Both engines count code points, and DuckDB counts some by clusters of them: those rules are for ASCII only."""

from __future__ import annotations

from collections.abc import Mapping

from supertable.adapters.engines.spark.translation.constants import text
from supertable.adapters.engines.spark.translation.functions.calls import Call, Rule, by_name, only_where
from supertable.adapters.engines.spark.translation.functions.letters import folded
from supertable.adapters.engines.spark.translation.kinds import VARCHAR
from supertable.adapters.engines.spark.translation.refusals import TOO_MANY_ROWS

_TEXT = frozenset({"VARCHAR"})
_BLOB = frozenset({"BLOB"})
_COUNT = frozenset({"INTEGER", "BIGINT"})
_SPACES = " \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000"
_ASCII = r"\A[\x00-\x7F]*\z"


def ascii_only(value: str, result: str, what: str) -> str:
    return only_where(f"{value} RLIKE {text(_ASCII)}", result, VARCHAR, what)


def _folds(function: str) -> Rule:
    def rule(call: Call) -> str:
        if not call.all_of(_TEXT):
            raise call.refusal
        return folded(function, call[0])

    return rule


def _trimmed(side: str) -> Rule:
    def rule(call: Call) -> str:
        if not call.all_of(_TEXT):
            raise call.refusal
        signs = call[1] if len(call.arguments) > 1 else text(_SPACES)
        return f"trim({side} {signs} FROM {call[0]})"

    return rule


def _substring(call: Call) -> str:
    if call.kinds[0].name != "VARCHAR":
        raise call.refusal
    parts = ", ".join(f"CAST({part} AS INT)" for part in call.arguments[1:])
    allowed = f"{call[1]} >= 1" + (f" AND {call[2]} >= 0" if len(call.arguments) > 2 else "")
    value = f"substring({call[0]}, {parts})"
    return only_where(allowed, value, call.kind, "take a substring from before the first character")


def _left(call: Call) -> str:
    if call.kinds[0].name != "VARCHAR":
        raise call.refusal
    value, count = call.arguments
    kept = f"CASE WHEN {count} >= 0 THEN {count} ELSE greatest(length({value}) + {count}, 0) END"
    return f"substring({value}, 1, CAST(least({kept}, 2147483647) AS INT))"


def _right(call: Call) -> str:
    if call.kinds[0].name != "VARCHAR":
        raise call.refusal
    value, count = call.arguments
    skipped = f"CASE WHEN {count} >= 0 THEN greatest(length({value}) - {count}, 0) ELSE - {count} END"
    return f"substring({value}, CAST(least({skipped}, 2147483646) AS INT) + 1)"


def _joined(call: Call) -> str:
    """`concat`, which leaves NULL out."""
    if not call.all_of(_TEXT):
        raise call.refusal
    parts = ", ".join(f"coalesce({part}, '')" for part in call.arguments)
    return f"concat({parts})"


def _concatenated(call: Call) -> str:
    if not (call.all_of(_TEXT) or call.all_of(_BLOB)):
        raise call.refusal
    return f"concat({', '.join(call.arguments)})"


def _joined_with(call: Call) -> str:
    if not call.all_of(_TEXT):
        raise call.refusal
    return f"concat_ws({', '.join(call.arguments)})"


def _reversed(call: Call) -> str:
    if not call.all_of(_TEXT):
        raise call.refusal
    return ascii_only(call[0], f"reverse({call[0]})", "reverse text that is not ASCII")


def _padded(function: str) -> Rule:
    def rule(call: Call) -> str:
        pad = call.constant_text(2)
        if not pad or not pad.isascii():
            raise call.refusal
        value = f"{function}({call[0]}, greatest({call[1]}, 0), {call[2]})"
        return ascii_only(call[0], value, "pad text that is not ASCII")

    return rule


def _split(call: Call) -> str:
    separator = call.constant_text(1)
    if not separator:
        raise call.refusal
    pattern = "".join(f"\\x{{{ord(sign):X}}}" for sign in separator)
    return f"split({call[0]}, {text(pattern)}, -1)"


def _searched(call: Call) -> str:
    if not call.all_of(_TEXT):
        raise call.refusal
    return call.typed(f"instr({call[0]}, {call[1]})")


def _second_row(call: Call) -> str:
    """What DuckDB's binder puts where a subquery that is an expression has more than one row."""
    return call.typed(TOO_MANY_ROWS)


RULES: Mapping[str, Rule] = {
    "error": _second_row,
    "lower": _folds("lower"),
    "lcase": _folds("lower"),
    "upper": _folds("upper"),
    "ucase": _folds("upper"),
    "trim": _trimmed("BOTH"),
    "ltrim": _trimmed("LEADING"),
    "rtrim": _trimmed("TRAILING"),
    "length": by_name("length({0})", _TEXT, result=True),
    "len": by_name("length({0})", _TEXT, result=True),
    "char_length": by_name("length({0})", _TEXT, result=True),
    "character_length": by_name("length({0})", _TEXT, result=True),
    "strlen": by_name("octet_length({0})", _TEXT, result=True),
    "octet_length": by_name("octet_length({0})", _BLOB, result=True),
    "substring": _substring,
    "substr": _substring,
    "left": _left,
    "right": _right,
    "||": _concatenated,
    "concat": _joined,
    "concat_ws": _joined_with,
    "replace": by_name("replace({0}, {1}, {2})", _TEXT, _TEXT, _TEXT),
    "starts_with": by_name("startswith({0}, {1})", _TEXT, _TEXT),
    "^@": by_name("startswith({0}, {1})", _TEXT, _TEXT),
    "prefix": by_name("startswith({0}, {1})", _TEXT, _TEXT),
    "ends_with": by_name("endswith({0}, {1})", _TEXT, _TEXT),
    "suffix": by_name("endswith({0}, {1})", _TEXT, _TEXT),
    "contains": by_name("contains({0}, {1})", _TEXT, _TEXT),
    "instr": _searched,
    "strpos": _searched,
    "position": _searched,
    "reverse": _reversed,
    "repeat": by_name("repeat({0}, CAST(greatest({1}, 0) AS INT))", _TEXT, _COUNT),
    "lpad": _padded("lpad"),
    "rpad": _padded("rpad"),
    "string_split": _split,
    "split": _split,
    "str_split": _split,
    "string_to_array": _split,
    "hex": by_name("hex({0})", _TEXT),
    "to_hex": by_name("hex({0})", _TEXT),
    "md5": by_name("md5(CAST({0} AS BINARY))", _TEXT),
    "sha1": by_name("sha1(CAST({0} AS BINARY))", _TEXT),
    "sha256": by_name("sha2(CAST({0} AS BINARY), 256)", _TEXT),
    "encode": by_name("CAST({0} AS BINARY)", _TEXT),
    "translate": by_name("translate({0}, {1}, {2})", _TEXT, _TEXT, _TEXT),
}

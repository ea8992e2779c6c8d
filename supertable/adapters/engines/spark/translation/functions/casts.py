"""Casts. Where one engine truncates and the other rounds, or one reads more texts than the other, DuckDB is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from supertable.adapters.engines.spark.translation.constants import double, null, struct, text
from supertable.adapters.engines.spark.translation.functions.calls import failure, only_where
from supertable.adapters.engines.spark.translation.functions.moments import micros
from supertable.adapters.engines.spark.translation.kinds import SIGNED, UNSIGNED, Kind, member
from supertable.adapters.engines.spark.translation.refusals import refused

_WHOLE = frozenset(SIGNED) | frozenset(UNSIGNED) | {"HUGEINT"}
_DAY_US = 86_400_000_000
_EXACT = 2.0**53
_TEXTS: Mapping[str, str] = {
    "DATE": r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z",
    "TIMESTAMP": r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?\z",
    "DOUBLE": r"\A[+-]?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?\z",
    "DECIMAL": r"\A-?[0-9]{1,38}(\.[0-9]{1,38})?\z",
}
_WHOLE_TEXT = r"\A-?[0-9]{1,38}\z"
_NO_NUMBER = r"\A[^0-9]*\z"
"""Texts that are no number in any writing."""


def cast(value: str, old: Kind, new: Kind, attempt: bool = False) -> str:
    """The value cast. `attempt`: as TRY_CAST. Raises `NotOnSpark`."""
    if old == new:
        return value
    if old.name == "NULL":
        return null(new)
    rule = (_ATTEMPTS if attempt else _RULES).get((_family(old), _family(new)))
    if rule is None:
        raise refused(f"{'TRY_CAST' if attempt else 'CAST'} from {old} to {new}")
    return rule(value, old, new)


def _family(kind: Kind) -> str:
    return "WHOLE" if kind.name in _WHOLE else kind.name


def _plain(value: str, old: Kind, new: Kind) -> str:
    return f"CAST({value} AS {new.spark})"


def _to_whole(value: str, old: Kind, new: Kind) -> str:
    """From another whole number. Spark checks the range of its types, which unsigned ones do not fill."""
    written = _plain(value, old, new)
    if new.name in UNSIGNED and not _fits(old, new):
        return only_where(f"{value} BETWEEN 0 AND {2 ** UNSIGNED[new.name] - 1}", written, new, f"cast to {new}")
    return written


def _fits(old: Kind, new: Kind) -> bool:
    return old.name in UNSIGNED and UNSIGNED[old.name] <= UNSIGNED[new.name]


def _whole_to_double(value: str, old: Kind, new: Kind) -> str:
    """DuckDB adds the two halves of an integer of 128 bits as doubles, which rounds twice."""
    if old.name != "HUGEINT":
        return _plain(value, old, new)
    direct = f"CAST({value} AS DOUBLE)"
    alike = f"{value} BETWEEN -{int(_EXACT)} AND {2**63}"
    return only_where(alike, direct, new, "convert such a whole number to DOUBLE")


def _decimal_to_double(value: str, old: Kind, new: Kind) -> str:
    """DuckDB divides the digits by a power of ten, which is exact up to 2^53; beyond, it adds two parts."""
    if old.width <= 15:
        return _plain(value, old, new)
    power = double(10.0**old.scale)
    digits = f"abs({value}) < CAST('{_limit(old)}' AS {old.spark})"
    whole = f"CASE WHEN {value} < 0 THEN ceil({value}) ELSE floor({value}) END"
    rest = f"CAST(({value} - {whole}) * CAST(1e{old.scale} AS DECIMAL(38,0)) AS DOUBLE)"
    parts = f"CAST({whole} AS DOUBLE) + {rest} / {power}"
    return f"CASE WHEN {digits} THEN CAST({value} AS DOUBLE) ELSE {parts} END"


def _limit(kind: Kind) -> str:
    digits = str(int(_EXACT)).rjust(kind.scale + 1, "0")
    return f"{digits[: -kind.scale]}.{digits[-kind.scale :]}" if kind.scale else digits


def _decimal_to_whole(value: str, old: Kind, new: Kind) -> str:
    return _to_whole(f"round({value}, 0)", Kind("HUGEINT"), new)


def _double_to_whole(value: str, old: Kind, new: Kind) -> str:
    """To the nearest number, and of two to the even one."""
    if new.name == "HUGEINT" or new.name == "UBIGINT":
        raise refused(f"CAST from {old} to {new}")
    rounded = f"rint(CAST({value} AS DOUBLE))"
    fits = f"{rounded} >= {double(-(2.0**63))} AND {rounded} < {double(2.0**63)}"
    return _to_whole(
        f"CAST({only_where(fits, rounded, Kind('DOUBLE'), f'cast to {new}')} AS BIGINT)", Kind("BIGINT"), new
    )


def _double_to_single(value: str, old: Kind, new: Kind) -> str:
    fits = f"abs({value}) <= {double(3.4028234663852886e38)} OR abs({value}) >= {double('inf')}"
    return only_where(fits, f"CAST({value} AS FLOAT)", new, "cast to FLOAT")


def _text_to(pattern: str) -> Callable[[str, Kind, Kind], str]:
    def rule(value: str, old: Kind, new: Kind) -> str:
        return only_where(f"{value} RLIKE {text(pattern)}", _plain(value, old, new), new, f"read such a text as {new}")

    return rule


def _text_to_whole(value: str, old: Kind, new: Kind) -> str:
    wide = f"CAST({value} AS DECIMAL(38,0))"
    return only_where(
        f"{value} RLIKE {text(_WHOLE_TEXT)}", _to_whole(wide, Kind("HUGEINT"), new), new, f"read such a text as {new}"
    )


def _try_whole(value: str, old: Kind, new: Kind) -> str:
    """From another whole number."""
    low, high = _range(new)
    return f"CASE WHEN {value} BETWEEN {low} AND {high} THEN {_plain(value, old, new)} END"


def _try_text_to_whole(value: str, old: Kind, new: Kind) -> str:
    low, high = _range(new)
    wide = f"CAST({value} AS DECIMAL(38,0))"
    return (
        f"CASE WHEN {value} RLIKE {text(_WHOLE_TEXT)} THEN"
        f" CASE WHEN {wide} BETWEEN {low} AND {high} THEN CAST({wide} AS {new.spark}) END"
        f" WHEN {value} RLIKE {text(_NO_NUMBER)} THEN {null(new)}"
        f" WHEN {value} IS NOT NULL THEN {failure(new, f'read such a text as {new}')} END"
    )


def _range(kind: Kind) -> tuple[int, int]:
    if kind.name in UNSIGNED:
        return 0, 2 ** UNSIGNED[kind.name] - 1
    if kind.name == "HUGEINT":
        return -(10**38) + 1, 10**38 - 1  # the others of its numbers are refused where they come from
    if kind.name in SIGNED:
        return -(2 ** (SIGNED[kind.name] - 1)), 2 ** (SIGNED[kind.name] - 1) - 1
    raise refused(f"TRY_CAST to {kind}")


def _date_to_text(value: str, old: Kind, new: Kind) -> str:
    suffix = ", '+00'" if old.name == "TIMESTAMP WITH TIME ZONE" else ""
    written = f"concat(CAST({value} AS STRING){suffix})"
    return only_where(f"year({value}) BETWEEN 1 AND 9999", written, new, "write years outside 1 to 9999")


def _stamp_to_time(value: str, old: Kind, new: Kind) -> str:
    return f"pmod({micros(value, old)}, {_DAY_US}L)"


def _list(value: str, old: Kind, new: Kind) -> str:
    if old.parts[0].name == "NULL":
        return f"transform({value}, e -> {null(new.parts[0])})"
    name = f"i{_depth(new)}"
    return f"transform({value}, {name} -> {cast(name, old.parts[0], new.parts[0])})"


def _struct(value: str, old: Kind, new: Kind) -> str:
    if [one.lower() for one in old.members] != [one.lower() for one in new.members] and any(old.members):
        raise refused("CAST from a STRUCT to one of other members")
    if len(old.parts) != len(new.parts):
        raise refused("CAST from a STRUCT to one of other members")
    pairs = enumerate(zip(old.parts, new.parts, strict=True))
    parts = [cast(f"({value}).{member(i)}", before, after) for i, (before, after) in pairs]
    return f"CASE WHEN {value} IS NOT NULL THEN {struct(parts)} END"


def _depth(kind: Kind) -> int:
    return 1 + max(map(_depth, kind.parts), default=0)


_RULES: Mapping[tuple[str, str], Callable[[str, Kind, Kind], str]] = {
    ("WHOLE", "WHOLE"): _to_whole,
    ("WHOLE", "DOUBLE"): _whole_to_double,
    ("WHOLE", "DECIMAL"): _plain,
    ("WHOLE", "VARCHAR"): _plain,
    ("WHOLE", "BOOLEAN"): _plain,
    ("BOOLEAN", "WHOLE"): _plain,
    ("BOOLEAN", "VARCHAR"): _plain,
    ("DECIMAL", "DECIMAL"): _plain,
    ("DECIMAL", "DOUBLE"): _decimal_to_double,
    ("DECIMAL", "WHOLE"): _decimal_to_whole,
    ("DECIMAL", "VARCHAR"): _plain,
    ("DOUBLE", "WHOLE"): _double_to_whole,
    ("FLOAT", "WHOLE"): _double_to_whole,
    ("FLOAT", "DOUBLE"): _plain,
    ("DOUBLE", "FLOAT"): _double_to_single,
    ("VARCHAR", "WHOLE"): _text_to_whole,
    ("VARCHAR", "DOUBLE"): _text_to(_TEXTS["DOUBLE"]),
    ("VARCHAR", "DECIMAL"): _text_to(_TEXTS["DECIMAL"]),
    ("VARCHAR", "DATE"): _text_to(_TEXTS["DATE"]),
    ("VARCHAR", "TIMESTAMP"): _text_to(_TEXTS["TIMESTAMP"]),
    ("DATE", "TIMESTAMP"): _plain,
    ("DATE", "TIMESTAMP WITH TIME ZONE"): _plain,
    ("DATE", "VARCHAR"): _date_to_text,
    ("TIMESTAMP", "DATE"): _plain,
    ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"): _plain,
    ("TIMESTAMP", "VARCHAR"): _date_to_text,
    ("TIMESTAMP", "TIME"): _stamp_to_time,
    ("TIMESTAMP WITH TIME ZONE", "DATE"): _plain,
    ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP"): _plain,
    ("TIMESTAMP WITH TIME ZONE", "TIME"): _stamp_to_time,
    ("TIMESTAMP WITH TIME ZONE", "VARCHAR"): _date_to_text,
    ("LIST", "LIST"): _list,
    ("STRUCT", "STRUCT"): _struct,
}
_ATTEMPTS: Mapping[tuple[str, str], Callable[[str, Kind, Kind], str]] = {
    ("WHOLE", "WHOLE"): _try_whole,
    ("VARCHAR", "WHOLE"): _try_text_to_whole,
}

"""The canonical functions of OData, and how many arguments each takes (4.01, URL conventions, 5.1.1.4 to 5.1.1.13)."""

from __future__ import annotations

ARGUMENTS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(
        (
            *("length", "tolower", "toupper", "trim", "year", "month", "day", "hour", "minute", "second"),
            *("fractionalseconds", "date", "time", "totaloffsetminutes", "totalseconds", "round", "floor", "ceiling"),
        ),
        (1, 1),
    ),
    **dict.fromkeys(("contains", "startswith", "endswith", "indexof", "concat", "matchespattern"), (2, 2)),
    **dict.fromkeys(("now", "mindatetime", "maxdatetime"), (0, 0)),
    "substring": (2, 3),
    "cast": (1, 2),
    "isof": (1, 2),
}
"""The least and the most arguments. `case` has a form of its own."""

NOT_SUPPORTED = frozenset(
    {"hassubset", "hassubsequence", "geo.distance", "geo.intersects", "geo.length"}
    | {"isancestor", "isdescendant", "isnode", "isleaf", "isroot", "issibling"}
)

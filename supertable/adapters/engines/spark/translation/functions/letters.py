"""The case of letters. DuckDB maps each character alone; Java maps some to several, and some by their neighbours."""

from __future__ import annotations

from supertable.adapters.engines.spark.translation.constants import text
from supertable.adapters.engines.spark.translation.functions.calls import only_where
from supertable.adapters.engines.spark.translation.kinds import VARCHAR

_ALIKE = r"\A[\x00-\x{7F}]*\z"
_WHAT = "change the case of these letters"


def folded(function: str, value: str) -> str:
    """`function`: lower or upper. For text with other letters than those that both map alike: an error."""
    return only_where(f"{value} RLIKE {text(_ALIKE)}", f"{function}({value})", VARCHAR, _WHAT)

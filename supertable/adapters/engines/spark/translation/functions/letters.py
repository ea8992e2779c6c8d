"""The case of letters. DuckDB maps each character alone; Java maps some to several, and some by their neighbours."""

from __future__ import annotations

from supertable.adapters.engines.spark.translation.constants import text
from supertable.adapters.engines.spark.translation.functions.calls import only_where
from supertable.adapters.engines.spark.translation.kinds import VARCHAR

_LATIN = {"upper": r"\x{0}-\x{DE}\x{E0}-\x{148}\x{14A}-\x{19A}\x{19C}-\x{1EF}\x{1F1}-\x{24F}",
          "lower": r"\x{0}-\x{12F}\x{131}-\x{24F}"}  # fmt: skip
_GREEK = {"upper": r"\x{370}-\x{38F}\x{391}-\x{3AF}\x{3B1}-\x{586}\x{588}-\x{10FF}",
          "lower": r"\x{370}-\x{3A2}\x{3A4}-\x{10FF}"}  # fmt: skip
_OTHERS = r"\x{1100}-\x{1C7F}\x{2000}-\x{2BFF}\x{2E80}-\x{A63F}\x{AC00}-\x{FAFF}\x{FE00}-\x{FFFF}\x{1F000}-\x{1FAFF}"
_WHAT = "change the case of these letters"


def folded(function: str, value: str) -> str:
    """`function`: lower or upper. For text with other letters than those that both map alike: an error."""
    alike = rf"\A[{_LATIN[function]}{_GREEK[function]}{_OTHERS}]*\z"
    return only_where(f"{value} RLIKE {text(alike)}", f"{function}({value})", VARCHAR, _WHAT)

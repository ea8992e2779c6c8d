"""Which engine runs a query, and why, in words for its caller.

What an engine holds, or else the bytes to read and the age of the newest write, order the engines. The first that is
there runs the query; each that is away is passed over.

| bytes to read            | written less than `fresh_seconds` ago | older, or unknown |
|--------------------------|---------------------------------------|-------------------|
| of versions that PRO holds | PRO                                 | PRO               |
| up to `lite_max_bytes`   | LITE                                  | LITE              |
| up to `spark_min_bytes`  | LITE                                  | PRO               |
| more                     | SPARK, else PRO                       | SPARK, else PRO   |

A role that sees a part of a table must not learn how large all of it is, or when it was written. Nor may the choice
depend on it: file ranges cover hidden rows, so that conditions of the caller would find these by the bytes that are
left. So LITE runs its queries, unless PRO holds what the role sees, or the request, a table or a setting names another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from supertable.domain.errors import EngineUnavailable, InvalidInput, InvalidSetting


class EngineName(StrEnum):
    """`AUTO`: the engine that this module chooses."""

    AUTO = "auto"
    LITE = "lite"
    PRO = "pro"
    SPARK = "spark"


_LITE_FIRST = (EngineName.LITE, EngineName.PRO, EngineName.SPARK)
_PRO_FIRST = (EngineName.PRO, EngineName.LITE, EngineName.SPARK)
_SPARK_FIRST = (EngineName.SPARK, EngineName.PRO, EngineName.LITE)
_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_TIMES = ((24 * 3600, "day"), (3600, "hour"), (60, "minute"))


def engine_name(text: object) -> EngineName:
    """The engine of that name, in any case. Raises `InvalidInput`, which lists the names."""
    names = {name.upper(): name for name in EngineName}
    found = names.get(text.upper()) if isinstance(text, str) and text.isascii() else None
    if found is None:
        raise InvalidInput(f"There is no engine {text!r:.80}. Use {', '.join(names)}. Nothing was run.")
    return found


def engine_of_table(text: object) -> str:
    """The engine as a setting of a table: a name as above; `default` stands for none, which is empty.

    Raises `InvalidSetting`, which lists the names.
    """
    try:
        return "" if isinstance(text, str) and text.lower() == "default" else engine_name(text).value
    except InvalidInput:
        raise InvalidSetting("engine", f"it must be one of default, {', '.join(EngineName)}") from None


Away = Callable[[EngineName], str]
"""Why an engine does not run the query: words that may follow a colon. Empty: it does."""


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """The bounds of the matrix above, both included. A table is fresh for `fresh_seconds` after a write."""

    lite_max_bytes: int = 100 * 1024**2
    spark_min_bytes: int = 10 * 1024**3
    fresh_seconds: float = 300


@dataclass(frozen=True, slots=True)
class Wish:
    """An engine that is named, and by what: a sentence."""

    engine: EngineName
    reason: str


@dataclass(frozen=True, slots=True)
class Reads:
    """What a query reads. `bytes`: after pruning. `age_seconds`: since the newest write of its tables; None: unknown.

    `partial`: the role sees a part of a table; then neither decides, and neither is told. `held`: PRO holds all of it.
    """

    bytes: int
    age_seconds: float | None
    partial: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """`reason`: sentences in ASCII, for the caller."""

    engine: EngineName
    reason: str


def chosen_engine(
    reads: Reads,
    away: Away,
    limits: EngineLimits,
    requested: EngineName | None = None,
    wish: Wish | None = None,
) -> EngineChoice:
    """The engine that runs a query.

    `away` is asked only of engines that come before the one that runs it. `requested`: by the query itself; None: by
    nothing, so that the `wish` counts. Raises `EngineUnavailable` if what is requested is away, or every engine is.
    """
    if requested is not None and requested is not EngineName.AUTO:
        require_there(requested, away)
        return EngineChoice(requested, f"The query asks for {requested.upper()}.")
    order, reason = _matrix(reads, limits)
    if wish and requested is None and wish.engine is not EngineName.AUTO:
        order, reason = (wish.engine, *(name for name in order if name is not wish.engine)), wish.reason
    passed: list[str] = []
    for name in order:
        why = away(name)
        if not why:
            return EngineChoice(name, " ".join([reason, *passed]))
        passed.append(_passed_over(name, why))
    raise EngineUnavailable(order[0].upper(), away(order[0]))


def answered_by_lite(reason: str, why: str) -> str:
    """The reason for the choice of an engine in whose place LITE answers. `why`: words that may follow a colon."""
    return f"{reason} {EngineName.LITE.upper()} answers: {why}."


def require_there(engine: EngineName, away: Away) -> None:
    """Raises `EngineUnavailable` if an engine that is asked for by name is away."""
    if why := away(engine):
        raise EngineUnavailable(engine.upper(), why)


def _matrix(reads: Reads, limits: EngineLimits) -> tuple[tuple[EngineName, ...], str]:
    """The engines in the order of preference, and the reason for the first."""
    if reads.held:
        return _PRO_FIRST, "PRO holds what the query reads."
    if reads.partial:
        return _LITE_FIRST, "The role sees a part of what the query reads, so that sizes and times do not count: LITE."
    size = f"The query reads {size_text(reads.bytes)}"
    if reads.bytes <= limits.lite_max_bytes:
        return _LITE_FIRST, f"{size}: up to {size_text(limits.lite_max_bytes)} are for LITE."
    if reads.bytes > limits.spark_min_bytes:
        return _SPARK_FIRST, f"{size}: more than {size_text(limits.spark_min_bytes)} are for SPARK."
    if reads.age_seconds is None:
        return _PRO_FIRST, f"{size} of versions whose age does not count: PRO."
    written = f"{size}, and the newest write was {_time(reads.age_seconds)} ago"
    if reads.age_seconds < limits.fresh_seconds:
        return _LITE_FIRST, f"{written}: LITE, since that is less than {_time(limits.fresh_seconds)}."
    return _PRO_FIRST, f"{written}: PRO."


def _passed_over(engine: EngineName, why: str) -> str:
    return f"{engine.upper()} is passed over: {why}."


def size_text(count: int) -> str:
    """As in `12.3 MB`, so that amounts on different sides of a limit are seldom written alike."""
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count:,} bytes"


def _time(seconds: float) -> str:
    for unit, name in _TIMES:
        if seconds >= 2 * unit:
            return f"{seconds // unit:,.0f} {name}s"
    return f"{max(seconds, 0):,.0f} seconds"

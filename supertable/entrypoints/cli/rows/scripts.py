"""Scripts of SQL statements."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from supertable.domain.errors import SupertableError
from supertable.entrypoints.cli.terminal.output.formatting import format_count
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.entrypoints.sdk.results.result import Result


def run_script(session: Session, script: str, limits: dict[str, Any], show: Callable[[Result, float], None]) -> None:
    """Run the statements one after the other, and show each result with the time when its statement began.

    The first error ends the script. Its message says which statement it was, and what ran before.
    """
    with session.connect() as lake:
        parts = lake.split(script)
        for number, part in enumerate(parts):
            started = time.perf_counter()
            try:
                show(lake.sql(part.sql, **limits), started)
            except SupertableError as error:
                place = f"Statement {number + 1} of {len(parts)}, at line {part.line}, failed"
                error.args = (f"{place}: {error} {_kept(number)}",)
                raise


def _kept(before: int) -> str:
    if not before:
        return "No statement of the script ran."
    return f"The {format_count(before, 'statement')} before it ran, and what they changed is kept; no later one ran."

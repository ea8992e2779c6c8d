"""What the global options say, for every command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from supertable.entrypoints.sdk.lake import Lake


@dataclass(frozen=True, slots=True)
class Session:
    """`as_json`: everything is written for scripts. `verbose`: errors come with their traceback."""

    home: Path | None = None
    organization: str | None = None
    supertable: str | None = None
    as_json: bool = False
    verbose: bool = False

    @classmethod
    def of(cls, context: typer.Context) -> Session:
        return context.find_object(cls) or cls()

    def connect(self) -> Lake:
        import supertable

        return supertable.connect(home=self.home, organization=self.organization, supertable=self.supertable)

"""The global options of one command line, and the lake and settings that they select."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from supertable.config.settings.settings import Settings
    from supertable.entrypoints.sdk.lakes.lake import Lake


@dataclass(frozen=True, slots=True)
class Session:
    """`as_json`: write all output as JSON. `verbose`: add tracebacks to errors. None: use the setting or default."""

    home: Path | None = None
    organization: str | None = None
    supertable: str | None = None
    token: str | None = field(default=None, repr=False)
    role: str | None = None
    as_json: bool = False
    verbose: bool = False

    @classmethod
    def of(cls, context: typer.Context) -> Session:
        """The session that the `supertable` callback stored in the context."""
        return context.find_object(cls) or cls()

    def connect(self) -> Lake:
        """Open the lake. Raises what `supertable.connect` raises."""
        gc.disable()
        try:
            from supertable.entrypoints.sdk.connect import connect
        finally:
            gc.freeze()  # what was imported stays: the collector need not look at it again and again
            gc.enable()
        return connect(self.home, self.organization, self.supertable, token=self.token, role=self.role)

    def settings(self) -> Settings:
        from supertable.config.settings.settings import load_settings

        return load_settings(home=self.home, organization=self.organization, supertable_token=self.token)

"""Warnings of settings, on standard error, as plain lines, each once."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_SETTING_WARNING = "SettingWarning"


@contextmanager
def warnings_told() -> Iterator[None]:
    """Within the block. Other warnings are shown as Python shows them."""
    shown, told = warnings.showwarning, set()

    def tell(message: Warning | str, category: type[Warning], *place: object, **more: object) -> None:
        if category.__name__ != _SETTING_WARNING:
            shown(message, category, *place, **more)  # type: ignore[arg-type]
        elif str(message) not in told:
            told.add(str(message))
            sys.stderr.write(f"Warning: {message}\n")

    with warnings.catch_warnings():
        warnings.filterwarnings("always", message=".* is no setting and has no effect")
        warnings.showwarning = tell
        yield

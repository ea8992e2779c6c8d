"""Rows that a load leaves out: counted, and written to a file if one is wanted."""

from __future__ import annotations

import json
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import IO

from supertable.application.ports.readers import RejectedRow
from supertable.domain.errors import InvalidInput


class RejectedRows:
    """For use in a `with` block. The file has a line of JSON for each row: where it is, and why it was left out."""

    def __init__(self, on_error: str, path: str | PathLike[str] | None) -> None:
        """Raises `InvalidInput` for an unknown choice, or one that does not go with the path."""
        if on_error not in ("stop", "skip", "rejects"):
            raise InvalidInput(f"{on_error!r} is no way to treat rows that do not fit. Use stop, skip or rejects.")
        if (on_error == "rejects") != (path is not None):
            raise InvalidInput("Name a file for rejected rows if they are to be written to one, and only then.")
        self.is_wanted = on_error != "stop"
        self.count = 0
        self._path = None if path is None else Path(path)
        self._file: IO[str] | None = None

    def begin(self) -> None:
        """Forget the rows so far. Raises `InvalidInput` for a file that cannot be written."""
        self.count = 0
        if self._path is not None:
            self._close()
            try:
                self._file = self._path.open("w", encoding="utf-8")
            except OSError as error:
                raise InvalidInput(f"The file for rejected rows cannot be written: {error}.") from error

    def add(self, row: RejectedRow) -> None:
        self.count += 1
        if self._file is not None:
            self._file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> RejectedRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

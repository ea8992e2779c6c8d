"""A progress bar on standard error; none when standard error is not a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    import rich.progress

    from supertable.application.ports.readers import OpenedFiles


class Progress:
    """The progress of a load, for use in a `with` block. `quiet`: show no bar."""

    def __init__(self, quiet: bool = False) -> None:
        self._bar = None if quiet or not sys.stderr.isatty() else _bar()
        self._task = self._bar.add_task("Opening", total=None, rows=0) if self._bar else None

    def track(self, opened: OpenedFiles) -> pa.RecordBatchReader:
        """The rows of `opened`, as a reader that advances the bar while it is read."""
        if self._bar is None or self._task is None:
            return opened.reader
        import pyarrow as pa

        self._bar.update(self._task, description="Loading", total=opened.total_bytes)
        return pa.RecordBatchReader.from_batches(opened.reader.schema, self._counted(opened, self._bar, self._task))

    def _counted(
        self, opened: OpenedFiles, bar: rich.progress.Progress, task: rich.progress.TaskID
    ) -> Iterator[pa.RecordBatch]:
        rows = 0
        for batch in opened.reader:
            yield batch
            rows += batch.num_rows
            bar.update(task, completed=opened.bytes_read(), rows=rows)
        bar.update(task, description="Writing", completed=opened.total_bytes)

    def __enter__(self) -> Progress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()


def _bar() -> rich.progress.Progress:
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from supertable.entrypoints.cli.terminal.output.console import console

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
    )
    return Bar(*columns, console=console(error=True), transient=True)

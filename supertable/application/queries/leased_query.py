"""A running query under a lease: no vacuum removes what it reads, until its rows are taken or it is given up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pyarrow as pa

from supertable.application.ports.engines import RunningQuery
from supertable.application.ports.leases import Lease
from supertable.domain.audit import OK

STOPPED = "stopped"
"""How a query ends of which not all rows were taken."""

Ended = Callable[[str, int], None]
"""Is told once how a query ended (`ok`, `STOPPED` or the name of an error), and how many rows were given."""


class FirstLease:
    """The lease of a prepared query, which its first run takes over; a later run needs one of its own."""

    def __init__(self, lease: Lease) -> None:
        self._lease = [lease]

    def taken(self) -> Lease | None:
        try:
            return self._lease.pop()
        except IndexError:
            return None

    def close(self) -> None:
        """The query is not going to run. No-op where it did."""
        lease = self.taken()
        if lease:
            lease.close()


class LeasedQuery:
    """The query itself; its end, or its being garbage, ends the lease too."""

    def __init__(self, running: RunningQuery, lease: Lease, ended: Ended) -> None:
        self._held = _Held(running, lease, ended)
        self._reader: pa.RecordBatchReader | None = None

    @property
    def reader(self) -> pa.RecordBatchReader:
        if self._reader is None:
            try:
                reader = self._held.running.reader
            except BaseException as error:
                self._held.end(type(error).__name__)
                raise
            self._reader = pa.RecordBatchReader.from_batches(reader.schema, _rows(reader, self._held))
        return self._reader

    def cancel(self) -> None:
        self._held.running.cancel()

    def close(self) -> None:
        self._held.end()


class _Held:
    """Apart from the query, which has the reader, which has this: a circle through Arrow would never be garbage."""

    def __init__(self, running: RunningQuery, lease: Lease, ended: Ended) -> None:
        self.running = running
        self.rows = 0
        self._lease = lease
        self._ended = [ended]

    def end(self, outcome: str = STOPPED) -> None:
        self.running.close()
        self._lease.close()
        with suppress(IndexError):  # in one step, for two threads may come here
            self._ended.pop()(outcome, self.rows)

    def __del__(self) -> None:
        self.end()


def _rows(reader: pa.RecordBatchReader, held: _Held) -> Iterator[pa.RecordBatch]:
    outcome = STOPPED
    try:
        for batch in reader:
            held.rows += batch.num_rows
            yield batch
        outcome = OK
    except Exception as error:
        outcome = type(error).__name__
        raise
    finally:
        held.end(outcome)

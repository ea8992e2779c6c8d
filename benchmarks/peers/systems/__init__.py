"""The interface of the compared systems."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa

from benchmarks.data import SCHEMA


@dataclass(frozen=True, slots=True)
class Query:
    """A query in the SQL that all systems understand. `columns`: those that a system without SQL must read."""

    select: str
    columns: tuple[str, ...] = ()
    where: str = ""
    group_by: str = ""

    def sql(self, source: str) -> str:
        where = f" WHERE {self.where}" if self.where else ""
        group_by = f" GROUP BY {self.group_by}" if self.group_by else ""
        return f"SELECT {self.select} FROM {source}{where}{group_by}"


ALL_ROWS = Query("*", tuple(SCHEMA.names))


class System(ABC):
    """One table of orders in one system. Every call sees the writes of the calls before it."""

    name: ClassVar[str]
    durability: ClassVar[str]
    """What is on disk, and not only in memory, when a write returns."""
    runs_all_upserts: ClassVar[bool] = True
    """Whether the system runs the whole long series of upserts. If not, `replace` gives it the resulting rows."""

    @abstractmethod
    def __init__(self, folder: Path, keyed: bool) -> None:
        """Create an empty table in a new folder. `keyed`: with the key `id`, if the system has keys."""

    @abstractmethod
    def append(self, rows: pa.Table) -> None: ...

    @abstractmethod
    def upsert(self, rows: pa.Table) -> None:
        """Add the rows with new ids, and replace those with existing ids."""

    @abstractmethod
    def delete(self, ids: np.ndarray) -> None: ...

    @abstractmethod
    def query(self, query: Query) -> pa.Table: ...

    def replace(self, rows: pa.Table) -> None:
        """Replace all rows by these. Not timed."""
        raise NotImplementedError

    def prepare_reads(self) -> None:  # noqa: B027 most systems need nothing
        """Do what a fair comparison of reads requires. Not timed."""

    def close(self) -> None:  # noqa: B027 some systems have nothing to close
        ...

"""The systems that are compared, behind one small interface. Each is told apart by how durable its writes are."""

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
    """`columns` is what a system that has no SQL must read; `where` is SQL that all of them understand."""

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
    """One table of orders. Every call sees what the calls before it wrote."""

    name: ClassVar[str]
    durability: ClassVar[str]
    """What is on the disk, not only in the machine's memory, when a write returns."""
    patient: ClassVar[bool] = True
    """Whether a long series of upserts is done to its end; otherwise `replace` takes over."""

    @abstractmethod
    def __init__(self, folder: Path, keyed: bool) -> None:
        """A new, empty table; `keyed`: by its id, if the system knows keys."""

    @abstractmethod
    def append(self, rows: pa.Table) -> None: ...

    @abstractmethod
    def upsert(self, rows: pa.Table) -> None:
        """Rows with new ids are added, those with known ones replaced."""

    @abstractmethod
    def delete(self, ids: np.ndarray) -> None: ...

    @abstractmethod
    def query(self, query: Query) -> pa.Table: ...

    def replace(self, rows: pa.Table) -> None:
        """Not timed: hold exactly these rows."""
        raise NotImplementedError

    def tidy(self) -> None:  # noqa: B027 most need none
        """Not timed, before the reads are: what a system would be unfairly slow without."""

    def close(self) -> None:  # noqa: B027 some have nothing to close
        ...

"""The methods of a table that read and write its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.statements.requests import StatementOptions
from supertable.application.tables.namespace import Namespace
from supertable.application.writes.write_modes import ModeName
from supertable.config.container import Container
from supertable.domain.engine_choice import engine_name
from supertable.domain.names import quoted
from supertable.entrypoints.sdk.door import door
from supertable.entrypoints.sdk.results.result import Result
from supertable.entrypoints.sdk.tables.polars_scan import lazy_frame

if TYPE_CHECKING:
    import pandas
    import polars

Version = int | str
"""A number, or a tag."""


class LakeOfTable(Protocol):
    """What a table needs of its lake."""

    _container: Container
    _namespace: Namespace

    @property
    def supertable(self) -> str: ...

    @property
    def sql(self) -> Callable[..., Result]: ...

    @property
    def write(self) -> Callable[..., WriteResult]: ...

    @property
    def _run(self) -> Callable[..., Result]: ...


@door
class TableRows:
    """The part of `Table` that reads and writes rows. All reads go through `Lake.sql`, with its errors and limits.

    Where a method takes them: `columns`: their names; None: all. `where`: an SQL condition. `limit`: a number of rows.
    `version`: a number or a tag; None: the newest version.
    """

    _lake: LakeOfTable
    _name: str

    def sql(
        self,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] = (),
        *,
        stream: bool = False,
        max_rows: int | None = None,
        timeout_seconds: float | None = None,
        engine: str | None = None,
    ) -> Result:
        """Run a statement in which `self` is this table.

            lake.table("orders").sql("SELECT count(*) FROM self WHERE price > ?", [5])

        Parameters and errors: those of `Lake.sql`.
        """
        namespace = replace(self._lake._namespace, self_table=self._name)
        wanted = None if engine is None else engine_name(engine)
        options = StatementOptions(writes=True, limits=Limits(max_rows, timeout_seconds), engine=wanted)
        return self._lake._run(namespace, sql, parameters, options, stream)

    def head(self, rows: int = 5) -> Result:
        """The first rows, in no particular order."""
        return self.rows(limit=rows)

    def rows(
        self,
        columns: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
        version: Version | None = None,
        *,
        stream: bool = False,
        engine: str | None = None,
    ) -> Result:
        """Rows of the table. `stream`, `engine`: see `Lake.sql`; `batches` of the result needs bounded memory."""
        chosen = "*" if columns is None else ", ".join(map(quoted, [columns] if isinstance(columns, str) else columns))
        sql = f"SELECT {chosen} FROM {self._source(version)}"
        sql += f" WHERE (\n{where}\n)" if where is not None else ""
        sql += f" LIMIT {int(limit)}" if limit is not None else ""
        return self._lake.sql(sql, stream=stream, engine=engine)

    def to_arrow(
        self,
        columns: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
        version: Version | None = None,
    ) -> pa.Table:
        """Rows of the table as a pyarrow Table."""
        return self.rows(columns, where, limit, version, stream=True).arrow()

    def to_pandas(
        self,
        columns: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
        version: Version | None = None,
    ) -> pandas.DataFrame:
        """Rows of the table as a pandas DataFrame. Raises `MissingExtra` when pandas is not installed."""
        return self.rows(columns, where, limit, version, stream=True).pandas()

    def to_polars(
        self,
        columns: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
        version: Version | None = None,
    ) -> polars.DataFrame:
        """Rows of the table as a polars DataFrame. Raises `MissingExtra` when polars is not installed."""
        return self.rows(columns, where, limit, version, stream=True).polars()

    def batches(
        self,
        columns: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
        version: Version | None = None,
    ) -> pa.RecordBatchReader:
        """Rows of the table as a stream of record batches, of which few are in memory at once."""
        return self.rows(columns, where, limit, version, stream=True).batches()

    def scan(self, version: Version | None = None) -> polars.LazyFrame:
        """The table as a polars LazyFrame.

            lake.table("orders").scan().filter(pl.col("price") > 5).select("id").collect()

        Collecting it reads the version that is the newest now, and of that the columns, rows and files which the query
        needs. Raises `MissingExtra` when polars is not installed.
        """
        number = self._lake.sql(f"SELECT NULL FROM {self._source(version)} LIMIT 0").versions
        pinned = next(iter(number.values()))[0]
        return lazy_frame(self._source(pinned), lambda sql, parameters: self._lake.sql(sql, parameters, stream=True))

    def write(
        self,
        data: Any,
        mode: ModeName = "append",
        *,
        where: str | None = None,
        evolve: bool = False,
        timezone: str = "",
        idempotency_key: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> WriteResult:
        """Write rows as one version, as `Lake.write` does; no table is created."""
        return self._lake.write(
            self._name,
            data,
            mode,
            where=where,
            evolve=evolve,
            create=False,
            timezone=timezone,
            idempotency_key=idempotency_key,
            properties=properties,
        )

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.batches().__arrow_c_stream__(requested_schema)

    def _source(self, version: Version | None) -> str:
        name = f"{quoted(self._lake.supertable)}.{quoted(self._name)}"
        if version is None:
            return name
        text = str(version) if isinstance(version, int) else "'" + version.replace("'", "''") + "'"
        return f"{name} AT (VERSION => {text})"

"""The methods of a lake that run SQL."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import FrameType
from typing import Any

from supertable.application.ports.engines.running_queries import Limits
from supertable.application.ports.engines.statements import ScriptPart
from supertable.application.statements.requests import StatementOptions
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.domain.engine_choice import engine_name
from supertable.domain.errors import AccessDenied
from supertable.domain.names import checked_name, checked_version
from supertable.domain.table.commit_info import checked_commit_info
from supertable.entrypoints.sdk.door import door
from supertable.entrypoints.sdk.inputs.local_rows import CallersRows, callers_scope
from supertable.entrypoints.sdk.results.query_rows import QueryRows
from supertable.entrypoints.sdk.results.result import Result
from supertable.entrypoints.sdk.results.spilled_batches import SpilledBatches


@door
class LakeQueries:
    """The part of `Lake` that runs SQL."""

    _container: Container
    _namespace: Namespace
    _closed: threading.Event
    _is_owner: bool

    def sql(
        self,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] = (),
        *,
        frames: Mapping[str, Any] | None = None,
        stream: bool = False,
        max_rows: int | None = None,
        timeout_seconds: float | None = None,
        engine: str | None = None,
        idempotency_key: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> Result:
        """Run a statement: a query over the newest versions of its tables, all as of the same moment, or one that
        changes something, which has become one durable version when this returns.

            lake.sql("SELECT * FROM orders WHERE price > $limit", {"limit": 5}).arrow()
            lake.sql("FROM orders AT (VERSION => 3)").polars()
            lake.sql("INSERT INTO orders VALUES (?, ?)", [7, 9.5]).write.version

        The owner of an embedded lake, who gives no token and no role, may also name files and frames, and join them:

            lake.sql("SELECT * FROM 'new-*.csv' n JOIN orders USING (id)").show()
            lake.sql("INSERT INTO orders SELECT * FROM df")

        `frames`: by name, anything that `write` takes; None: the frames among the caller's variables. Tables come
        before frames of the same name. Files are read as `load` reads them.
        The statement is checked, and its tables and columns are found, when this returns. It runs once: the result
        keeps its rows for any number of uses. `stream`: do not keep the rows; they can be taken once.
        `parameters` are bound as values: a sequence for `?` and `$1`, a mapping for `$name`. A value that no SQL type
        holds exactly is refused. `max_rows`: a result with more rows is an error. `timeout_seconds`: the limit of the
        query; None: the setting `SUPERTABLE_DEFAULT_QUERY_TIMEOUT_SEC`, by default no limit. `engine`: AUTO,
        LITE, PRO or SPARK, in any case; None: the one that a table or `SUPERTABLE_DEFAULT_ENGINE` names, by default
        AUTO. The result says which engine ran, and why. `idempotency_key`, `properties`: of the commit, as in `write`.
        Raises `InvalidInput`, `EngineUnavailable`, `InvalidStatement`, `StatementRefused`, `TableNotFound`,
        `VersionNotFound`, `QueryFailed` and its subclasses, and what the method raises that makes the same change.
        Nothing is changed then.
        """
        info = checked_commit_info(idempotency_key, properties)
        wanted = None if engine is None else engine_name(engine)
        options = StatementOptions(writes=True, info=info, limits=Limits(max_rows, timeout_seconds), engine=wanted)
        local = self._callers_rows(frames, sys._getframe(1))
        try:
            return self._run(replace(self._namespace, local=local), sql, parameters, options, stream)
        finally:
            if local:
                local.forget()

    def _callers_rows(self, frames: Mapping[str, Any] | None, caller: FrameType) -> CallersRows | None:
        """What the statement may name besides tables. Raises `AccessDenied` for frames of others than the owner."""
        if self._is_owner:
            scope = callers_scope(caller) if frames is None else {}
            return CallersRows(self._container.file_reader, frames or {}, scope)
        if frames:
            raise AccessDenied("Frames are for the owner of an embedded lake, without a token and a role.")
        return None

    def _run(
        self,
        namespace: Namespace,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any],
        options: StatementOptions,
        stream: bool,
    ) -> Result:
        """Run a statement in a namespace, with the time limit of the settings if the options have none."""
        use_case, settings = self._container.run_statement(), self._container.settings()
        limits = options.limits
        if not limits.timeout_seconds:
            limits = replace(limits, timeout_seconds=settings.query_timeout_seconds)
        prepared = use_case.prepare(namespace, sql, parameters, replace(options, limits=limits))
        rows = QueryRows(use_case.run(prepared, parameters, limits), self._closed.is_set)
        spilled = None if stream else SpilledBatches(settings.folder("temporary"))
        return Result(rows, prepared, spilled)

    def split(self, script: str) -> Sequence[ScriptPart]:
        """The statements of a script, each with its line, for `sql`."""
        return self._container.statement_parser().split(script)

    def functions(self) -> Sequence[str]:
        """The names of the functions that SQL may call, sorted."""
        return self._container.statement_parser().functions()

    def changes(
        self,
        name: str,
        from_version: int,
        to_version: int | None = None,
        *,
        stream: bool = False,
        engine: str | None = None,
    ) -> Result:
        """The rows that changed after `from_version` (0: all), up to and including `to_version` (None: the newest).

        Columns: `_change` (insert, update_before, update_after, delete), `_version`, and the columns that the table
        has at the last version, with wider types where a restore made a column narrower. SQL reads the same with
        `FROM table_changes('orders', 3, 5)`. `stream`, `engine`: as in `sql`.
        Raises `TableNotFound`, `VersionNotFound` and `EngineUnavailable`.
        """
        checked_name("table", name)
        upper = "" if to_version is None else f", {checked_version(to_version)}"
        sql = f"SELECT * FROM table_changes('{name}', {checked_version(from_version)}{upper})"
        return self.sql(sql, stream=stream, engine=engine)

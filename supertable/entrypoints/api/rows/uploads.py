"""An uploaded body of rows on its way into a table, which may be created by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from litestar.concurrency import sync_to_thread
from litestar.types import Receive

from supertable.application.commits.write_result import WriteResult
from supertable.application.ddl.load_files import LoadRequest
from supertable.application.ddl.write_or_create import WriteTarget
from supertable.application.writes.ingest_rows import IngestRequest
from supertable.config.container import Container
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidInput, TableExists, TableNotFound
from supertable.entrypoints.web.requests.disconnects import done_or_cancelled
from supertable.entrypoints.web.requests.row_bodies import RowBody
from supertable.entrypoints.web.service.answers import Answers


@dataclass(frozen=True, slots=True)
class Creation:
    """The keys, the sequence and the layout of a table that the rows create."""

    keys: Sequence[str]
    sequence: str | None
    partition_by: Sequence[str]
    sort_by: Sequence[str]


def checked_creation(
    create: bool,
    where: str | None,
    keys: str | None,
    sequence: str | None,
    partition_by: Sequence[str] = (),
    sort_by: Sequence[str] = (),
) -> Creation | None:
    """None: the table must exist. Raises `InvalidInput` for parameters that do not go together."""
    if create and where is not None:
        raise InvalidInput("`where` replaces rows of a table that exists, so it does not go with `create`.")
    if not create and (keys or sequence or partition_by or sort_by):
        raise InvalidInput(
            "`keys`, `sequence`, `partition_by` and `sort_by` are of a table that is created: give `create=true`, too."
        )
    return Creation(keys.split(",") if keys else (), sequence, partition_by, sort_by) if create else None


class Upload:
    def __init__(self, container: Container, wanted: IngestRequest, creation: Creation | None) -> None:
        self._container = container
        self._wanted = wanted
        self._creation = creation

    @property
    def may_be_shared(self) -> bool:
        """Whether a small body goes to a table that is known already, so that the commit alone checks the rights."""
        wanted = self._wanted
        return not self.needs_file and self._container.tables().is_known(wanted.namespace, wanted.table)

    @property
    def needs_file(self) -> bool:
        """Whether a small body must be in a file, too."""
        return not self._wanted.shareable or bool(self._wanted.chosen) or self._creation is not None

    def check(self) -> None:
        """Raises `AccessDenied` and `TableNotFound` if the caller may not write there, or not create the table."""
        wanted, tables = self._wanted, self._container.tables()
        try:
            tables.open(wanted.namespace, wanted.table, Permission.WRITE)
        except TableNotFound:
            if self._creation is None:
                raise
            tables.require(wanted.namespace.session, Permission.CONTROL)

    async def write_small(self, body: RowBody, answers: Answers) -> WriteResult:
        """`body`: one whose text is in memory."""
        assert body.text is not None
        return await answers.of(self._container.ingest_rows().write_text(self._wanted, body.text, body.format))

    async def write(self, body: RowBody, receive: Receive, answers: Answers) -> WriteResult:
        """`receive`: of the request, whose body was received. If the client disconnects while the rows to replace are
        searched, nothing is written."""
        if self._creation is not None:
            return await sync_to_thread(self._load, body, self._creation)
        if body.text is not None:
            return await self.write_small(body, answers)
        ingest = self._container.ingest_rows()
        write = partial(ingest.write_file, self._wanted, body.file, body.format, body.compression, body.size)
        caller = self._wanted.caller
        return await (done_or_cancelled(receive, write, caller.cancel) if caller else sync_to_thread(write))

    def _load(self, body: RowBody, creation: Creation) -> WriteResult:
        """As every load does. If another request creates the table meanwhile, the rows are written into it."""
        wanted = self._wanted
        target = WriteTarget(
            wanted.table,
            wanted.mode,
            creation.keys,
            creation.sequence,
            wanted.evolve,
            wanted.info,
            timezone=wanted.timezone,
            partition_by=creation.partition_by,
            sort_by=creation.sort_by,
        )
        request = LoadRequest([body.file], target)
        bounded = self._container.ingest_rows().bounded(wanted.reading, body.format, body.size)
        options = replace(bounded, compression=body.compression or "none")
        load_files = self._container.load_files()
        try:
            return load_files(wanted.namespace, request, options).write
        except TableExists:
            return load_files(wanted.namespace, request, options).write

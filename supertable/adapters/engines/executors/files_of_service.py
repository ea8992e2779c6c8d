"""The files of an executor's request: the service opens them, and holds them for as long as the request takes."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence

import pyarrow as pa

from supertable.adapters.engines.executors.messages.error_documents import error_of
from supertable.adapters.engines.executors.messages.frames import Kind, receive, send
from supertable.application.ports.engines.file_sources import BeginReads, DirectReads
from supertable.application.ports.engines.running_queries import Stopped
from supertable.domain.errors import SupertableError
from supertable.domain.table.data_files import DataFile

NOT_COPIED = ""
"""The location of a file that has no copy on this machine: the executor reads the object itself."""


class ReadInExecutor:
    """The `DirectReads` of the service: it leaves them to the executor."""

    failure = None

    def __init__(self, _: Stopped) -> None: ...

    def locate(self, key: str, file: DataFile) -> str:  # noqa: ARG002
        return NOT_COPIED

    def close(self) -> None: ...


class FilesOfService:
    """A `FileSource` that asks the service. `begin_reads` begins reads of what is not copied."""

    def __init__(self, service: socket.socket, begin_reads: BeginReads) -> None:
        self._service = service
        self._begin_reads = begin_reads

    def open(self, files: Sequence[tuple[str, DataFile]], stopped: Stopped) -> FilesInExecutor:
        given = {file.key(folder): file for folder, file in files}
        found: dict[str, str] = dict(zip(given, json.loads(self._call("open", list(given))), strict=True))
        missing = [key for key, location in found.items() if location == NOT_COPIED]
        reads = self._begin_reads(stopped) if missing else None
        if reads:
            found |= {key: reads.locate(key, given[key]) for key in missing}
        return FilesInExecutor([found[file.key(folder)] for folder, file in files], reads)

    def exists(self, key: str) -> bool:
        return bool(json.loads(self._call("exists", key)))

    def inline_rows(self, folder: str, files: Sequence[DataFile]) -> pa.Table:
        with pa.ipc.open_stream(self._call("inline", [file.key(folder) for file in files])) as reader:
            return reader.read_all()

    def bitmap(self, folder: str, file: DataFile) -> bytes:
        return bytes(self._call("bitmap", file.key(folder)))

    def _call(self, name: str, argument: object) -> bytearray:
        send(self._service, Kind.CALL, json.dumps([name, argument]).encode())
        kind, answer = receive(self._service)
        if kind is Kind.REFUSAL:
            raise error_of(answer)
        return answer


class FilesInExecutor:
    def __init__(self, locations: Sequence[str], reads: DirectReads | None) -> None:
        self.locations = locations
        self._reads = reads

    @property
    def failure(self) -> SupertableError | None:
        return self._reads.failure if self._reads else None

    def close(self) -> None:
        if self._reads:
            self._reads.close()

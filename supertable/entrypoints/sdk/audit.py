"""The audit log, from Python."""

from __future__ import annotations

import pyarrow as pa

from supertable.application.audit.verify import AuditReport
from supertable.application.ports.engines import Limits
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.domain.audit import AuditKind, ChainEnd
from supertable.domain.errors import InvalidInput


class AuditLog:
    """For roles that may control. `SELECT … FROM system.audit` reads it too; nobody can change it."""

    def __init__(self, container: Container, namespace: Namespace) -> None:
        self._container = container
        self._namespace = namespace

    def events(self, limit: int = 100, kind: str | None = None, user: str | None = None) -> pa.Table:
        """The newest events, newest first. `kind`: see `AuditKind`; `user`: a name or hash.

        Raises `InvalidInput` and `AccessDenied`.
        """
        if kind is not None and kind not in list(AuditKind):
            raise InvalidInput(f"There is no kind of event {kind!r}; there are {', '.join(AuditKind)}.")
        sql = (
            'SELECT * FROM system.audit WHERE ($kind IS NULL OR kind = $kind) AND ($user IS NULL OR "user" = $user '
            "OR user_name = $user) ORDER BY sequence DESC LIMIT $count"
        )
        parameters = {"kind": kind, "user": user, "count": limit}
        use_case = self._container.run_query()
        query = use_case.prepare(self._namespace, sql, parameters)
        rows: pa.Table = use_case.run(query, parameters, Limits()).reader.read_all()
        return rows

    def verify(self, known: str | None = None) -> AuditReport:
        """Whether the log is whole. `known`: what an earlier report had as its end, as `sequence:hash`.

        Raises `InvalidInput` and `AccessDenied`.
        """
        return self._container.verify_audit()(self._namespace.session, None if known is None else _chain_end(known))

    def export(self) -> int:
        """Put the events that wait on this machine in the log now, and say how many they were."""
        return self._container.export_audit().now(self._namespace.session)


def _chain_end(text: str) -> ChainEnd:
    sequence, _, digest = text.partition(":")
    if not sequence.isdecimal() or len(digest) != 64:
        raise InvalidInput("The end of an audit log is written sequence:hash, as `supertable audit verify` shows it.")
    return ChainEnd(int(sequence), digest)

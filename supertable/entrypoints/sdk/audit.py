"""The audit log of an organization, from Python."""

from __future__ import annotations

import pyarrow as pa

from supertable.application.audit.verify import AuditReport
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.domain.audit import AuditKind, ChainEnd
from supertable.domain.errors import InvalidInput
from supertable.entrypoints.sdk.door import door


@door
class AuditLog:
    """The audit log, for roles of type admin or superadmin. It cannot be changed, only read and verified.

    `SELECT … FROM system.audit` reads it too. Every method raises `AccessDenied`.
    """

    def __init__(self, container: Container, namespace: Namespace) -> None:
        self._container = container
        self._namespace = namespace

    def events(self, limit: int = 100, kind: str | None = None, user: str | None = None) -> pa.Table:
        """The newest `limit` events, newest first, with the columns of `system.audit`.

        `kind`: only events of this kind, one of `AuditKind`. `user`: only events of this user, by name or hash.
        Raises `InvalidInput`.
        """
        if kind is not None and kind not in list(AuditKind):
            raise InvalidInput(f"{kind!r} is not a kind of event. The kinds are {', '.join(AuditKind)}.")
        sql = (
            "SELECT * FROM system.audit WHERE sequence > $after AND ($kind IS NULL OR kind = $kind) "
            'AND ($user IS NULL OR "user" = $user OR user_name = $user) ORDER BY sequence DESC LIMIT $count'
        )
        use_case = self._container.run_query()
        rows: pa.Table = None
        for after in self._container.search_audit().starts(self._namespace.organization, limit):
            parameters = {"kind": kind, "user": user, "count": limit, "after": after}
            query = use_case.prepare(self._namespace, sql, parameters)
            rows = use_case.run(query, parameters, Limits()).reader.read_all()
            if rows.num_rows == limit:
                break
        return rows

    def verify(self, known: str | None = None) -> AuditReport:
        """Verify that no event of the log was edited, removed or reordered. Problems are in the report.

        Exports the events that wait on this machine first. `known`: the end of the log from an earlier report, as
        `sequence:hash`; it also reveals a log that was replaced as a whole. Raises `InvalidInput`.
        """
        return self._container.verify_audit()(self._namespace.session, None if known is None else _chain_end(known))

    def export(self) -> int:
        """Export the events that wait on this machine to the log now. Returns their number."""
        return self._container.export_audit().now(self._namespace.session)


def _chain_end(text: str) -> ChainEnd:
    sequence, _, digest = text.partition(":")
    if not sequence.isdecimal() or len(digest) != 64:
        raise InvalidInput("The end of an audit log has the form sequence:hash, as `supertable audit verify` shows it.")
    return ChainEnd(int(sequence), digest)

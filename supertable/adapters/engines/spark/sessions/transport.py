"""Connections of the HiveServer2 protocol. PyHive has the protocol's messages and the SASL clients."""

from __future__ import annotations

from socket import SHUT_RDWR
from typing import Any

from supertable.adapters.engines.spark.clusters import Cluster
from supertable.domain.errors import MissingExtra

_USER = "supertable"
_PASSWORD_OF_NONE = "any"  # noqa: S105 - the server takes every one that is not empty
_MECHANISMS = {"NONE": "PLAIN", "LDAP": "PLAIN", "CUSTOM": "PLAIN", "KERBEROS": "GSSAPI"}


class Channel:
    """One connection, on which calls follow each other. `client` makes the calls, `types` has their messages."""

    def __init__(self, cluster: Cluster, connect_seconds: float) -> None:
        """Raises `MissingExtra`, and the errors of Thrift and of sockets."""
        try:
            from TCLIService import TCLIService, ttypes
            from thrift.protocol.TBinaryProtocol import TBinaryProtocol
            from thrift.transport.TSocket import TSocket
        except ImportError:
            raise MissingExtra("SPARK", "spark") from None
        self._socket = TSocket(cluster.host, cluster.port)
        self._socket.setTimeout(connect_seconds * 1_000)
        self._transport = _transport(cluster, self._socket)
        try:
            self._transport.open()
        except BaseException:
            self._transport.close()
            raise
        protocol = TBinaryProtocol(self._transport)
        self.client: Any = TCLIService.Client(protocol)
        self.types: Any = ttypes

    def wait_for(self, seconds: float) -> None:
        """How long an answer may take from now on."""
        self._socket.setTimeout(seconds * 1_000)

    def close(self) -> None:
        """Ends the connection, from any thread: a call that waits for an answer fails. No-op the second time."""
        handle = self._socket.handle
        try:
            if handle is not None:
                handle.shutdown(SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()


def _transport(cluster: Cluster, socket: Any) -> Any:
    from thrift.transport.TTransport import TBufferedTransport

    if cluster.auth == "NOSASL":
        return TBufferedTransport(socket)
    from thrift_sasl import TSaslClientTransport

    mechanism = _MECHANISMS[cluster.auth]
    return TSaslClientTransport(lambda: _sasl(cluster, mechanism), mechanism, socket)


def _sasl(cluster: Cluster, mechanism: str) -> Any:
    from pyhive.hive import get_installed_sasl

    password = cluster.password or (_PASSWORD_OF_NONE if cluster.auth == "NONE" else None)
    return get_installed_sasl(
        host=cluster.host,
        sasl_auth=mechanism,
        service=cluster.service if mechanism == "GSSAPI" else None,
        username=cluster.user or _USER,
        password=password,
    )

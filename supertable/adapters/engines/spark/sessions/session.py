"""A session of a cluster: it runs statements one after the other, each of which can be cancelled."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from supertable.adapters.engines.spark.clusters import Cluster
from supertable.adapters.engines.spark.errors import ConnectionLost, SignInRefused, SparkError
from supertable.adapters.engines.spark.sessions.settings import SETTINGS, wrong_settings
from supertable.adapters.engines.spark.sessions.transport import Channel
from supertable.application.ports.engines.running_queries import Stopped
from supertable.domain.errors import QueryCancelled, QueryTimeout

_POLL = {"hive.server2.long.polling.timeout": "100ms"}
"""How long the server may wait before it answers that a statement still runs."""
_REFUSED = ("Bad status", "SASL")
"""In what the protocol's library says about a sign-in that failed."""
_ANSWER_SECONDS, _CLOSE_SECONDS = 30.0, 10.0
_CANCEL_SECONDS, _ALIVE_SECONDS = 0.8, 2.0
_LATE_SECONDS = 1.0
"""How long after its time limit a statement has to end by itself."""
_FINISHED, _CANCELED, _CLOSED, _FAILED, _TIMED_OUT = 2, 3, 4, 5, 8
_ENDED = frozenset({_FINISHED, _CANCELED, _CLOSED, _FAILED, _TIMED_OUT})


class Session:
    """Used by one thread, except for `cancel` and `abort`.

    A statement that is stopped, as `stopped` or `ends_at` say, runs until `close`, which its caller need not wait for.
    """

    def __init__(self, cluster: Cluster, connect_seconds: float) -> None:
        """Opens the session. Raises `ConnectionLost`, `SparkError`, and `MissingExtra`."""
        self.cluster = cluster
        self._connect_seconds = connect_seconds
        self._operation: Any = None
        self._lost = self._cancelled = False
        self._message = ""
        with self._calls():
            self._channel = Channel(cluster, connect_seconds)
        self._types = self._channel.types
        try:
            with self._calls(_ANSWER_SECONDS):
                request = self._types.TOpenSessionReq(
                    client_protocol=self._types.TProtocolVersion.HIVE_CLI_SERVICE_PROTOCOL_V8, configuration=_POLL
                )
                self._handle = self._checked(self._channel.client.OpenSession(request)).sessionHandle
            self._set_up()
        except BaseException:
            self._channel.close()
            raise

    def execute(self, sql: str, ends_at: float | None = None, stopped: Stopped = lambda: False) -> None:
        """Runs a statement to its end, or until its first rows can be fetched. `ends_at`: by the monotonic clock.

        Raises `SparkError`, `ConnectionLost`, `QueryCancelled`, `QueryTimeout`.
        """
        left = None if ends_at is None else ends_at - time.monotonic()
        with self._calls(_ANSWER_SECONDS, ends_at):
            self._end_operation()
            request = self._types.TExecuteStatementReq(
                self._handle, sql, runAsync=True, queryTimeout=0 if left is None else max(1, math.ceil(left) + 1)
            )
            self._operation = self._checked(self._channel.client.ExecuteStatement(request)).operationHandle
        while (state := self._state(ends_at)) not in _ENDED:
            _stop_if(stopped, ends_at)
        if state == _FINISHED:
            return
        if state == _FAILED:
            raise SparkError(self._message)
        _stop_if(stopped, ends_at)
        raise QueryTimeout(left or 0) if state == _TIMED_OUT else QueryCancelled

    def rows(self, most: int, ends_at: float | None = None, stopped: Stopped = lambda: False) -> Any:
        """The next rows of the statement, at most so many, in columns as Thrift has them."""
        _stop_if(stopped, ends_at)
        with self._calls(_ANSWER_SECONDS if ends_at is None else math.inf, ends_at):
            request = self._types.TFetchResultsReq(self._operation, self._types.TFetchOrientation.FETCH_NEXT, most)
            return self._checked(self._channel.client.FetchResults(request)).results.columns

    def cancel(self) -> None:
        """Cancels the statement that runs, by a connection of its own, from any thread. Raises `ConnectionLost`."""
        operation = self._operation
        if operation is None:
            return
        self._cancelled = True
        with _as_lost():
            channel = Channel(self.cluster, min(self._connect_seconds, _CANCEL_SECONDS))
            try:
                channel.client.CancelOperation(self._types.TCancelOperationReq(operation))
            finally:
                channel.close()

    def answers(self) -> bool:
        """Whether the server still has the session."""
        try:
            with self._calls(min(self._connect_seconds, _ALIVE_SECONDS)):
                kind = self._types.TGetInfoType.CLI_SERVER_NAME
                self._checked(self._channel.client.GetInfo(self._types.TGetInfoReq(self._handle, kind)))
        except (ConnectionLost, SparkError):
            return False
        return True

    def abort(self) -> None:
        """Ends the connection at once, from any thread. The server then ends the session, once its call has ended."""
        self._channel.close()

    def close(self) -> None:
        """Ends the statement that runs, and the session with all views in it. No-op the second time.

        A connection that failed may be in the middle of an answer, so that only another one can still end what runs.
        """
        with suppress(ConnectionLost):
            if self._lost and not self._cancelled:
                self.cancel()
            if not self._lost:
                with self._calls(_CLOSE_SECONDS):
                    self._end_operation()
                    self._channel.client.CloseSession(self._types.TCloseSessionReq(self._handle))
        self._operation, self._lost = None, True
        self._channel.close()

    def _set_up(self) -> None:
        for name in wrong_settings(self._settings()):
            self.execute(f"SET {name}={SETTINGS[name]}")
        if wrong := wrong_settings(self._settings()):
            raise SparkError(f"The session does not keep the settings {', '.join(wrong)}.")

    def _settings(self) -> dict[str, str]:
        self.execute("SET")
        names, values, *_ = self.rows(10_000)
        return dict(zip(names.stringVal.values, values.stringVal.values, strict=True))

    def _state(self, ends_at: float | None) -> int:
        with self._calls(_ANSWER_SECONDS, ends_at):
            request = self._types.TGetOperationStatusReq(self._operation)
            answer = self._checked(self._channel.client.GetOperationStatus(request))
        self._message = answer.errorMessage or ""
        return int(answer.operationState)

    def _end_operation(self) -> None:
        operation, self._operation = self._operation, None
        if operation is not None:
            self._channel.client.CloseOperation(self._types.TCloseOperationReq(operation))

    def _checked(self, answer: Any) -> Any:
        if answer.status.statusCode not in (0, 1):
            raise SparkError("\n".join([answer.status.errorMessage or "", *(answer.status.infoMessages or [])]))
        return answer

    @contextmanager
    def _calls(self, seconds: float | None = None, ends_at: float | None = None) -> Iterator[None]:
        """Calls to the server, each of which has `seconds` for its answer, and none is waited for long after `ends_at`.

        What breaks the connection raises `ConnectionLost`.
        """
        if seconds is not None:
            left = math.inf if ends_at is None else max(ends_at - time.monotonic(), 0) + _LATE_SECONDS
            self._channel.wait_for(min(seconds, left))
        try:
            with _as_lost():
                yield
        except ConnectionLost:
            self._lost = True
            raise


@contextmanager
def _as_lost() -> Iterator[None]:
    try:
        from thrift.Thrift import TException
    except ImportError:
        TException = OSError  # noqa: N806 - a class
    try:
        yield
    except (TException, OSError, EOFError, ValueError, AttributeError) as error:
        kind = SignInRefused if any(sign in str(error) for sign in _REFUSED) else ConnectionLost
        raise kind(str(error)) from error


def _stop_if(stopped: Stopped, ends_at: float | None) -> None:
    if stopped():
        raise QueryCancelled
    if ends_at is not None and time.monotonic() > ends_at:
        raise QueryTimeout(0)

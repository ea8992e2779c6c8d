"""Stores when each token was last used, to the hour, in the background."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from supertable.application.access_control.accounts_log import AccountsLog
from supertable.application.ports.clocks import Clock
from supertable.domain.access.accounts import Access, AccessAction, AccessChange, Token
from supertable.domain.errors import SupertableError

_LOG = logging.getLogger(__name__)
_HOUR_US = 3_600_000_000


class TokenLastUse:
    """Best effort: a failed write is tried again at the next use after an hour. Thread-safe."""

    def __init__(self, access_log: AccountsLog, clock: Clock) -> None:
        self._access_log = access_log
        self._clock = clock
        self._lock = threading.Lock()
        self._tried_us: dict[str, int] = {}
        self._writer: ThreadPoolExecutor | None = None

    def note(self, organization: str, token: Token) -> None:
        """Note that the token was used now. Returns at once, and never fails."""
        now = self._clock.now_us()
        with self._lock:
            if not _is_due(token.used_at_us, now) or not _is_due(self._tried_us.get(token.id), now):
                return
            self._tried_us[token.id] = now
            if self._writer is None:
                self._writer = ThreadPoolExecutor(1, "token-use")
            self._writer.submit(self._write, organization, token, now)

    def close(self) -> None:
        """Wait until pending writes are done."""
        with self._lock:
            writer, self._writer = self._writer, None
        if writer:
            writer.shutdown()

    def _write(self, organization: str, token: Token, now: int) -> None:
        def propose(access: Access) -> list[AccessChange]:
            newest = access.tokens.get(token.id)
            if newest is None or not _is_due(newest.used_at_us, now):
                return []
            return [AccessChange(AccessAction.USE_TOKEN, name=token.id, at_us=now)]

        try:
            self._access_log.change(organization, token.user, propose)
        except SupertableError as error:
            _LOG.warning("the last use of token %s was not stored: %s", token.id, error)


def _is_due(last_us: int | None, now_us: int) -> bool:
    return last_us is None or now_us - last_us >= _HOUR_US

"""Sign-ins of requests that arrive together: those that wait share one read of the stored users and tokens.

Each sign-in still sees every change that was acknowledged before its request arrived, since the read begins later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field

from supertable.application.authentication.sign_in import SignIn
from supertable.domain.access.sessions import Session
from supertable.entrypoints.web.control_threads import in_control_thread

_SLOW_SECONDS = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    sign_in: SignIn
    organization: str
    credential: str = field(repr=False)
    role: str | None
    answer: asyncio.Future[Session]
    context: Context = field(default_factory=copy_context)


class SignIns:
    """Sign-ins take turns, each of all that wait. While a turn is slow, others begin beside it.

    For use in one event loop.
    """

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._turns = 0
        self._turn_began = 0.0

    async def __call__(self, sign_in: SignIn, organization: str, credential: str, role: str | None) -> Session:
        """The session of the caller, in a control thread. Raises what `sign_in` raises."""
        if not sign_in.is_issued_here(credential):  # the keys of another system may have to be fetched
            return await in_control_thread(sign_in, organization, credential, role)
        answer: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(sign_in, organization, credential, role, answer))
        if not self._turns or time.monotonic() - self._turn_began > _SLOW_SECONDS:
            self._begin_turn()
        return await answer

    def _begin_turn(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._turns += 1
        self._turn_began = time.monotonic()
        turn = asyncio.ensure_future(in_control_thread(_signed_in, waiting))
        turn.add_done_callback(lambda done: self._end_turn(waiting, done))

    def _end_turn(self, waiting: Sequence[_Waiting], turn: asyncio.Future[list[Session | Exception]]) -> None:
        self._turns -= 1
        for each, outcome in zip(waiting, turn.result(), strict=True):
            if each.answer.done():  # its client has disconnected
                continue
            if isinstance(outcome, Exception):
                each.answer.set_exception(outcome)
            else:
                each.answer.set_result(outcome)
        if self._waiting:
            self._begin_turn()


def _signed_in(waiting: Sequence[_Waiting]) -> list[Session | Exception]:
    sign_in = waiting[0].sign_in.reading_once()
    return [each.context.run(_outcome, sign_in, each) for each in waiting]


def _outcome(sign_in: SignIn, waiting: _Waiting) -> Session | Exception:
    try:
        return sign_in(waiting.organization, waiting.credential, waiting.role)
    except Exception as error:  # noqa: BLE001 - it is raised where the session is awaited
        return error

"""Reading and changing an organization's roles, users and tokens, by whoever may."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from supertable.application.access_log import AccessLog
from supertable.application.ports.clocks import Clock
from supertable.domain.access import Access, AccessChange, Acting, acting
from supertable.domain.errors import Outdated
from supertable.domain.roles import Permission
from supertable.domain.sessions import Session


class AccessChanges:
    """Whether the caller may is told by the very state that is read or changed.

    `need`: what the caller's role must allow; None: the caller decides by the `Acting` that it gets. Raises
    `NotSignedIn` and `AccessDenied`.
    """

    def __init__(self, log: AccessLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock

    def read(self, session: Session, need: Permission | None = Permission.RBAC) -> tuple[Access, Acting]:
        access = self._log.newest(session.organization)
        return access, self._acting(access, session, need)

    def change(
        self,
        session: Session,
        propose: Callable[[Access, Acting], Sequence[AccessChange]],
        need: Permission | None = Permission.RBAC,
    ) -> Access:
        """The state after what `propose` makes of the newest one, as one version; see `AccessLog.change`."""
        return self._log.change(
            session.organization,
            session.user,
            lambda access: propose(access, self._acting(access, session, need)),
        )

    def _acting(self, access: Access, session: Session, need: Permission | None) -> Acting:
        now = acting(access, session, self._clock.now_us())
        if need is not None:
            now.require(need)
        return now


def require_version(what: str, version: int, expected: int | None) -> None:
    """Raises `Outdated` where it is not the version that the caller read (None: that does not matter)."""
    if expected is not None and version != expected:
        raise Outdated(what)

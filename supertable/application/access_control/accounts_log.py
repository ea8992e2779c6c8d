"""The log of an organization's roles, users and tokens, with optimistic changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.transaction_log.commit_clock import CommitClock
from supertable.application.transaction_log.heads import Heads
from supertable.application.transaction_log.retries import MOST_ATTEMPTS, attempts
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.access.accounts import NO_ACCOUNTS, Access, AccessAction, AccessChange, AccessCommit
from supertable.domain.errors import Conflict
from supertable.domain.storage_layout import access_log


class AccountsLog:
    """Does not check permissions; callers must."""

    def __init__(
        self,
        heads: Heads,
        accesses: VersionedLog[AccessCommit, Access],
        clock: Clock,
        commit_clock: CommitClock,
        identifiers: Identifiers,
    ) -> None:
        self._heads = heads
        self._accesses = accesses
        self._clock = clock
        self._commit_clock = commit_clock
        self._identifiers = identifiers

    def newest(self, organization: str) -> Access:
        """The newest state, with every change that was acknowledged before the call."""
        log = access_log(organization)
        head = self._heads.cut({log: self._accesses.known(log)}).get(log)
        return self._accesses.state_at(log, head) if head else NO_ACCOUNTS

    def change(self, organization: str, by: str, propose: Callable[[Access], Sequence[AccessChange]]) -> Access:
        """Commit the changes that `propose` returns for the newest state as one version, and return the state after it.

        `by`: the hash of the acting user. `propose` is called again after a concurrent change; if it returns no
        changes, nothing is committed. An organization's first change also creates its secret. Raises `Conflict` when
        concurrent changes win every time, and whatever `propose` raises.
        """
        log = access_log(organization)
        for _ in attempts(self._clock, self._identifiers):
            access = self.newest(organization)
            changes = tuple(propose(access))
            if not changes:
                return access
            after = self._accesses.append(log, access if access.version else None, self._commit(access, by, changes))
            if after is not None:
                return after
            self._heads.catch_up(log, access.version)
        theirs = self.newest(organization)
        what = f"The roles and users of {organization} changed {MOST_ATTEMPTS} times while this change tried to commit."
        raise Conflict(what, "(no id yet)", f"{theirs.commit_id} (version {theirs.version})")

    def _commit(self, access: Access, by: str, changes: tuple[AccessChange, ...]) -> AccessCommit:
        if not access.secret:
            changes = (AccessChange(AccessAction.FOUND, secret=self._identifiers.secret()), *changes)
        now = self._commit_clock.after(access.committed_at_us)
        return AccessCommit(self._identifiers.new(), access.version + 1, now, by, changes)

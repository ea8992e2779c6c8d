"""The names of all keys in Redis; docs/redis-keys.md describes their content.

`supertable:{organization}:{supertable}:meta:{{deployment}}:…`: the deployment's id is in braces, which is the hash tag
of a cluster, so that one script may use several keys. `-`, which is not a valid name, stands for all.
"""

from __future__ import annotations

from urllib.parse import quote

from supertable.domain.storage_layout import parts_of

_ALL = "-"


class Keys:
    def __init__(self, deployment: str) -> None:
        self._tag = f"meta:{{{deployment}}}"

    @property
    def readers(self) -> str:
        """Hash: the report of each process on what it reads."""
        return f"supertable:{_ALL}:{_ALL}:{self._tag}:readers"

    def asked(self, process: str) -> str:
        """List: wakes the process, so that it reports what it reads."""
        return f"{self.readers}:asked:{process}"

    def heads(self, log: str) -> str:
        """Hash: the heads of all logs of a supertable, and what their validity depends on."""
        return self._key_of(log, "heads")

    def records(self, log: str) -> str:
        """List: the newest records of one log."""
        return self._key_of(log, f"records:{_tail(log)}")

    def lock(self, name: str) -> str:
        """String: the token of the lock's holder."""
        return self._key_of(name, f"lock:{_tail(name)}")

    def queue(self, name: str) -> str:
        """Sorted set: the tokens that wait for the lock, in order."""
        return f"{self.lock(name)}:queue"

    def seen(self, name: str) -> str:
        """Hash: when each waiting token last asked for the lock."""
        return f"{self.lock(name)}:seen"

    def turn(self, name: str, token: str) -> str:
        """List: wakes the caller that waits with this token."""
        return f"{self.lock(name)}:turn:{token}"

    def heads_matching(self, prefix: str) -> str:
        """Pattern: the heads of every log whose name starts with `prefix`, and possibly of other logs."""
        return self.heads(prefix) if parts_of(prefix) else self._key("*", "*", "heads")

    def _key_of(self, log: str, kind: str) -> str:
        return self._key(*_owner(log), kind)

    def _key(self, organization: str, supertable: str, kind: str) -> str:
        return f"supertable:{organization}:{supertable}:{self._tag}:{kind}"


def _owner(log: str) -> tuple[str, str]:
    """Organization and supertable of a log, which is named by its folder; `-` and `-` for a log outside supertables."""
    parts = parts_of(log)
    return (quote(parts[0], safe=""), quote(parts[1], safe="")) if parts else (_ALL, _ALL)


def _tail(log: str) -> str:
    """The part of the log's name that follows the supertable's folder."""
    parts = parts_of(log)
    return parts[2] if parts else log

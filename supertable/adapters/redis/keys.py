"""The names of all keys in Redis; docs/redis-keys.md says what is in them.

`supertable:{organization}:{supertable}:meta:{{deployment}}:…`: the deployment's id stands in braces, which is the hash
tag of a cluster, so that one script may touch several keys. `-`, which no name can be, stands for all.
"""

from __future__ import annotations

from urllib.parse import quote

_ALL = "-"


class Keys:
    def __init__(self, deployment: str) -> None:
        self._tag = f"meta:{{{deployment}}}"

    @property
    def readers(self) -> str:
        """Hash: who reads what, by process."""
        return f"supertable:{_ALL}:{_ALL}:{self._tag}:readers"

    def asked(self, process: str) -> str:
        """List: wakes the process so that it says what it reads."""
        return f"{self.readers}:asked:{process}"

    def heads(self, log: str) -> str:
        """Hash: the heads of all logs of a supertable, and what makes them believable."""
        return self._of(log, "heads")

    def records(self, log: str) -> str:
        """List: the newest records of one log."""
        return self._of(log, f"records:{_tail(log)}")

    def lock(self, name: str) -> str:
        """String: who holds the lock."""
        return self._of(name, f"lock:{_tail(name)}")

    def queue(self, name: str) -> str:
        """Sorted set: who waits for the lock, in order."""
        return f"{self.lock(name)}:queue"

    def seen(self, name: str) -> str:
        """Hash: when each of those who wait was heard of last."""
        return f"{self.lock(name)}:seen"

    def turn(self, name: str, token: str) -> str:
        """List: wakes one who waits."""
        return f"{self.lock(name)}:turn:{token}"

    def heads_matching(self, prefix: str) -> str:
        """Pattern: the heads of every log whose name starts with `prefix`, and maybe of others."""
        return self.heads(prefix) if prefix.count("/") >= 2 else self._key("*", "*", "heads")

    def _of(self, log: str, what: str) -> str:
        return self._key(*_segments(log), what)

    def _key(self, organization: str, supertable: str, what: str) -> str:
        return f"supertable:{organization}:{supertable}:{self._tag}:{what}"


def _segments(log: str) -> tuple[str, str]:
    """Organization and supertable of a log, which is named by its folder; others are of no supertable."""
    parts = log.split("/", 2)
    return (quote(parts[0], safe=""), quote(parts[1], safe="")) if len(parts) == 3 else (_ALL, _ALL)


def _tail(log: str) -> str:
    """What follows the supertable's folder."""
    return log.split("/", 2)[-1] if log.count("/") >= 2 else log

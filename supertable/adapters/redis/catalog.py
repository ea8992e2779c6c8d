"""The catalog in Redis: heads, their newest records, and the expected commits."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping

from supertable.adapters.redis.client import Argument, RedisScript, RedisServer
from supertable.adapters.redis.keys import Keys
from supertable.application.ports.catalogs import EXPECTED_SECONDS, Cut, Head

_KEPT_RECORDS = 128
_SCANNED_AT_ONCE = 1000
_HEAD = "head:"


class RedisCatalog:
    """Shared by all writers of a deployment. Every method but `logs` and `clear` is one script.

    A head and what its validity depends on are in one hash, so that no eviction removes only a part. `keys` is called
    when a key is needed. `expected_seconds`: how long a commit is expected.
    """

    def __init__(
        self, server: RedisServer, keys: Callable[[], Keys], expected_seconds: float = EXPECTED_SECONDS
    ) -> None:
        self._server = server
        self._keys = keys
        self._expected_ms = round(expected_seconds * 1000)
        self._distrust_lone_masters = int(bool(server.address.sentinels))
        self._cut_script = RedisScript(server, "cut")
        self._expect_script = RedisScript(server, "expect")
        self._advance_script = RedisScript(server, "advance")
        self._forget_script = RedisScript(server, "forget")
        self._clear_script = RedisScript(server, "clear")

    def cut(self, known: Mapping[str, int]) -> Cut:
        keys = self._keys()
        names = [key for log in known for key in (keys.heads(log), keys.records(log))]
        arguments: list[Argument] = [self._expected_ms, _new_id(), self._distrust_lone_masters]
        for log, version in known.items():
            arguments += [log, version]
        heads: dict[str, Head] = {}
        epochs: dict[str, str] = {}
        pending = set()
        for log, (epoch, is_pending, version, *records) in zip(known, self._cut_script(names, arguments), strict=True):
            epochs[log] = epoch.decode()
            if is_pending:
                pending.add(log)
            if version:
                heads[log] = Head(version, tuple(records))
        return Cut(heads, epochs, frozenset(pending))

    def expect(self, log: str, version: int) -> None:
        lone_master = self._expect_script(
            [self._keys().heads(log)], [_new_id(), self._distrust_lone_masters, log, version]
        )
        self._server.require_master(lone_master.decode())

    def advance(self, log: str, version: int, record: bytes) -> bool:
        keys = self._keys()
        arguments: list[Argument] = [_new_id(), self._distrust_lone_masters, log, version, record, _KEPT_RECORDS]
        newer, lone_master = self._advance_script([keys.heads(log), keys.records(log)], arguments)
        self._server.require_master(lone_master.decode())
        return bool(newer)

    def forget_records(self, log: str, up_to: int) -> None:
        keys = self._keys()
        lone_master = self._forget_script(
            [keys.heads(log), keys.records(log)], [self._distrust_lone_masters, log, up_to]
        )
        self._server.require_master(lone_master.decode())

    def logs(self, prefix: str) -> list[str]:
        return sorted(log for key in self._head_keys(prefix) for log in self._logs_in(key, prefix))

    def clear(self, prefix: str) -> None:
        keys = self._keys()
        for key in self._head_keys(prefix):
            logs = self._logs_in(key, prefix, hashes_only=True)
            self._clear_script([key, *(keys.records(log) for log in logs)], [_new_id(), *logs])

    def close(self) -> None:
        self._server.close()

    def _head_keys(self, prefix: str) -> list[str]:
        """The keys of the heads of all logs with this prefix; a key may have the heads of other logs too."""
        pattern = self._keys().heads_matching(prefix)
        with self._server.client() as client:
            found = client.scan_iter(match=pattern, count=_SCANNED_AT_ONCE) if "*" in pattern else [pattern]
            return sorted({_text(key) for key in found})

    def _logs_in(self, key: str, prefix: str, hashes_only: bool = False) -> list[str]:
        with self._server.client() as client:
            if hashes_only and client.type(key) != b"hash":
                return []
            fields = [_text(field) for field in client.hkeys(key)]
        logs = (field.removeprefix(_HEAD) for field in fields if field.startswith(_HEAD))
        return [log for log in logs if log.startswith(prefix)]


def _new_id() -> str:
    return uuid.uuid4().hex


def _text(data: bytes | str) -> str:
    return data if isinstance(data, str) else data.decode()

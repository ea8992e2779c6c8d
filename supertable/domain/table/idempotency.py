"""Idempotency keys. A key belongs to one user, one operation on one table, and one request: a repetition is the same.

Keys that older versions stored belong to nobody known: they are never replayed, and never used again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from supertable.domain.errors import IdempotencyKeyReused
from supertable.domain.table.commits import CommitInfo, KeyUse, Operation
from supertable.domain.table.snapshots import Reply

_HEX_DIGITS = 32


def bound_key(info: CommitInfo, user: str, operation: Operation, *request: object) -> CommitInfo:
    """`info` with its key bound to the user, the operation, its properties and the `request`.

    No-op without a key, and for one that is bound already.

    `request`: JSON values that are equal only for the same request, like a digest of its body.
    """
    if info.idempotency_key is None or info.key_use:
        return info
    scope = _digest(user, operation.value, info.idempotency_key)
    return replace(info, key_use=KeyUse(scope, _digest(sorted(info.properties.items()), *request)))


def is_key_used(replies: Mapping[str, Reply], info: CommitInfo) -> bool:
    """Whether a commit has the key already, by whatever request."""
    return _reply(replies, info) is not None or _is_of_older_version(replies, info)


def reply_to(replies: Mapping[str, Reply], info: CommitInfo) -> Reply | None:
    """The reply to the same request, if it was committed. `replies`: those of a snapshot.

    Raises `IdempotencyKeyReused` if another request has the key.
    """
    reply = _reply(replies, info)
    if reply is not None and reply.request == (info.key_use.request if info.key_use else ""):
        return reply
    if reply is not None:
        raise IdempotencyKeyReused("this user used it for another request with the same operation", reply.version)
    if _is_of_older_version(replies, info):
        version = replies[info.idempotency_key or ""].version
        raise IdempotencyKeyReused("an older version of SuperTable stored it, without its user and request", version)
    return None


def _reply(replies: Mapping[str, Reply], info: CommitInfo) -> Reply | None:
    reply = replies.get(info.key_name or "")
    return reply if reply and bool(reply.request) == (info.key_use is not None) else None


def _is_of_older_version(replies: Mapping[str, Reply], info: CommitInfo) -> bool:
    reply = replies.get(info.idempotency_key or "")
    return info.key_use is not None and reply is not None and not reply.request


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_HEX_DIGITS]

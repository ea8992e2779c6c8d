"""A bounded cache of the recently used."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class RecentlyUsed(Generic[Value]):
    """Up to `most` entries of up to `most_bytes` together; the least recently used are forgotten first. Thread-safe."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Value | None:
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def keep(self, key: Hashable, value: Value, size: int) -> None:
        """Replaces what was kept under the key. `size`: bytes; no-op where it alone exceeds the bound."""
        with self._lock:
            self.bytes -= self._kept.pop(key, (None, 0))[1]
            if size <= self._most_bytes:
                self._kept[key] = value, size
                self.bytes += size
            while self.bytes > self._most_bytes or len(self._kept) > self._most:
                self.bytes -= self._kept.popitem(last=False)[1][1]

"""An object store that runs an action before a chosen call, to interleave two operations in one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from supertable.application.ports.object_stores import ObjectStore
from tests.support.faulty_store import FaultyStore


class InterleavedStore(FaultyStore):
    """Calls `act` once, before the first call for whose text, `action key`, `at` returns True. `acted`: if it has."""

    def __init__(self, inner: ObjectStore, at: Callable[[str], bool], act: Callable[[], object]) -> None:
        super().__init__(inner)
        self._when = at
        self._act = act
        self.acted = False

    @contextmanager
    def _step(self, action: str, key: str, put: bool = False) -> Iterator[None]:
        if not self.acted and self._when(f"{action} {key}"):
            self.acted = True
            self._act()
        with super()._step(action, key, put):
            yield

"""What generators of random SQL share."""

from __future__ import annotations

from random import Random


class RandomSql:
    """`kinds`: what the last statement contains."""

    def __init__(self, seed: int | str) -> None:
        self._random = Random(seed)
        self._names = 0
        self.kinds: set[str] = set()

    def _pick(self, *options: str) -> str:
        return self._random.choice(options)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _name(self) -> str:
        self._names += 1
        return f"q{self._names}"

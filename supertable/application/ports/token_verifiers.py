"""Tokens that another system signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says. `subject` names the user for good within `issuer`; `name` is for people.

    `organization`: the one that it is good for. `roles`: those that it claims, the first is the default.
    """

    issuer: str
    subject: str
    name: str
    organization: str
    expires_at_us: int
    roles: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


class TokenVerifier(Protocol):
    def claims(self, token: str) -> Claims | None:
        """None where the token is not one to be believed, for whatever reason.

        Raises `Unavailable` where that cannot be told, because the keys cannot be had.
        """

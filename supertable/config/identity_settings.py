"""Who may sign in, and by which tokens."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class IdentitySettings(BaseSettings):
    """Tokens that are stored need no setting."""

    supertable_token: SecretStr | None = Field(
        default=None,
        alias="SUPERTABLE_TOKEN",
        description="The token that the command line and Python sign in with; needed where Redis is configured.",
    )
    supertoken: SecretStr | None = Field(
        default=None,
        min_length=8,
        alias="SUPERTABLE_SUPERTOKEN",
        description="The superuser's token. If unset, a first one is made and shown when a service starts.",
    )
    admin_token: SecretStr | None = Field(
        default=None,
        min_length=8,
        alias="SUPERTABLE_ADMIN_TOKEN",
        description="An older name of SUPERTABLE_SUPERTOKEN, which wins.",
    )
    superhash: str | None = Field(
        default=None,
        alias="SUPERTABLE_SUPERHASH",
        pattern="^([0-9a-f]{32}|[0-9a-f]{64})$",
        description="The superuser's user hash, 32 or 64 hex digits; if unset, one made of the organization's name.",
    )
    login_mask: int = Field(
        default=3,
        ge=1,
        le=3,
        alias="SUPERTABLE_LOGIN_MASK",
        description="Who may sign in with a token: 1 the superuser only, 2 all others only, 3 both.",
    )

    @field_validator("superhash", mode="before")
    @classmethod
    def _lower_case(cls, digits: object) -> object:
        return digits.strip().lower() if isinstance(digits, str) else digits

    @property
    def super_token(self) -> str | None:
        token = self.supertoken or self.admin_token
        return token.get_secret_value() if token else None

"""Who may sign in, and by which tokens."""

from __future__ import annotations

from pathlib import Path

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

    jwt_issuer: str | None = Field(
        default=None,
        alias="SUPERTABLE_JWT_ISSUER",
        description="Who signs JWTs, as their claim iss says it. Needed to sign in by JWT, as is the audience.",
    )
    jwt_audience: str | None = Field(
        default=None,
        alias="SUPERTABLE_JWT_AUDIENCE",
        description="Whom JWTs must be meant for, as their claim aud says.",
    )
    jwt_jwks_url: str | None = Field(
        default=None,
        alias="SUPERTABLE_JWT_JWKS_URL",
        pattern=r"^(https://[^/\s]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(/\S*)?$",
        description="Address of the issuer's keys (JWKS), with https:// unless it is on this machine.",
    )
    jwt_jwks_file: Path | None = Field(
        default=None,
        alias="SUPERTABLE_JWT_JWKS_FILE",
        description="File of the issuer's keys instead: a JWKS document, or a public key as PEM.",
    )
    jwt_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        alias="SUPERTABLE_JWT_SECRET",
        description="Secret shared with the issuer instead, for HS256; at least 32 characters.",
    )
    jwt_user_claim: str = Field(
        default="sub", alias="SUPERTABLE_JWT_USER_CLAIM", description="The claim that has the user's name."
    )
    jwt_role_claim: str | None = Field(
        default=None,
        alias="SUPERTABLE_JWT_ROLE_CLAIM",
        description="The claim that has the role, or a list of roles; if unset, role or roles.",
    )
    jwt_attribute_claims: str = Field(
        default="",
        alias="SUPERTABLE_JWT_ATTRIBUTE_CLAIMS",
        description="Claims, with commas between, that are the user's attributes, or objects of such.",
    )
    jwt_organization_claim: str | None = Field(
        default=None,
        alias="SUPERTABLE_JWT_ORGANIZATION_CLAIM",
        description="The claim that has the organization; if unset, JWTs are good for SUPERTABLE_ORGANIZATION only.",
    )
    jwt_leeway_seconds: int = Field(
        default=10,
        ge=0,
        le=300,
        alias="SUPERTABLE_JWT_LEEWAY_SEC",
        description="Seconds by which the issuer's clock may differ from ours.",
    )
    jwt_superadmin: bool = Field(
        default=False,
        alias="SUPERTABLE_JWT_SUPERADMIN",
        description="Whether a JWT may give a role of the type superadmin.",
    )

    @field_validator("superhash", mode="before")
    @classmethod
    def _lower_case(cls, digits: object) -> object:
        return digits.strip().lower() if isinstance(digits, str) else digits

    @property
    def super_token(self) -> str | None:
        token = self.supertoken or self.admin_token
        return token.get_secret_value() if token else None

"""Settings of signing in: the superuser's token, and JWTs."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class IdentitySettings(BaseSettings):
    """Tokens that SuperTable issues need no setting."""

    supertable_token: SecretStr | None = Field(
        default=None,
        alias="SUPERTABLE_TOKEN",
        description="Token that the command line and the Python API sign in with; required where Redis is configured.",
    )
    supertoken: SecretStr | None = Field(
        default=None,
        min_length=8,
        alias="SUPERTABLE_SUPERTOKEN",
        description="The superuser's token. If unset, a first token is created and shown when a service starts.",
    )
    admin_token: SecretStr | None = Field(
        default=None,
        min_length=8,
        alias="SUPERTABLE_ADMIN_TOKEN",
        description="Older name of SUPERTABLE_SUPERTOKEN, which takes precedence.",
    )
    superhash: str | None = Field(
        default=None,
        alias="SUPERTABLE_SUPERHASH",
        pattern="^([0-9a-f]{32}|[0-9a-f]{64})$",
        examples=["0123456789abcdef0123456789abcdef"],
        description="The superuser's user hash, 32 or 64 hex digits; if unset, derived from the organization's name.",
    )
    login_mask: int = Field(
        default=3,
        ge=1,
        le=3,
        alias="SUPERTABLE_LOGIN_MASK",
        description="Who may sign in with a token: 1 only the superuser, 2 only other users, 3 both.",
    )

    jwt_issuer: str | None = Field(
        default=None,
        alias="SUPERTABLE_JWT_ISSUER",
        description="Issuer of JWTs, as in their claim iss. Signing in by JWT requires it and the audience.",
    )
    jwt_audience: str | None = Field(
        default=None,
        alias="SUPERTABLE_JWT_AUDIENCE",
        description="Audience that JWTs must be issued for, as in their claim aud.",
    )
    jwt_jwks_url: str | None = Field(
        default=None,
        alias="SUPERTABLE_JWT_JWKS_URL",
        pattern=r"^(https://[^/\s]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(/\S*)?$",
        examples=["https://login.example.com/keys"],
        description="URL of the issuer's keys (JWKS); https:// is required, except for this machine.",
    )
    jwt_jwks_file: Path | None = Field(
        default=None,
        alias="SUPERTABLE_JWT_JWKS_FILE",
        description="File of the issuer's keys, instead of the URL: a JWKS document, or a public key in PEM.",
    )
    jwt_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        alias="SUPERTABLE_JWT_SECRET",
        description="Secret shared with the issuer, for HS256, instead of its keys; at least 32 characters.",
    )
    jwt_user_claim: str = Field(
        default="sub", alias="SUPERTABLE_JWT_USER_CLAIM", description="Claim that contains the user's name."
    )
    jwt_role_claim: str | None = Field(
        default=None,
        alias="SUPERTABLE_JWT_ROLE_CLAIM",
        description="Claim that contains the role, or a list of roles; if unset, role or roles.",
    )
    jwt_default_roles: str = Field(
        default="",
        alias="SUPERTABLE_JWT_DEFAULT_ROLES",
        pattern="^ *([A-Za-z0-9_]+ *(, *[A-Za-z0-9_]+ *)*)?$",
        examples=["reader,writer"],
        description="Roles of users who are not stored and whose JWT names none, separated by commas; if unset, none.",
    )
    jwt_attribute_claims: str = Field(
        default="",
        alias="SUPERTABLE_JWT_ATTRIBUTE_CLAIMS",
        description="Claims that become the user's attributes, separated by commas; objects are flattened.",
    )
    jwt_organization_claim: str | None = Field(
        default=None,
        alias="SUPERTABLE_JWT_ORGANIZATION_CLAIM",
        description="Claim that contains the organization; if unset, JWTs are valid for SUPERTABLE_ORGANIZATION only.",
    )
    jwt_leeway_seconds: int = Field(
        default=10,
        ge=0,
        le=300,
        alias="SUPERTABLE_JWT_LEEWAY_SEC",
        description="Tolerated difference between the issuer's clock and this machine's, in seconds.",
    )
    jwt_superadmin: bool = Field(
        default=False,
        alias="SUPERTABLE_JWT_SUPERADMIN",
        description="Whether a JWT may grant a role of the type superadmin.",
    )

    @field_validator("superhash", mode="before")
    @classmethod
    def _lower_case(cls, digits: object) -> object:
        return digits.strip().lower() if isinstance(digits, str) else digits

    @property
    def super_token(self) -> str | None:
        token = self.supertoken or self.admin_token
        return token.get_secret_value() if token else None

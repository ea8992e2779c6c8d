"""Settings of the services that people use in a browser: their sign-in."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class PageSettings(BaseSettings):
    session_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        alias="SUPERTABLE_SESSION_SECRET",
        description="Secret that session cookies are encrypted with, at least 32 characters; if unset, a random one "
        "until the service stops.",
    )
    secure_cookies: bool = Field(
        default=False,
        alias="SECURE_COOKIES",
        description="Whether browsers send session cookies by HTTPS only; set it wherever pages are reached by HTTPS.",
    )

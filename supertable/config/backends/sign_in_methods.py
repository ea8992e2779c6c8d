"""How people and programs sign in: the rules for tokens, and the verifier of JWTs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supertable.application.authentication.sign_in import LoginMask, SignInRules
from supertable.application.ports.clocks import Clock
from supertable.application.ports.token_verifiers import TokenVerifier
from supertable.config.settings.service import listed
from supertable.config.settings.settings import Settings
from supertable.domain.errors import InvalidSetting, MissingExtra

if TYPE_CHECKING:
    from supertable.adapters.token_verifiers.jwt import JwtRules
    from supertable.adapters.token_verifiers.key_sources import Keys

_URL = "SUPERTABLE_JWT_JWKS_URL"
_FILE = "SUPERTABLE_JWT_JWKS_FILE"
_SECRET = "SUPERTABLE_JWT_SECRET"  # noqa: S105


def sign_in_rules(settings: Settings) -> SignInRules:
    return SignInRules(
        settings.super_token,
        settings.superhash,
        LoginMask(settings.login_mask),
        settings.jwt_superadmin,
        tuple(listed(settings.jwt_default_roles)),
    )


def token_verifier(settings: Settings, clock: Clock) -> TokenVerifier | None:
    """None: signing in by JWT is not configured. Raises `InvalidSetting`, and `MissingExtra` without PyJWT."""
    key_settings = {_URL: settings.jwt_jwks_url, _FILE: settings.jwt_jwks_file, _SECRET: settings.jwt_secret}
    given = [variable for variable, value in key_settings.items() if value is not None]
    required = {"SUPERTABLE_JWT_ISSUER": settings.jwt_issuer, "SUPERTABLE_JWT_AUDIENCE": settings.jwt_audience}
    if not given and not any(required.values()):
        return None
    if len(given) != 1:
        raise InvalidSetting(given[0] if given else _URL, f"to sign in by JWT, set one of {_URL}, {_FILE}, {_SECRET}")
    for variable, value in required.items():
        if not value:
            raise InvalidSetting(variable, f"it is needed together with {given[0]}")
    try:
        from supertable.adapters.token_verifiers.jwt import JwtVerifier
    except ModuleNotFoundError:
        raise MissingExtra("Signing in by JWT", "server") from None
    return JwtVerifier(_jwt_rules(settings), _keys(settings, clock))


def _jwt_rules(settings: Settings) -> JwtRules:
    from supertable.adapters.token_verifiers.jwt import JwtRules

    return JwtRules(
        issuer=settings.jwt_issuer or "",
        audience=settings.jwt_audience or "",
        organization=settings.organization,
        organization_claim=settings.jwt_organization_claim,
        user_claim=settings.jwt_user_claim,
        role_claims=(settings.jwt_role_claim,) if settings.jwt_role_claim else ("role", "roles"),
        attribute_claims=tuple(listed(settings.jwt_attribute_claims)),
        leeway_seconds=settings.jwt_leeway_seconds,
    )


def _keys(settings: Settings, clock: Clock) -> Keys:
    """A file is read at once, so that an unusable one is reported at the start; a URL is read at first use."""
    from supertable.adapters.token_verifiers import key_sources, keys

    if settings.jwt_secret is not None:
        return keys.keys_from_secret(settings.jwt_secret.get_secret_value())
    if settings.jwt_jwks_file is None:
        return key_sources.CachedKeys(key_sources.url_reader(settings.jwt_jwks_url or "", clock), clock)
    try:
        read = key_sources.file_reader(settings.jwt_jwks_file.expanduser())
        keys.keys_from_text(read())
    except OSError:
        raise InvalidSetting(_FILE, "the file cannot be read") from None
    except keys.UnusableKeys as error:
        raise InvalidSetting(_FILE, str(error)) from None
    return key_sources.CachedKeys(read, clock)

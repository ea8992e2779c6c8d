"""How people and programs sign in, by the settings."""

from __future__ import annotations

from supertable.application.sign_in import LoginMask, SignInRules
from supertable.config.settings import Settings


def rules(settings: Settings) -> SignInRules:
    return SignInRules(settings.super_token, settings.superhash, LoginMask(settings.login_mask))

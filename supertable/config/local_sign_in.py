"""Who acts where no request says it: in Python, on the command line, and over stdio."""

from __future__ import annotations

from supertable.config.container import Container
from supertable.config.settings.settings import Settings
from supertable.domain.access.sessions import Session, owner
from supertable.domain.errors import NotSignedIn, SupertableError


def local_session(container: Container, organization: str, token: str | None, role: str | None) -> Session:
    """The session of `token`, or else of the setting `SUPERTABLE_TOKEN`, under `role`. Without a token, the owner of an
    embedded lake.

    Raises `NotSignedIn` without a token where the catalog is in Redis, and what signing in raises.
    """
    settings: Settings = container.settings()
    if token is None and settings.supertable_token is not None:
        token = settings.supertable_token.get_secret_value()
    if token is not None:
        return _signed_in(container, organization, token, role)
    if settings.redis_configured:
        raise NotSignedIn(
            "This lake has its catalog in Redis, so a token is required. Nothing was opened. Give the token to "
            "supertable.connect(token=…), to --token, or in the setting SUPERTABLE_TOKEN."
        )
    return owner(organization, role, settings.superhash)


def _signed_in(container: Container, organization: str, token: str, role: str | None) -> Session:
    try:
        session: Session = container.sign_in()(organization, token, role)
    except SupertableError:
        container.catalog().close()  # the container has opened nothing else yet
        raise
    return session

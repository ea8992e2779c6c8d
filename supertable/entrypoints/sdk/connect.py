"""Opening a lake from Python."""

from __future__ import annotations

from pathlib import Path

from supertable.config.container import Container
from supertable.config.settings.settings import Settings, load_settings
from supertable.domain.access.sessions import Session, owner
from supertable.domain.errors import NotSignedIn, SupertableError
from supertable.domain.names import DEFAULT_SUPERTABLE, checked_name
from supertable.entrypoints.sdk.door import public_call
from supertable.entrypoints.sdk.lakes.lake import Lake


@public_call
def connect(
    home: str | Path | None = None,
    organization: str | None = None,
    supertable: str | None = None,
    *,
    token: str | None = None,
    role: str | None = None,
) -> Lake:
    """Open a lake: one supertable of one organization. The first write creates it.

        with supertable.connect() as lake:
            lake.sql("SELECT count(*) FROM orders").arrow()

    `home`: the working folder of an embedded lake; None: the setting `SUPERTABLE_HOME`, by default ~/supertable.
    `organization`: None: the setting `SUPERTABLE_ORGANIZATION`, by default `default`. `supertable`: None: `main`.
    `token`: the token to sign in with; None: the setting `SUPERTABLE_TOKEN`. Without a token, the caller is the owner
    of an embedded lake; a lake with its catalog in Redis requires one. `role`: the role to act under; None: the
    caller's default role.

    Raises `InvalidName`, `InvalidSetting`, `NotSignedIn` and `AccessDenied`.
    """
    settings = load_settings(home=home, organization=organization)
    checked_organization = checked_name("organization", settings.organization)
    container = Container(settings=settings)
    is_owner = token is None and role is None and settings.supertable_token is None
    session = _session(container, checked_organization, token, role)
    return Lake(container, supertable or DEFAULT_SUPERTABLE, session, is_owner)


def _session(container: Container, organization: str, token: str | None, role: str | None) -> Session:
    settings: Settings = container.settings()
    if token is None and settings.supertable_token is not None:
        token = settings.supertable_token.get_secret_value()
    if token is not None:
        return _sign_in(container, organization, token, role)
    if settings.redis_configured:
        raise NotSignedIn(
            "This lake has its catalog in Redis, so a token is required. Nothing was opened. Give the token to "
            "supertable.connect(token=…), to --token, or in the setting SUPERTABLE_TOKEN."
        )
    return owner(organization, role, settings.superhash)


def _sign_in(container: Container, organization: str, token: str, role: str | None) -> Session:
    try:
        session: Session = container.sign_in()(organization, token, role)
    except SupertableError:
        container.catalog().close()  # the container has opened nothing else yet
        raise
    return session

"""Opening a lake from Python."""

from __future__ import annotations

from pathlib import Path

from supertable.config.container import Container
from supertable.config.local_sign_in import local_session
from supertable.config.settings.settings import load_settings
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
    session = local_session(container, checked_organization, token, role)
    return Lake(container, supertable or DEFAULT_SUPERTABLE, session, is_owner)

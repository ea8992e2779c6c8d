"""Address and credentials of a bucket in Google Cloud Storage."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import SecretStr

from supertable.adapters.object_stores.cloud.gcs import GcsAddress
from supertable.config.settings.settings import Settings
from supertable.domain.errors import InvalidSetting

_FILE = "GOOGLE_APPLICATION_CREDENTIALS"
_INLINE = "GCP_SA_JSON"


def gcs_address(settings: Settings) -> GcsAddress:
    """Raises `InvalidSetting`."""
    return GcsAddress(
        settings.gcs_bucket or settings.storage_bucket,
        settings.storage_endpoint_url,
        settings.gcp_project,
        _credentials(settings.google_application_credentials, settings.gcp_sa_json),
    )


def _credentials(file: Path | None, inline: SecretStr | None) -> str | None:
    """The credentials' JSON. None: the SDK uses the machine's own credentials."""
    if inline is not None:
        if file is not None:
            raise InvalidSetting(_INLINE, f"{_FILE} is given too; only one of them can be used")
        return _checked(_INLINE, inline.get_secret_value())
    if file is None:
        return None
    try:
        return _checked(_FILE, file.expanduser().read_text())
    except (OSError, UnicodeDecodeError):
        raise InvalidSetting(_FILE, "the file cannot be read") from None


def _checked(setting: str, text: str) -> str:
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict) or "type" not in content:
        raise InvalidSetting(setting, "this is not the JSON of Google credentials")
    return text

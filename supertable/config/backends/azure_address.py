"""Address and credentials of a container in Azure Blob Storage."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from pydantic import SecretStr

from supertable.adapters.object_stores.cloud.azure import AzureAddress
from supertable.config.settings.settings import Settings
from supertable.domain.errors import InvalidSetting

_CONNECTION_STRING = "AZURE_STORAGE_CONNECTION_STRING"
_NOT_BASE64 = "the account's key is not base64; copy it again"


@dataclass(frozen=True, slots=True)
class _Account:
    endpoint: str
    name: str | None
    key: str | None = field(default=None, repr=False)
    sas_token: str | None = field(default=None, repr=False)


def azure_address(settings: Settings) -> AzureAddress:
    """Raises `InvalidSetting`."""
    text = settings.azure_storage_connection_string
    account = _from_settings(settings) if text is None else _from_connection_string(text.get_secret_value(), settings)
    container = settings.azure_container or settings.storage_bucket
    return AzureAddress(container, account.endpoint, account.name, account.key, account.sas_token)


def _from_settings(settings: Settings) -> _Account:
    name = settings.azure_storage_account
    if name is None:
        raise InvalidSetting("AZURE_STORAGE_ACCOUNT", f"STORAGE_TYPE AZURE needs it, or {_CONNECTION_STRING}")
    endpoint = settings.azure_blob_endpoint or settings.storage_endpoint_url
    account = _Account(
        endpoint or f"https://{name}.blob.core.windows.net",
        name,
        _checked_key("AZURE_STORAGE_KEY", _revealed(settings.azure_storage_key)),
        _revealed(settings.azure_sas_token),
    )
    if account.key and account.sas_token:
        raise InvalidSetting("AZURE_SAS_TOKEN", "AZURE_STORAGE_KEY is given too; only one of them can be used")
    if not (account.key or account.sas_token or account.endpoint.startswith("https:")):
        variable = "AZURE_BLOB_ENDPOINT" if settings.azure_blob_endpoint else "STORAGE_ENDPOINT_URL"
        raise InvalidSetting(variable, "managed and workload identities need https://")
    return account


def _from_connection_string(text: str, settings: Settings) -> _Account:
    """The connection string is complete, so settings that could contradict it are refused."""
    others = {
        "AZURE_STORAGE_KEY": settings.azure_storage_key,
        "AZURE_SAS_TOKEN": settings.azure_sas_token,
        "AZURE_BLOB_ENDPOINT": settings.azure_blob_endpoint,
        "STORAGE_ENDPOINT_URL": settings.storage_endpoint_url,
    }
    for variable, value in others.items():
        if value is not None:
            raise InvalidSetting(variable, f"{_CONNECTION_STRING} is given too, and contains this; remove one of them")
    account = _parsed(text)
    if settings.azure_storage_account not in (None, account.name):
        raise InvalidSetting("AZURE_STORAGE_ACCOUNT", f"{_CONNECTION_STRING} names another account")
    return account


def _parsed(text: str) -> _Account:
    parts = {name.lower(): value for name, _, value in (part.partition("=") for part in text.strip().split(";"))}
    name = parts.get("accountname")
    key = _checked_key(_CONNECTION_STRING, parts.get("accountkey"))
    sas_token = parts.get("sharedaccesssignature")
    endpoint = parts.get("blobendpoint", "").rstrip("/") or _default_endpoint(parts)
    if endpoint is None or not (key or sas_token) or (key and not name):
        raise InvalidSetting(
            _CONNECTION_STRING, "it is not like AccountName=…;AccountKey=… or BlobEndpoint=…;SharedAccessSignature=…"
        )
    return _Account(endpoint, name, key, None if key else sas_token)


def _default_endpoint(parts: dict[str, str]) -> str | None:
    if "accountname" not in parts:
        return None
    protocol = parts.get("defaultendpointsprotocol", "https")
    return f"{protocol}://{parts['accountname']}.blob.{parts.get('endpointsuffix', 'core.windows.net')}"


def _checked_key(setting: str, key: str | None) -> str | None:
    try:
        base64.b64decode(key or "", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidSetting(setting, _NOT_BASE64) from None
    return key or None


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()

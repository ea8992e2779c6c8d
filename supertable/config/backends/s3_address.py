"""Address and credentials of a bucket in S3 or MinIO."""

from __future__ import annotations

import re

from pydantic import SecretStr

from supertable.adapters.object_stores.cloud.s3 import S3Address, S3Keys
from supertable.config.settings.settings import Settings
from supertable.config.settings.storage import StorageType
from supertable.domain.errors import InvalidSetting


def s3_address(settings: Settings) -> S3Address:
    """Raises `InvalidSetting`."""
    is_minio = settings.storage_type is StorageType.MINIO
    if is_minio and not settings.storage_endpoint_url:
        raise InvalidSetting("STORAGE_ENDPOINT_URL", "STORAGE_TYPE MINIO needs its address, like http://127.0.0.1:9000")
    return S3Address(
        bucket=settings.storage_bucket,
        endpoint=_endpoint(settings),
        region=settings.storage_region or settings.aws_default_region,
        keys=_keys(settings),
        path_style=settings.storage_force_path_style,
        use_ssl=settings.storage_use_ssl is not False,
        creates_bucket=is_minio,
    )


def _endpoint(settings: Settings) -> str | None:
    url = settings.storage_endpoint_url
    if url is None or settings.storage_use_ssl is None:
        return url
    return re.sub("^https?:", "https:" if settings.storage_use_ssl else "http:", url)


def _keys(settings: Settings) -> S3Keys | None:
    """None: boto3 finds the credentials in its usual places."""
    token = settings.storage_session_token
    own = _pair("STORAGE_ACCESS_KEY", settings.storage_access_key, "STORAGE_SECRET_KEY", settings.storage_secret_key)
    if own is not None:
        return S3Keys(*own, _revealed(token))
    names = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
    aws = _pair(names[0], settings.aws_access_key_id, names[1], settings.aws_secret_access_key)
    return None if aws is None else S3Keys(*aws, _revealed(token or settings.aws_session_token))


def _pair(
    access_name: str, access: SecretStr | None, secret_name: str, secret: SecretStr | None
) -> tuple[str, str] | None:
    if (access is None) != (secret is None):
        missing, given = (access_name, secret_name) if access is None else (secret_name, access_name)
        raise InvalidSetting(missing, f"it is needed together with {given}")
    if access is None or secret is None:
        return None
    return access.get_secret_value(), secret.get_secret_value()


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()

"""Where the tables lie: a local folder, or a bucket of one of the object stores."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class StorageType(StrEnum):
    LOCAL = "LOCAL"
    MINIO = "MINIO"
    S3 = "S3"
    AZURE = "AZURE"
    GCP = "GCP"


class StorageSettings(BaseSettings):
    """`STORAGE_*` hold for every store; a provider's own variables stand in where those are not given."""

    storage_type: StorageType = Field(
        default=StorageType.LOCAL, alias="STORAGE_TYPE", description="LOCAL, MINIO, S3, AZURE or GCP."
    )
    storage_endpoint_url: str | None = Field(
        default=None,
        alias="STORAGE_ENDPOINT_URL",
        pattern="^https?://[^/]+",
        description="The store's address, with http:// or https://; needed for MinIO and for endpoints of one's own.",
    )
    storage_access_key: SecretStr | None = Field(
        default=None, alias="STORAGE_ACCESS_KEY", description="Access key of S3 or MinIO; for GCP, DuckDB's HMAC key."
    )
    storage_secret_key: SecretStr | None = Field(
        default=None, alias="STORAGE_SECRET_KEY", description="Secret key that goes with it."
    )
    storage_session_token: SecretStr | None = Field(
        default=None, alias="STORAGE_SESSION_TOKEN", description="Session token that goes with temporary keys."
    )
    storage_bucket: str = Field(
        default="supertable",
        alias="STORAGE_BUCKET",
        description="The bucket, and the container or bucket of Azure and GCP where those have no name of their own.",
    )
    storage_region: str | None = Field(default=None, alias="STORAGE_REGION", description="The bucket's region.")
    storage_force_path_style: bool = Field(
        default=True,
        alias="STORAGE_FORCE_PATH_STYLE",
        description="Whether the bucket stands in the path of addresses, as MinIO wants, and not in the host name.",
    )
    storage_use_ssl: bool | None = Field(
        default=None,
        alias="STORAGE_USE_SSL",
        description="Whether to speak TLS to the store; if unset, as STORAGE_ENDPOINT_URL says, else yes.",
    )
    aws_access_key_id: SecretStr | None = Field(
        default=None, alias="AWS_ACCESS_KEY_ID", description="Access key of S3 where STORAGE_ACCESS_KEY is not given."
    )
    aws_secret_access_key: SecretStr | None = Field(
        default=None,
        alias="AWS_SECRET_ACCESS_KEY",
        description="Secret key of S3 where STORAGE_SECRET_KEY is not given.",
    )
    aws_session_token: SecretStr | None = Field(
        default=None,
        alias="AWS_SESSION_TOKEN",
        description="Session token of S3 where STORAGE_SESSION_TOKEN is not given.",
    )
    aws_default_region: str | None = Field(
        default=None, alias="AWS_DEFAULT_REGION", description="Region of S3 where STORAGE_REGION is not given."
    )
    azure_storage_connection_string: SecretStr | None = Field(
        default=None, alias="AZURE_STORAGE_CONNECTION_STRING", description="How to reach Azure's account, with its key."
    )
    azure_storage_account: str | None = Field(
        default=None, alias="AZURE_STORAGE_ACCOUNT", description="Azure's account, without a connection string."
    )
    azure_storage_key: SecretStr | None = Field(
        default=None,
        alias="AZURE_STORAGE_KEY",
        description="The account's key; with neither key nor SAS token, the managed or workload identity is used.",
    )
    azure_sas_token: SecretStr | None = Field(
        default=None, alias="AZURE_SAS_TOKEN", description="A shared access signature instead of the account's key."
    )
    azure_container: str | None = Field(
        default=None, alias="AZURE_CONTAINER", description="Azure's container; if unset, STORAGE_BUCKET."
    )
    azure_blob_endpoint: str | None = Field(
        default=None,
        alias="AZURE_BLOB_ENDPOINT",
        pattern="^https?://[^/]+",
        description="Address of the blob service; if unset, STORAGE_ENDPOINT_URL, else the account's usual one.",
    )
    google_application_credentials: Path | None = Field(
        default=None,
        alias="GOOGLE_APPLICATION_CREDENTIALS",
        description="File with Google's credentials; with neither file nor GCP_SA_JSON, the machine's own.",
    )
    gcp_sa_json: SecretStr | None = Field(
        default=None, alias="GCP_SA_JSON", description="A service account's key as JSON, instead of a file."
    )
    gcp_project: str | None = Field(default=None, alias="GCP_PROJECT", description="Google's project.")
    gcs_bucket: str | None = Field(
        default=None, alias="GCS_BUCKET", description="Google's bucket; if unset, STORAGE_BUCKET."
    )

    @field_validator("storage_type", mode="before")
    @classmethod
    def _any_case(cls, kind: object) -> object:
        return kind.strip().upper() if isinstance(kind, str) else kind

    @field_validator("storage_endpoint_url", "azure_blob_endpoint")
    @classmethod
    def _no_slash_at_the_end(cls, url: str | None) -> str | None:
        return url.rstrip("/") if url else url

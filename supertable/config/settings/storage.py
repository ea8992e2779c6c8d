"""Settings of the storage: a local folder, or a bucket of an object store."""

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
    """`STORAGE_*` apply to every store; a provider's own variables are used where those are unset."""

    storage_type: StorageType = Field(
        default=StorageType.LOCAL, alias="STORAGE_TYPE", description="Kind of storage: LOCAL, MINIO, S3, AZURE or GCP."
    )
    storage_endpoint_url: str | None = Field(
        default=None,
        alias="STORAGE_ENDPOINT_URL",
        pattern="^https?://[^/]+",
        examples=["https://storage.example.com"],
        description="The store's address, with http:// or https://; required for MinIO and for custom endpoints.",
    )
    storage_access_key: SecretStr | None = Field(
        default=None,
        alias="STORAGE_ACCESS_KEY",
        description="Access key of S3 or MinIO.",
    )
    storage_secret_key: SecretStr | None = Field(
        default=None, alias="STORAGE_SECRET_KEY", description="Secret key that belongs to STORAGE_ACCESS_KEY."
    )
    storage_session_token: SecretStr | None = Field(
        default=None, alias="STORAGE_SESSION_TOKEN", description="Session token that belongs to temporary keys."
    )
    storage_bucket: str = Field(
        default="supertable",
        alias="STORAGE_BUCKET",
        description="The bucket; for Azure and GCP, the default of AZURE_CONTAINER and GCS_BUCKET.",
    )
    storage_region: str | None = Field(default=None, alias="STORAGE_REGION", description="The bucket's region.")
    storage_force_path_style: bool = Field(
        default=True,
        alias="STORAGE_FORCE_PATH_STYLE",
        description="Whether URLs have the bucket in their path, as MinIO requires, instead of in the host name.",
    )
    storage_use_ssl: bool | None = Field(
        default=None,
        alias="STORAGE_USE_SSL",
        description="Whether to use TLS; if unset, as in STORAGE_ENDPOINT_URL, otherwise yes.",
    )
    aws_access_key_id: SecretStr | None = Field(
        default=None, alias="AWS_ACCESS_KEY_ID", description="Access key of S3, used if STORAGE_ACCESS_KEY is unset."
    )
    aws_secret_access_key: SecretStr | None = Field(
        default=None,
        alias="AWS_SECRET_ACCESS_KEY",
        description="Secret key of S3, used if STORAGE_SECRET_KEY is unset.",
    )
    aws_session_token: SecretStr | None = Field(
        default=None,
        alias="AWS_SESSION_TOKEN",
        description="Session token of S3, used if STORAGE_SESSION_TOKEN is unset.",
    )
    aws_default_region: str | None = Field(
        default=None, alias="AWS_DEFAULT_REGION", description="Region of S3, used if STORAGE_REGION is unset."
    )
    azure_storage_connection_string: SecretStr | None = Field(
        default=None,
        alias="AZURE_STORAGE_CONNECTION_STRING",
        description="Connection string of the Azure storage account, with its key or a SAS token.",
    )
    azure_storage_account: str | None = Field(
        default=None,
        alias="AZURE_STORAGE_ACCOUNT",
        description="Name of the Azure storage account, if there is no connection string.",
    )
    azure_storage_key: SecretStr | None = Field(
        default=None,
        alias="AZURE_STORAGE_KEY",
        description="The account's key; with neither key nor SAS token, the managed or workload identity is used.",
    )
    azure_sas_token: SecretStr | None = Field(
        default=None,
        alias="AZURE_SAS_TOKEN",
        description="Shared access signature (SAS token), instead of the account's key.",
    )
    azure_container: str | None = Field(
        default=None, alias="AZURE_CONTAINER", description="Azure's container; if unset, STORAGE_BUCKET."
    )
    azure_blob_endpoint: str | None = Field(
        default=None,
        alias="AZURE_BLOB_ENDPOINT",
        pattern="^https?://[^/]+",
        examples=["https://storage.example.com"],
        description="Address of the blob service; if unset, STORAGE_ENDPOINT_URL or the account's default.",
    )
    google_application_credentials: Path | None = Field(
        default=None,
        alias="GOOGLE_APPLICATION_CREDENTIALS",
        description="File with Google credentials; with neither file nor GCP_SA_JSON, the machine's own are used.",
    )
    gcp_sa_json: SecretStr | None = Field(
        default=None, alias="GCP_SA_JSON", description="A service account's key as JSON, instead of a file."
    )
    gcp_project: str | None = Field(default=None, alias="GCP_PROJECT", description="Google Cloud project.")
    gcs_bucket: str | None = Field(
        default=None, alias="GCS_BUCKET", description="Bucket in Google Cloud Storage; if unset, STORAGE_BUCKET."
    )

    @field_validator("storage_type", mode="before")
    @classmethod
    def _any_case(cls, kind: object) -> object:
        return kind.strip().upper() if isinstance(kind, str) else kind

    @field_validator("storage_endpoint_url", "azure_blob_endpoint")
    @classmethod
    def _without_trailing_slash(cls, url: str | None) -> str | None:
        return url.rstrip("/") if url else url

"""Azurite: a server with the protocol of Azure Blob Storage."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from supertable.adapters.object_stores.cloud.azure import AzureAddress
from tests.servers.process import ServerProcess

_COMMAND = Path(__file__).parent / "node_modules/.bin/azurite-blob"
_LISTENS = re.compile(r"successfully listens on (https?://127\.0\.0\.1:\d+)")

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Azurite's, published


class Azurite:
    """Starts when constructed, empty, in memory; checks signatures and their expiry. `stop` ends it.

    With a `certificate` and its key it uses TLS, and accepts identity tokens without checking their signatures.
    """

    def __init__(self, folder: Path, certificate: tuple[Path, Path] | None = None) -> None:
        options = ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence"]
        if certificate:
            options += ["--oauth", "basic", "--cert", str(certificate[0]), "--key", str(certificate[1])]
        self.process = ServerProcess([str(_COMMAND), "--blobHost", "127.0.0.1", "--blobPort", "0", *options], folder)
        self.process.wait_until(lambda: self._listening() is not None)
        self.endpoint = f"{self._listening()}/{ACCOUNT}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a lake on this server, without the container."""
        return {
            "STORAGE_TYPE": "AZURE",
            "AZURE_STORAGE_ACCOUNT": ACCOUNT,
            "AZURE_STORAGE_KEY": KEY,
            "AZURE_BLOB_ENDPOINT": self.endpoint,
        }

    @property
    def address(self) -> AzureAddress:
        """The address of the container that tests share, each under a prefix of its own."""
        return AzureAddress("supertable", self.endpoint, ACCOUNT, KEY)

    @property
    def connection_string(self) -> str:
        return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={self.endpoint};"

    def sas_token(self, read_only: bool) -> str:
        """A token for the shared container, valid for an hour."""
        from azure.storage.blob import ContainerSasPermissions, generate_container_sas

        allowed = ContainerSasPermissions.from_string("rl" if read_only else "rcwdl")
        until = datetime.now(UTC) + timedelta(hours=1)
        return generate_container_sas(ACCOUNT, "supertable", KEY, permission=allowed, expiry=until)

    def create_container(self, name: str) -> None:
        from azure.storage.blob import BlobServiceClient

        with BlobServiceClient.from_connection_string(self.connection_string) as client:
            client.create_container(name)

    def stop(self) -> None:
        self.process.stop()

    def _listening(self) -> str | None:
        found = _LISTENS.search(self.process.output.read_text())
        return found.group(1) if found else None

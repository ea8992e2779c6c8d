"""SeaweedFS: a server with the protocol of S3. It checks signatures and supports `If-None-Match: *`."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from supertable.adapters.object_stores.cloud.s3 import S3Address, S3Keys
from tests.servers.process import ServerProcess

ACCESS_KEY = "supertable-tests"
SECRET_KEY = "not-a-secret-but-long-enough"
_GRPC_OFFSET = 10_000  # each server also listens on its port plus this


class SeaweedFS:
    """Starts when constructed, empty. `stop` ends it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        users = {"identities": [{"name": "tests", "credentials": [_CREDENTIALS], "actions": ["Admin"]}]}
        (folder / "s3.json").write_text(json.dumps(users))
        master, volume, filer, s3 = _free_ports(4)
        self.endpoint = f"http://127.0.0.1:{s3}"
        ports = [f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", f"-s3.port={s3}"]
        volumes = ["-master.volumeSizeLimitMB=64", "-volume.max=500", "-master.volumePreallocate=false"]
        address = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", f"-s3.config={folder}/s3.json"]
        weed = str(Path(sys.executable).parent / "weed")
        services = ["-filer", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.autoCreateBucket=false"]
        self.process = ServerProcess([weed, "server", *services, *address, *ports, *volumes], folder)
        self.process.wait_until(self._is_ready, 60)

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a lake on this server, without the bucket."""
        return {
            "STORAGE_TYPE": "MINIO",
            "STORAGE_ENDPOINT_URL": self.endpoint,
            "STORAGE_ACCESS_KEY": ACCESS_KEY,
            "STORAGE_SECRET_KEY": SECRET_KEY,
        }

    @property
    def address(self) -> S3Address:
        """The address of the bucket that tests share, each under a prefix of its own."""
        return S3Address("supertable", self.endpoint, keys=S3Keys(ACCESS_KEY, SECRET_KEY), creates_bucket=True)

    def stop(self) -> None:
        """Kills the server: an orderly end is slow, and its data is not needed."""
        self.process.kill()

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.endpoint}/healthz", timeout=1):
                return True
        except HTTPError as error:
            return error.code < 500
        except (URLError, OSError):
            return False


_CREDENTIALS = {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}


def _free_ports(count: int) -> list[int]:
    """Free ports whose port `_GRPC_OFFSET` higher is free too."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as low, socket.socket() as high:
            low.bind(("127.0.0.1", 0))
            port = int(low.getsockname()[1])
            if port + _GRPC_OFFSET < 65_536 and port not in found and _is_free(high, port + _GRPC_OFFSET):
                found.append(port)
    return found


def _is_free(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True

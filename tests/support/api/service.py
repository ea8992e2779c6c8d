"""`supertable serve api`, or another service, in its own process, over its own lake, which tests may damage."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.servers.process import ServerProcess, free_port
from tests.support.api.http import is_healthy, open_client

TOKEN = "st_owner-of-the-service"


class ApiService:
    """Serves the lake at `home` until `stop`. `settings`: further settings, by environment variable.

    Queries run in the workers unless the settings say how many executors there are: most tests need no more processes.
    """

    def __init__(self, home: Path | str, folder: Path, service: str = "api", **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [str(Path(sys.executable).parent / "supertable"), "--home", str(home)]
        defaults = {"SUPERTABLE_SUPERTOKEN": TOKEN, "SUPERTABLE_RATE_LIMIT": "0", "SUPERTABLE_EXECUTORS": "0"}
        self.process = ServerProcess(
            [*command, "serve", service, "--port", str(self.port)], folder, {**os.environ, **defaults, **settings}
        )
        self.process.wait_until(lambda: is_healthy(self.url))

    def client(self, token: str = TOKEN, **options: Any) -> httpx.Client:
        """A client with the token."""
        headers = {"Authorization": f"Bearer {token}"}
        return open_client(self.url, headers=headers, timeout=60, **options)

    def log(self) -> str:
        return self.process.output.read_text(errors="replace")

    def stop(self) -> None:
        self.process.stop(30)

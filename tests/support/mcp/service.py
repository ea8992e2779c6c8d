"""`supertable serve mcp` over HTTP in a process of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.servers.process import ServerProcess, free_port
from tests.support.api.http import is_healthy

TOKEN = "st_owner-of-the-service"
COMMAND = str(Path(sys.executable).parent / "supertable")


class McpService:
    """Serves the lake at `home` until `stop`. `settings`: further settings, by environment variable.

    Queries run in the service's own process unless the settings say how many executors there are.
    """

    def __init__(self, home: Path, folder: Path, **settings: str) -> None:
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.url = f"{self.base}/mcp"
        defaults = {"SUPERTABLE_SUPERTOKEN": TOKEN, "SUPERTABLE_RATE_LIMIT": "0", "SUPERTABLE_EXECUTORS": "0"}
        command = [COMMAND, "--home", str(home), "serve", "mcp", "--transport", "streamable-http", "--port", str(port)]
        self.process = ServerProcess(command, folder, {**os.environ, **defaults, **settings})
        self.process.wait_until(lambda: is_healthy(self.base))

    def log(self) -> str:
        return self.process.output.read_text(errors="replace")

    def stop(self) -> None:
        self.process.stop(30)

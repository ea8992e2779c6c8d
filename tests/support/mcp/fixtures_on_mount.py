"""The SDK's own example server on our mount: `python -m tests.support.mcp.fixtures_on_mount SERVER.py HOME PORT`.

The scenarios of the conformance suite want tools, resources and prompts of certain names, which that example has. `make
setup` takes it out of the SDK's source distribution.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import uvicorn

from supertable.config.container import Container
from supertable.config.settings.settings import load_settings
from supertable.entrypoints.mcp.http.app import mounted
from supertable.entrypoints.mcp.http.origins import allowed_hosts
from supertable.entrypoints.mcp.identity.callers import Callers


def serve(example: Path, home: Path, port: int) -> None:
    spec = importlib.util.spec_from_file_location("everything_server", example)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    settings = load_settings(home=home, require_token=False)
    settings = settings.model_copy(update={"allowed_hosts": allowed_hosts(settings)})
    container = Container(settings=settings)
    app = mounted(module.mcp._lowlevel_server, container, Callers(container), [])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))

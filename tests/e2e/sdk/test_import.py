"""`import supertable` is quick and has no side effects."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROBE = """
import json, logging, os, signal, sys, warnings
def state():
    loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    return [os.getcwd(), sorted(os.listdir()), dict(os.environ), len(warnings.filters), repr(sys.excepthook),
            [repr(signal.getsignal(s)) for s in (signal.SIGINT, signal.SIGTERM)],
            [[l.name, l.level, len(l.handlers)] for l in loggers if l.level or l.handlers]]
before, modules = state(), set(sys.modules)
import supertable
supertable.SupertableError, supertable.TableNotFound
print(json.dumps([before == state(), sorted({name.split(".")[0] for name in set(sys.modules) - modules})]))
"""


def test_importing_loads_no_heavy_module_and_has_no_side_effects(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=tmp_path, capture_output=True, text=True, check=True)
    unchanged, modules = json.loads(done.stdout)
    assert unchanged
    heavy = {"pyarrow", "duckdb", "numpy", "pandas", "polars", "pydantic", "sqlite3", "msgspec", "typer", "rich"}
    assert "supertable" in modules
    assert not heavy & set(modules)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    import supertable

    assert "connect" in dir(supertable)
    assert not hasattr(supertable, "nope")

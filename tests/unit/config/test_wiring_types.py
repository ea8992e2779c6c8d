"""Wrong arguments in the wiring are type errors, and the container has every part of the wiring."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from threading import Barrier

import pytest
from dependency_injector.providers import Provider

from supertable.config import wiring
from supertable.config.container import Container
from supertable.config.typed_providers import singleton

ROOT = Path(__file__).parents[3]
SNIPPET = """
from supertable.config.typed_providers import factory, provided, provider_of, singleton
from collections.abc import Callable

class Store: ...
class Heads: ...

class WriteRows:
    def __init__(self, store: Store, heads: Heads, most: int, later: Callable[[], Heads]) -> None: ...

store, heads = singleton(Store), singleton(Heads)
singleton(WriteRows, store=provided(store), heads=provided(heads), most=5, later=provider_of(heads))
factory(WriteRows, store=provided(store), heads=provided(heads), most=5, later=provider_of(heads))
singleton(WriteRows, store=provided(heads), heads=provided(heads), most=5, later=provider_of(heads))  # wrong
singleton(WriteRows, store=store, heads=provided(heads), most=5, later=provider_of(heads))  # wrong
singleton(WriteRows, store=provided(store), heads=provided(heads), most="5", later=provider_of(heads))  # wrong
singleton(WriteRows, store=provided(store), heads=provided(heads), most=5, later=provider_of(store))  # wrong
singleton(WriteRows, store=provided(store), heads=provided(heads), most=5)  # wrong
factory(WriteRows, store=provided(store), heads=provided(heads), most="5", later=provider_of(heads))  # wrong
singleton(Store, heads=provided(heads))  # wrong
"""


def test_mypy_reports_every_wrong_argument_and_no_right_one(tmp_path: Path) -> None:
    snippet = tmp_path / "snippet.py"
    snippet.write_text(SNIPPET)
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(snippet)]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    reported = {int(line) for line in re.findall(r"snippet\.py:(\d+): error", output)}
    wrong = {number for number, line in enumerate(SNIPPET.splitlines(), 1) if line.endswith("# wrong")}
    assert reported == wrong, output


def test_mypy_reports_a_part_that_the_container_does_not_have() -> None:
    """Without the error, mypy would report the comment as unused."""
    with pytest.raises(AttributeError):
        Container.no_such_part()  # type: ignore[attr-defined]


def test_the_container_has_every_part_of_the_wiring_under_its_own_name() -> None:
    modules = [import_module(module.name) for module in walk_packages(wiring.__path__, f"{wiring.__name__}.")]
    parts = {name: part for module in modules for name, part in vars(module).items() if isinstance(part, Provider)}
    assert Container.providers == parts


def test_threads_that_first_use_a_part_at_once_get_the_same_one() -> None:
    together = Barrier(8)

    def slowly() -> object:
        time.sleep(0.01)
        return object()

    part = singleton(slowly)

    def use(_: int) -> object:
        together.wait()
        return part()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(use, range(8)))) == 1

"""The import contracts of `.importlinter`: none is removed or weakened by accident."""

from __future__ import annotations

import ast
import configparser
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LAYERS = ["entrypoints", "config", "adapters", "application", "domain"]
CAPABILITIES = [
    "audit | maintenance | statements",
    "updates",
    "integrity | queries | ddl",
    "writes | authentication",
    "access_control | commits",
    "jobs",
    "key_index",
    "tables",
    "transaction_log | audit_recorder",
    "storage",
    "ports",
]
SERVICES = ["cli", "api | mcp | mcp_tester | odata | sdk", "web", "encoding"]
DRIVERS = {"boto3", "duckdb", "litestar", "msgspec", "pydantic", "redis", "rich", "sqlite3", "typer"}


@pytest.fixture(scope="module")
def contracts() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read_string((ROOT / ".importlinter").read_text())
    return parser


def listed(contracts: configparser.ConfigParser, section: str, option: str) -> list[str]:
    return contracts.get(f"importlinter:contract:{section}", option).split()


def ranks(contracts: configparser.ConfigParser, section: str) -> list[str]:
    """The layers of a contract, highest first; those of the same rank on one line."""
    lines = contracts.get(f"importlinter:contract:{section}", "layers").strip().splitlines()
    return [line.strip() for line in lines]


def test_no_contract_is_missing(contracts: configparser.ConfigParser) -> None:
    types = {
        section.removeprefix("importlinter:contract:"): contracts.get(section, "type")
        for section in contracts.sections()
        if section != "importlinter"
    }
    assert types == {
        "layers": "layers",
        "entrypoints": "forbidden",
        "adapters": "independence",
        "domain": "forbidden",
        "application": "forbidden",
        "acyclic": "acyclic_siblings",
        "capabilities": "layers",
        "services": "layers",
        "sdk": "forbidden",
    }


def test_the_contracts_cover_the_whole_package(contracts: configparser.ConfigParser) -> None:
    assert contracts.get("importlinter", "root_package") == "supertable"
    assert contracts.getboolean("importlinter", "include_external_packages")
    assert not contracts.getboolean("importlinter", "exclude_type_checking_imports", fallback=False)
    assert listed(contracts, "acyclic", "ancestors") == ["supertable"]
    assert listed(contracts, "adapters", "modules") == ["supertable.adapters.*"]


def test_the_layers_are_in_order_and_exhaustive(contracts: configparser.ConfigParser) -> None:
    assert listed(contracts, "layers", "containers") == ["supertable"]
    assert listed(contracts, "layers", "layers") == LAYERS
    assert contracts.getboolean("importlinter:contract:layers", "exhaustive")
    assert not contracts.has_option("importlinter:contract:layers", "exhaustive_ignores")


def test_the_capabilities_are_in_order_and_exhaustive(contracts: configparser.ConfigParser) -> None:
    assert listed(contracts, "capabilities", "containers") == ["supertable.application"]
    assert ranks(contracts, "capabilities") == CAPABILITIES
    assert contracts.getboolean("importlinter:contract:capabilities", "exhaustive")


def test_the_entrypoints_are_in_order_and_exhaustive(contracts: configparser.ConfigParser) -> None:
    assert listed(contracts, "services", "containers") == ["supertable.entrypoints"]
    assert ranks(contracts, "services") == SERVICES
    assert contracts.getboolean("importlinter:contract:services", "exhaustive")


def test_the_python_api_does_not_import_what_http_services_share(contracts: configparser.ConfigParser) -> None:
    assert listed(contracts, "sdk", "source_modules") == ["supertable.entrypoints.sdk"]
    assert listed(contracts, "sdk", "forbidden_modules") == ["supertable.entrypoints.web"]


def test_entrypoints_never_import_adapters(contracts: configparser.ConfigParser) -> None:
    assert listed(contracts, "entrypoints", "source_modules") == ["supertable.entrypoints"]
    assert listed(contracts, "entrypoints", "forbidden_modules") == ["supertable.adapters"]


@pytest.mark.parametrize("layer", ["domain", "application"])
def test_the_inner_layers_import_no_driver(contracts: configparser.ConfigParser, layer: str) -> None:
    assert listed(contracts, layer, "source_modules") == [f"supertable.{layer}"]
    assert set(listed(contracts, layer, "forbidden_modules")) >= DRIVERS


def test_no_contract_has_exceptions(contracts: configparser.ConfigParser) -> None:
    for section in contracts.sections():
        exceptions = [name for name in contracts.options(section) if "ignore" in name or "skip" in name]
        assert exceptions == [], section


def test_the_domain_imports_the_standard_library_only() -> None:
    allowed = sys.stdlib_module_names | {"supertable"}
    foreign = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "supertable" / "domain").rglob("*.py")
        for name in imported(path)
        if name.partition(".")[0] not in allowed
        or (name.startswith("supertable") and not name.startswith("supertable.domain"))
    }
    assert foreign == set()


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module or ""

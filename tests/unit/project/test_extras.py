"""The version and the extras of `pyproject.toml` agree with the code."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import supertable

ROOT = Path(__file__).parents[3]


def test_the_package_has_the_version_of_the_project() -> None:
    assert supertable.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_extras_named_in_errors_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    sources = "".join(path.read_text() for path in (ROOT / "supertable").rglob("*.py"))
    named = set(re.findall(r'MissingExtra\([^,)]+, "(\w+)"\)', sources))
    assert named
    assert named <= set(project["optional-dependencies"])


def test_the_extra_all_contains_every_other() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    assert set(everything.split("[")[1].rstrip("]").split(",")) == set(extras) - {"all"}


WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None
from supertable.config.settings.settings import load_settings
from supertable.config.backends.object_storage import object_store
from supertable.domain.errors import MissingExtra
try:
    object_store(load_settings(storage_type=sys.argv[2], azure_storage_account="a"))
except MissingExtra as error:
    print(error.extra)
"""


@pytest.mark.parametrize(
    ("sdk", "kind", "extra"),
    [
        ("boto3", "S3", "s3"),
        ("boto3", "MINIO", "s3"),
        ("azure.storage.blob", "AZURE", "azure"),
        ("google.cloud", "GCP", "gcs"),
    ],
)
def test_a_store_without_its_sdk_names_the_missing_extra(sdk: str, kind: str, extra: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, sdk, kind], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [extra]


WITHOUT_JWT = """
import sys
sys.modules["jwt"] = None
from supertable.config.container import Container
from supertable.config.settings.settings import load_settings
from supertable.domain.errors import MissingExtra
Container(settings=load_settings()).sign_in()
keys = {"jwt_issuer": "i", "jwt_audience": "a", "jwt_secret": "s" * 32}
try:
    Container(settings=load_settings(**keys)).sign_in()
except MissingExtra as error:
    print(error.extra)
"""


def test_pyjwt_is_required_only_where_jwts_are_configured(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_JWT], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["server"]

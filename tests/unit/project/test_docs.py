"""The documents match the code: settings, their defaults and descriptions, and make targets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from supertable.config.settings.settings import Settings

ROOT = Path(__file__).parents[3]
README_PAGE = ROOT / "README.md"
CONTRIBUTING_PAGE = ROOT / "CONTRIBUTING.md"
DOCS = sorted((ROOT / "docs").rglob("*.md"))
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()


def test_the_page_lists_exactly_the_settings() -> None:
    documented = set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", SETTINGS, flags=re.MULTILINE))
    assert documented == {setting.name for setting in Settings().describe()}


def test_the_defaults_on_the_page_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"HOME": "/home/someone", "PREFIX": "/usr", "ORGANIZATION": "x"})
    rows = dict(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \| `?(.*?)`? \|", SETTINGS, flags=re.MULTILINE))
    for setting in Settings().describe():
        assert setting.value == rows[setting.name].replace("~", str(Path.home())), setting.name


def test_the_page_and_the_example_describe_each_setting_as_the_command_does() -> None:
    for setting in Settings().describe():
        assert re.search(rf"^\| `{setting.name}` \|.*\| {re.escape(setting.description)} \|$", SETTINGS, re.MULTILINE)
        assert re.search(rf"^# {re.escape(setting.description)}\n#?{setting.name}=", EXAMPLE, re.MULTILINE)


def test_no_document_installs_the_unrelated_package_of_this_name() -> None:
    for path in [README_PAGE, ROOT / "CHANGELOG.md", CONTRIBUTING_PAGE, *DOCS]:
        assert not re.search(r"pip install (-\S+ )*['\"]?supertable(?!-lake)", path.read_text()), path


@pytest.mark.parametrize("page", [README_PAGE, CONTRIBUTING_PAGE, *DOCS], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_command_is_in_the_makefile(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    commands = set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), flags=re.MULTILINE))
    assert commands <= targets

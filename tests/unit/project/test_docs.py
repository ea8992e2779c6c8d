"""What the documents say is true: every setting, in both directions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from supertable.config.settings.settings import Settings

ROOT = Path(__file__).parents[3]
README_PAGE = ROOT / "README.md"
CONTRIBUTING_PAGE = ROOT / "CONTRIBUTING.md"
DOCS = sorted((ROOT / "docs").rglob("*.md"))
README = README_PAGE.read_text()


def test_the_readme_names_exactly_the_settings_that_are_read() -> None:
    documented = set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", README, flags=re.MULTILINE))
    assert documented == {setting.name for setting in Settings().describe()}


def test_a_default_is_what_the_readme_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"HOME": "/home/someone", "PREFIX": "/usr", "ORGANIZATION": "x"})
    rows = dict(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \| `?(.*?)`? \|", README, flags=re.MULTILINE))
    for setting in Settings().describe():
        assert setting.value == rows[setting.name].replace("~", str(Path.home())), setting.name


def test_nobody_is_told_to_install_the_other_project() -> None:
    for path in [README_PAGE, ROOT / "CHANGELOG.md", CONTRIBUTING_PAGE, *DOCS]:
        assert not re.search(r"pip install (-\S+ )*['\"]?supertable(?!-lake)", path.read_text()), path


@pytest.mark.parametrize("page", [README_PAGE, CONTRIBUTING_PAGE, *DOCS], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_command_is_in_the_makefile(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    commands = set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), flags=re.MULTILINE))
    assert commands <= targets

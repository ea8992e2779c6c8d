"""What the documents say is true: every setting, in both directions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from supertable.config.settings.settings import Settings

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()


def test_the_readme_names_exactly_the_settings_that_are_read() -> None:
    documented = set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", README, flags=re.MULTILINE))
    assert documented == {setting.name for setting in Settings().describe()}


def test_a_default_is_what_the_readme_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"HOME": "/home/someone", "PREFIX": "/usr", "ORGANIZATION": "x"})
    rows = dict(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \| `?(.*?)`? \|", README, flags=re.MULTILINE))
    for setting in Settings().describe():
        assert setting.value == rows[setting.name].replace("~", str(Path.home())), setting.name


def test_nobody_is_told_to_install_the_other_project() -> None:
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        assert not re.search(r"pip install (-\S+ )*['\"]?supertable(?!-lake)", path.read_text()), path


def test_every_command_of_the_readme_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for name in set(re.findall(r"`make ([a-z]+)`|^make ([a-z]+)", README, flags=re.MULTILINE)):
        target = name[0] or name[1]
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target

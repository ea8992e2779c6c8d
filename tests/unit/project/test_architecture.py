"""The map of the code matches the code: every path it names exists, and every folder and decision is on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ARCHITECTURE = ROOT / "docs" / "architecture.md"
DECISIONS = ROOT / "docs" / "adr"
LAYERS = ("domain", "application", "adapters", "config", "entrypoints")
PAGES = [ARCHITECTURE, ROOT / "CONTRIBUTING.md", *sorted(DECISIONS.glob("*.md"))]
ALL_PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *PAGES, *sorted((ROOT / "docs").glob("*.md"))]

_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(r"(supertable|tests|benchmarks|docs|infrastructure|\.ci)/[\w./*-]*|[\w./-]+\.(py|md|toml|yaml|lock)")


def named_paths(page: Path) -> list[str]:
    return [name for name in _CODE.findall(page.read_text()) if _PATH.fullmatch(name)]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    assert [name for name in named_paths(page) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_page_and_a_heading(page: Path) -> None:
    for link in _LINK.findall(page.read_text()):
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not heading or heading in anchors(target), link


def test_the_pages_name_paths_at_all() -> None:
    assert len(named_paths(ARCHITECTURE)) > 60
    assert len(named_paths(ROOT / "CONTRIBUTING.md")) > 30


def test_every_folder_of_the_code_is_on_the_map() -> None:
    folders = [f for layer in LAYERS for f in (ROOT / "supertable" / layer).iterdir() if (f / "__init__.py").is_file()]
    assert len(folders) > 30
    on_map = set(named_paths(ARCHITECTURE))
    assert [name for f in folders if (name := f"{f.relative_to(ROOT)}/") not in on_map] == []


def test_every_question_has_one_answer() -> None:
    section = ARCHITECTURE.read_text().partition("## Where do I find")[2].partition("\n## ")[0]
    answers = re.findall(r"^\| Where .*\? \| (.*) \|$", section, flags=re.MULTILINE)
    assert len(answers) >= 20
    assert all(re.fullmatch(r"`[\w./]+`", answer) for answer in answers)


def test_every_decision_is_in_the_index_and_says_what_it_decided() -> None:
    index = (DECISIONS / "README.md").read_text()
    for page in sorted(DECISIONS.glob("0*.md")):
        text = page.read_text()
        number = page.name[:4]
        assert f"| [{number}]({page.name}) |" in index
        assert text.startswith(f"# {number}: ")
        for part in ("Status: ", "## Context", "## Decision", "## Consequences"):
            assert part in text, (page.name, part)


def test_the_index_has_every_number_once() -> None:
    index = (DECISIONS / "README.md").read_text()
    numbers = [int(number) for number in re.findall(r"^\| \[?(\d{4})", index, flags=re.MULTILINE)]
    assert numbers == sorted(set(numbers))

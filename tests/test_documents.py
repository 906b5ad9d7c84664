"""The documents are true where a program can hold them to it: links, files and names of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def documents() -> list[Path]:
    patterns = ("*.md", "docs/**/*.md", "packaging/*.md", "models/**/*.md")
    found = [path for pattern in patterns for path in ROOT.glob(pattern)]
    assert len(found) >= 8
    return found


def broken_links(document: Path) -> list[str]:
    """Links of a Markdown file to files or headings that are not there."""
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        there = (document.parent / path).resolve() if path else document
        titles: list[str] = []
        if there.is_file() and there.suffix == ".md":
            titles = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles}
        if not there.exists() or (anchor and anchor not in slugs):
            broken.append(target)
    return broken


@pytest.mark.parametrize("document", documents(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_of_the_documents_lead_somewhere(document: Path) -> None:
    assert broken_links(document) == []


def test_a_broken_link_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A title\n[a](page.md#a-title) [b](#no-such-title) [c](missing.md) [d](https://example.org)"
    )
    assert broken_links(page) == ["#no-such-title", "missing.md"]


def test_files_named_in_the_documents_exist() -> None:
    place = re.compile(r"`((?:scripts|packaging|docs|bloodcells_gui|tests)/[\w./-]+\.\w+)`")
    # The change log names files as they were called at the time.
    texts = {d.name: d.read_text(encoding="utf-8") for d in documents() if d.name != "CHANGELOG.md"}
    named = {(name, path) for name, text in texts.items() for path in place.findall(text)}
    assert len(named) > 10
    assert [(name, path) for name, path in sorted(named) if not (ROOT / path).exists()] == []

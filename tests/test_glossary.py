"""The glossary names modules that exist, and each term once."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROW = re.compile(
    r"^\| (?P<term>[^|]+) \| (?P<meaning>[^|]+) \| (?P<code>[^|]*) \| (?P<french>[^|]*) \|$", re.MULTILINE
)


def rows() -> list[dict[str, str]]:
    """The rows of the glossary's tables with four columns, without their headings."""
    found = [m.groupdict() for m in ROW.finditer((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))]
    return [row for row in found if row["term"] != "term" and not row["term"].startswith("---")]


def missing(code: str) -> list[str]:
    """Paths in backticks of one cell that are no module, package or script."""
    paths = re.findall(r"`([^`]+)`", code)
    places = [
        ROOT / path if path.startswith("scripts/") else ROOT / "bloodcells_gui" / path for path in paths
    ]
    return [path for path, place in zip(paths, places, strict=True) if not place.exists()]


def test_the_glossary_names_code_that_exists() -> None:
    table = rows()
    assert len(table) > 100, "a table is no longer read"
    assert {row["term"]: missing(row["code"]) for row in table if missing(row["code"])} == {}
    assert missing("`domain/no_such_module.py`") == ["domain/no_such_module.py"]


def test_each_term_is_explained_once() -> None:
    terms = [term.strip() for row in rows() for term in row["term"].split(",")]
    assert sorted(term for term in set(terms) if terms.count(term) > 1) == []


def cells(name: str) -> list[list[str]]:
    """The cells of all rows with four columns in a page of `docs`, headings of tables included."""
    lines = (ROOT / "docs" / name).read_text(encoding="utf-8").splitlines()
    found = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")]
    return [row for row in found if len(row) == 4]


def test_the_french_glossary_explains_the_same_terms_in_the_same_order() -> None:
    """Term and code of each row, and the French name that the English page gives it."""
    english = [row for row in cells("glossary.md") if row[0] != "term"]
    french = [row for row in cells("fr/glossary.md") if row[0] != "terme"]
    assert [(row[3], row[2]) for row in french] == [(row[0], row[2]) for row in english]
    named = [(own[3], other[0]) for own, other in zip(english, french, strict=True)]
    assert [(name, term) for name, term in named if name.split(" (")[0] not in term] == []

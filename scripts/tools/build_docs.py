"""Lay out the documents for MkDocs as they lie in the repository; named under ``hooks`` in ``mkdocs.yml``.

The pages link to each other by their places in the repository, so MkDocs gets a copy of that tree under ``build/docs``,
not the folder ``docs`` alone.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

ROOT = next(folder for folder in Path(__file__).resolve().parents if (folder / "mkdocs.yml").is_file())
PAGES = ("*.md", "docs/**/*", "packaging/*.md", "models/**/*.md", "LICENSE", "NOTICE")


def on_config(config: Any) -> Any:
    """Copy the pages into ``build/docs`` and point MkDocs there, before it looks for pages."""
    staged = ROOT / "build" / "docs"
    shutil.rmtree(staged, ignore_errors=True)
    for page in sorted({page for pattern in PAGES for page in ROOT.glob(pattern) if page.is_file()}):
        target = staged / page.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(page, target)
    config["docs_dir"] = str(staged)
    return config


def on_post_build(config: Any) -> None:
    """Point back at ``docs``: `mkdocs serve` watches the folder for changes that a person makes."""
    config["docs_dir"] = str(ROOT / "docs")

"""The documents as a web site in ``build/site``: every Markdown file at its place, links checked strictly.

    bash scripts/bootstrap.sh setup docs && .venv/bin/python scripts/tools/build_docs.py

The pages are those that anyone can read in the repository; MkDocs adds navigation and search. Nothing in the
pages is loaded from elsewhere.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE, SITE = ROOT / "build" / "docs", ROOT / "build" / "site"
CONFIG = """
site_name: bloodcells_gui
docs_dir: docs
site_dir: site
strict: true
use_directory_urls: false
theme:
  name: mkdocs
  highlightjs: false
plugins: [search]
nav:
  - Overview: README.md
  - Technician: docs/technician.md
  - Laboratory manager: docs/laboratory.md
  - Engineer:
    - Changing the program: docs/engineer.md
    - Architecture: ARCHITECTURE.md
    - Contributing: CONTRIBUTING.md
    - Packaging: packaging/README.md
    - Benchmarks: docs/benchmarks.md
    - The study again: docs/study.md
  - Models:
    - Cards, training, figures: docs/models.md
    - Detector and segmenter: docs/models-detector-segmenter.md
  - Installing: docs/offline.md
  - Security: SECURITY.md
  - Changes: CHANGELOG.md
validation:
  omitted_files: ignore
  links:
    not_found: warn
    unrecognized_links: ignore
"""


def main() -> None:
    shutil.rmtree(SOURCE, ignore_errors=True)
    pages = [
        p for pattern in ("*.md", "docs/**/*", "packaging/*.md", "models/**/*.md") for p in ROOT.glob(pattern)
    ]
    for page in [*pages, ROOT / "LICENSE", ROOT / "NOTICE"]:
        if page.is_file():
            target = SOURCE / page.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(page, target)
    config = ROOT / "build" / "mkdocs.yml"
    config.write_text(CONFIG, encoding="utf-8")
    sys.exit(
        subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "--clean", "-f", str(config)], check=False
        ).returncode
    )


if __name__ == "__main__":
    main()

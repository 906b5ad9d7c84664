"""Make ``packaging/requirements.lock`` anew: every run-time package pinned, with the hashes of all its files.

    .venv/bin/pip install pip-tools && .venv/bin/python packaging/lock.py

Installing with ``pip install --require-hashes -r packaging/requirements.lock`` then refuses any other file.
The hashes cover every wheel of a release, so the lock serves Windows and macOS too as long as those need no
package that Linux does not (so far they need none).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "packaging" / "requirements.lock"
HEAD = "# Made by packaging/lock.py from pyproject.toml; do not edit. Linux x86-64, Python 3.11 resolution.\n"


def main() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes", "--allow-unsafe",
         "--strip-extras", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
         "--no-emit-trusted-host", "--no-emit-options", "--output-file", "-", "pyproject.toml"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    LOCK.write_text(HEAD + done.stdout.lstrip(), encoding="utf-8")
    print(f"{LOCK.name}: {done.stdout.count('==')} packages, {done.stdout.count('sha256:')} hashes")


if __name__ == "__main__":
    main()

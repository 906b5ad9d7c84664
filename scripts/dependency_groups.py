"""Print the requirements of dependency groups of ``pyproject.toml``, one a line, for a pip that cannot read groups.

python scripts/dependency_groups.py dev train
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def requirements(groups: Mapping[str, Sequence[Any]], name: str) -> Iterator[str]:
    """Yield the requirements of one group, those of the groups it includes in their place.

    Raises
    ------
    SystemExit
        There is no group of this name.
    """
    if name not in groups:
        sys.exit(f"pyproject.toml has no dependency group '{name}'; it has {', '.join(groups)}.")
    for entry in groups[name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from requirements(groups, entry["include-group"])


def main() -> None:
    """Print the requirements of the groups that the command line names."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    for line in dict.fromkeys(line for name in sys.argv[1:] for line in requirements(groups, name)):
        print(line)


if __name__ == "__main__":
    main()

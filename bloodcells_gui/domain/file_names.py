"""Names of the program's own files, and names that are still free."""

from __future__ import annotations

from collections.abc import Iterator

#: Suffix of a case file.
CASE_SUFFIX = ".bcs"
#: Suffix of a reference library.
LIBRARY_SUFFIX = ".bcl"
KNOWN_CELLS_NAME = f"known-cells{LIBRARY_SUFFIX}"
#: What a file manager adds to a name that is taken.
PLAIN_NUMBER = " ({})"


def numbered(stem: str, suffix: str = "", number: str = PLAIN_NUMBER) -> Iterator[str]:
    """Names to try until one is free.

    Parameters
    ----------
    number : str
        Template of what comes between stem and suffix from the second name on.

    Yields
    ------
    str
        "a.x", "a (2).x", "a (3).x", ... without end.
    """
    yield f"{stem}{suffix}"
    n = 2
    while True:
        yield f"{stem}{number.format(n)}{suffix}"
        n += 1

"""How often a test draws that draws at random: little in every run, ten times as much in a thorough one."""

from __future__ import annotations

import os

#: A nightly run sets `HYPOTHESIS_PROFILE=thorough`.
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def rounds(usual: int) -> int:
    """Return how many random cases to try, `usual` in a usual run."""
    return 10 * usual if THOROUGH else usual

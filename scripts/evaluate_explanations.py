"""Judge explanation maps by numbers: see :mod:`scripts.training.explanations`."""

from __future__ import annotations

from scripts.training.explanations import main

if __name__ == "__main__":
    main()

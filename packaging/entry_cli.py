"""Starting point of the frozen `bloodcells`: the same as ``python -m bloodcells_gui``."""

import multiprocessing
import sys

from bloodcells_gui.__main__ import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())

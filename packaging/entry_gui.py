"""Starting point of the frozen `bloodcells-gui`: the window; a double-clicked file comes as the argument."""

import multiprocessing
import sys

from bloodcells_gui.__main__ import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    arguments = sys.argv[1:]
    sys.exit(main(arguments if arguments[:1] == ["gui"] else ["gui", *arguments]))

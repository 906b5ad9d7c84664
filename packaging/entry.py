"""Starting point of both frozen programs: under a name that ends in "-gui" it opens the window.

`bloodcells` is the same as ``python -m bloodcells_gui``; `bloodcells-gui FILE` (a double click) is `bloodcells gui FILE`.
On Linux the second is a link to the first; on Windows they are two programs, with and without a console.
"""

import multiprocessing
import sys
from pathlib import Path

from bloodcells_gui.__main__ import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    arguments = sys.argv[1:]
    as_window = Path(sys.argv[0]).stem.endswith("-gui")
    if as_window and arguments[:1] not in (["gui"], ["--decode-images"]):
        arguments = ["gui", *arguments]
    sys.exit(main(arguments))

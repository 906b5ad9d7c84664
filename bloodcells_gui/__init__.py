"""bloodcells_gui: reads blood smears locally, for review and report by a laboratory technician."""

import logging

__version__ = "0.1.0"

# Without a log (`app/log.py`) what is logged goes nowhere: the default would print it on standard error.
logging.getLogger(__name__).addHandler(logging.NullHandler())

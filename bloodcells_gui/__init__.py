"""bloodcells_gui: reads blood smears locally, for review and report by a laboratory technician."""

__version__ = "0.1.0"

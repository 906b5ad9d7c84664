"""Controllers without Qt, which the window and the command line share."""

"""The analysis: from images to cells, as a stream of events."""

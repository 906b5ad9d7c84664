"""Everything a laboratory can set, page by page."""

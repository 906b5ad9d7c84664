"""Measuring and scale; in `io`, image files and the sandbox that decodes them."""

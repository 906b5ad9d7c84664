"""Counting by hand at the microscope with the keys of the review."""

"""Blinded rounds over known cells."""

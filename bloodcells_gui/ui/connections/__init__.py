"""Connections to laboratory systems: destinations, table of codes, outbox, and the sender."""

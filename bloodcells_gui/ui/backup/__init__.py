"""Backup of the workstation, and its return."""

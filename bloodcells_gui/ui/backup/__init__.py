"""Back up and restore the workstation."""

"""Signing in, a locked window, and the accounts of the laboratory."""

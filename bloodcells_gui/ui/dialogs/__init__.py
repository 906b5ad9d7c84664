"""Dialogs: questions that need an answer before the work can continue, and settings."""

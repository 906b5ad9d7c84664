"""Whether the windows may be read before anybody signs in.

A rule of the laboratory, which every station knows from its last settings. Where the database does not answer
nobody could sign in, and a smear must not wait for a server: then cases are read, and nothing is decided.
"""

from __future__ import annotations

from bloodcells_gui.app.workspace import Workspace


def must_sign_in(workspace: Workspace) -> bool:
    """Whether nothing may be shown before somebody signs in."""
    accounts = workspace.accounts
    if not accounts.in_force or accounts.unreachable is not None:
        return False
    person = accounts.person
    return (person is None or not person.active) and not workspace.settings.privacy.read_without_account

"""The account of the operating system, which a signature records beside the typed name."""

from __future__ import annotations

import os
from types import ModuleType

_pwd: ModuleType | None
try:
    import pwd as _pwd
except ImportError:  # Windows
    _pwd = None


def os_account_name() -> str:
    """Name of the account this program runs under, not from environment variables: anyone can set those."""
    try:
        if _pwd is None:
            return os.getlogin()
        return str(_pwd.getpwuid(os.getuid()).pw_name)
    except (KeyError, OSError):
        return "" if _pwd is None else f"uid {os.getuid()}"


def with_account(name: str) -> str:
    """A typed name with the account behind it in brackets."""
    known = os_account_name()
    return f"{name.strip()} ({known})" if known else name.strip()

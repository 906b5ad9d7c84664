"""Hash passwords and PINs by argon2id. The only module that imports argon2 (extra `lab`), on use."""

from __future__ import annotations

import unicodedata
from typing import Any

from bloodcells_gui.domain.accounts import LONGEST_PASSWORD
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_

# Of no account: what is compared with where there is nothing to compare with.
_UNKNOWN = "$argon2id$v=19$m=65536,t=3,p=4$ORN5o5Pyrp1nttRvxooc0w$v640+6U1bYST2XGf6Z4FFlVUfu4PiSyXWANCIMR+dXo"


def hash_secret(secret: str) -> str:
    """The hash of a password or PIN, with a salt of its own; it takes about a tenth of a second."""
    return str(_hasher().hash(_bytes(secret)))


def matches(hashed: str, secret: str) -> bool:
    """Whether `secret` is what was hashed. It takes as long where there is no hash (""), and answers no."""
    hasher = _hasher()
    import argon2

    if len(secret) > LONGEST_PASSWORD:  # ten megabytes are no password, and are not hashed
        return False
    try:
        return bool(hasher.verify(hashed or _UNKNOWN, _bytes(secret))) and bool(hashed)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def _bytes(secret: str) -> bytes:
    """The same bytes for the same keys on every system, which write accents in one piece or in two."""
    return unicodedata.normalize("NFC", secret).encode("utf-8", "surrogatepass")


def _hasher() -> Any:
    try:
        import argon2
    except ImportError:
        raise UserError(
            N_("This installation cannot use accounts."),
            N_("The package “argon2-cffi” is an optional part of it."),
            N_("Install it: pip install 'bloodcells-gui[lab]'."),
        ) from None
    return argon2.PasswordHasher()

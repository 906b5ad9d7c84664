"""Content hash of a file too large to be read only for that."""

from __future__ import annotations

from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.specimen import ImageRef
from bloodcells_gui.imaging.io.identity import whole_hash

_HASH_LIMIT = 4 * 1024**3


def content_hash(ref: ImageRef, token: CancelToken) -> str:
    """SHA-256 of the file; "" when it is known already, a folder, too large to wait for, or gone."""
    try:
        if ref.sha256 or ref.path.stat().st_size > _HASH_LIMIT:
            return ""
        return whole_hash(ref.path, token.check)
    except OSError:
        return ""

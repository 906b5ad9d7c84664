"""The content hash of a file too large to be read for nothing else."""

from __future__ import annotations

import hashlib

from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.specimen import ImageRef
from bloodcells_gui.imaging import plain_files

_HASH_CHUNK = 8 * 1024 * 1024
_HASH_LIMIT = 4 * 1024**3


def content_hash(ref: ImageRef, token: CancelToken) -> str:
    """SHA-256 of the file; "" when it is a folder, too large to wait for, or gone."""
    if ref.sha256:
        return ""
    try:
        if ref.path.stat().st_size > _HASH_LIMIT:
            return ""
        digest = hashlib.sha256()
        with plain_files.reading(ref.path) as file:
            while chunk := file.read(_HASH_CHUNK):
                token.check()
                digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()

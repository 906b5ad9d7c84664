"""Cells on their way by drag and drop."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from PySide6.QtCore import QMimeData

MIME_CELLS = "application/x-bloodcells-ids"
# Two programs have two cases open, and the numbers of one case name other cells in the other.
_MIME_PROGRAM, _THIS_PROGRAM = "application/x-bloodcells-program", uuid4().hex.encode("ascii")


def pack_ids(ids: Sequence[int]) -> QMimeData:
    """Cells on their way by drag and drop."""
    mime = QMimeData()
    mime.setData(MIME_CELLS, " ".join(map(str, ids)).encode("ascii"))
    mime.setData(_MIME_PROGRAM, _THIS_PROGRAM)
    return mime


def unpack_ids(mime: QMimeData) -> list[int]:
    """Inverse of `pack_ids`; empty for anything else, cells of another window of the program included."""
    if not mime.hasFormat(MIME_CELLS):
        return []
    if mime.hasFormat(_MIME_PROGRAM) and bytes(mime.data(_MIME_PROGRAM).data()) != _THIS_PROGRAM:
        return []
    words = bytes(mime.data(MIME_CELLS).data()).split()
    return [int(w) for w in words if w.isdigit()]

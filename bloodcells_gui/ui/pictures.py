"""Pictures of a case or a page as Qt draws them."""

from __future__ import annotations

from PySide6.QtGui import QImage

# First bytes -> Qt's name of the format.
_FORMATS = ((b"\xff\xd8", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"))


def decoded(data: bytes) -> QImage:
    """The picture in the bytes of a JPEG or PNG file; a null one of anything else. For any thread.

    Qt is told the format. Where it looks for one itself it asks its SVG reader too, which waits for a lock of
    Qt's signals while this thread holds Python's: if the window's thread has the one and waits for the other
    at that moment, both wait for ever.
    """
    name = next((name for first, name in _FORMATS if data.startswith(first)), "")
    # PySide takes text here, whatever its types say.
    return QImage.fromData(data, name) if name else QImage()  # type: ignore[arg-type]

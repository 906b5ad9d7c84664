"""PNG, ICO and ICNS from the one drawing, ``resources/icons/app.svg``."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
ICNS_TYPES = {16: b"icp4", 32: b"icp5", 64: b"icp6", 128: b"ic07", 256: b"ic08", 512: b"ic09"}


def png(renderer: QSvgRenderer, size: int) -> bytes:
    """The drawing at `size` px as PNG bytes."""
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stubs want bytes, the call a str
    return bytes(data.data())


def ico(pngs: dict[int, bytes]) -> bytes:
    """A Windows icon file of PNG images (Vista and later), sides up to 256 px."""
    chosen = {size: data for size, data in pngs.items() if size <= 256}
    head, body = struct.pack("<HHH", 0, 1, len(chosen)), b""
    start = len(head) + 16 * len(chosen)
    for size, data in chosen.items():
        head += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(data), start + len(body))
        body += data
    return head + body


def icns(pngs: dict[int, bytes]) -> bytes:
    """An Apple icon file of PNG images."""
    body = b"".join(
        kind + struct.pack(">I", 8 + len(pngs[size])) + pngs[size] for size, kind in ICNS_TYPES.items()
    )
    return b"icns" + struct.pack(">I", 8 + len(body)) + body


def make_icons(svg: Path, folder: Path) -> None:
    """Write every icon file into `folder`."""
    app = QGuiApplication.instance() or QGuiApplication(sys.argv[:1])
    renderer = QSvgRenderer(str(svg))
    if not renderer.isValid():
        raise SystemExit(f"{svg} is not a drawing that Qt can render")
    folder.mkdir(parents=True, exist_ok=True)
    pngs = {size: png(renderer, size) for size in SIZES}
    for size, data in pngs.items():
        (folder / f"{size}.png").write_bytes(data)
    (folder / "bloodcells.ico").write_bytes(ico(pngs))
    (folder / "bloodcells.icns").write_bytes(icns(pngs))
    del app

"""Pictures are decoded under the name of their format."""

from __future__ import annotations

import ast
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QImage

from bloodcells_gui.ui import pictures
from bloodcells_gui.ui.pictures import decoded

UI = Path(pictures.__file__).parent
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"></svg>'


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_jpeg_and_png_are_decoded_under_their_names(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = cv2.imencode(suffix, np.full((6, 9, 3), 200, np.uint8))[1].tobytes()
    assert (decoded(data).width(), decoded(data).height()) == (9, 6)
    asked: list[str] = []
    monkeypatch.setattr(
        pictures, "QImage", type("Asked", (), {"fromData": staticmethod(lambda _, name: asked.append(name))})
    )
    decoded(data)
    assert asked == [{".jpg": "JPEG", ".png": "PNG"}[suffix]]


@pytest.mark.qt_log_ignore("JPEG datastream", "Unsupported marker", "libpng")
@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\xff\xd8\xffnonsense", b"\x89PNG\r\n\x1a\n", SVG, b"GIF89a"]
)
def test_anything_else_is_no_picture(data: bytes) -> None:
    assert isinstance(decoded(data), QImage)
    assert decoded(data).isNull()


def test_no_other_part_of_the_window_lets_qt_look_for_the_format() -> None:
    found = [
        path.relative_to(UI).as_posix()
        for path in UI.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("fromData", "loadFromData", "QImageReader")
    ]
    assert found == ["pictures.py"]

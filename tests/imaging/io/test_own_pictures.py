"""Pictures inside a case come from whoever sent the case: only small plain JPEG and PNG are ever decoded."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.cell_views import decode_jpeg, decode_mask
from bloodcells_gui.imaging.io.own_pictures import own_jpegs, own_png, validated_jpeg
from bloodcells_gui.pipeline.encoding import encode_jpeg, encode_png
from tests.support.hostile_images import encoded, png_claiming, rgb_image

PIXELS = np.random.default_rng(1).integers(0, 256, (192, 192, 3), np.uint8)
JPEG = encode_jpeg(PIXELS, 88)
PNG = encode_png(PIXELS[..., 0] % 3)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/hostname' width='9'/></svg>"
FOREIGN = {
    "nothing": b"", "an svg": SVG, "a bomb": png_claiming(60_000, 60_000), "a cut jpeg": JPEG[:-40],
    "a progressive jpeg": encoded(rgb_image(), "JPEG", progressive=True),
    "a large jpeg": encode_jpeg(np.zeros((1500, 1500, 3), np.uint8), 88),
    "a tiff": encoded(rgb_image(), "TIFF"), "a webp": encoded(rgb_image(), "WEBP"),
}  # fmt: skip


def test_what_the_program_writes_is_shown() -> None:
    assert validated_jpeg(JPEG) == JPEG
    assert own_png(PNG) == PNG
    assert decode_jpeg(JPEG).shape == (192, 192, 3)
    np.testing.assert_array_equal(decode_mask(PNG), PIXELS[..., 0] % 3)
    assert own_jpegs({3: JPEG, 4: SVG}) == {3: JPEG, 4: b""}


@pytest.mark.parametrize("what", FOREIGN)
def test_anything_else_reaches_no_decoder(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def reached(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(cv2, "imdecode", reached)
    assert validated_jpeg(FOREIGN[what]) == own_png(FOREIGN[what]) == b""
    assert decode_jpeg(FOREIGN[what]).shape == (8, 8, 3)
    assert decode_mask(FOREIGN[what]).shape == (8, 8)

"""The laboratory's logo: a file from outside, so checked before it is used."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

from bloodcells_gui.imaging.io.plain_files import read_bytes

MAX_BYTES = 8_000_000
MAX_PX = 25_000_000
WIDEST_PX = 900


def load_logo(path: str | Path) -> bytes:
    """PNG of the logo on white, at most 900 px wide; b"" when it cannot be used.

    A missing or broken logo must never keep a laboratory from its report.
    """
    # Late: not needed before the first report.
    from PIL import Image, ImageOps

    source = Path(path)
    try:
        data = read_bytes(source, MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            return b""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns about sizes that are refused below anyway
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "BMP", "TIFF")) as opened:
                if opened.width * opened.height > MAX_PX:
                    return b""
                picture = ImageOps.exif_transpose(opened).convert("RGBA")
        picture.thumbnail((WIDEST_PX, WIDEST_PX))
        white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        white.alpha_composite(picture)
        out = io.BytesIO()
        white.convert("RGB").save(out, "PNG", optimize=True)
    except (OSError, ValueError, Image.DecompressionBombError, SyntaxError):
        return b""
    return out.getvalue()

"""Reader for images that fit in memory: decoded once, then cut from memory."""

from __future__ import annotations

from pathlib import Path

from bloodcells_gui.imaging.io.decode import LoadedImage, load_image
from bloodcells_gui.imaging.io.limits import DEFAULT_LIMITS, DecodeLimits
from bloodcells_gui.imaging.io.reader import RGB, Level, PyramidReader
from bloodcells_gui.imaging.io.refusal import ImageRefused


class InMemoryReader(PyramidReader):
    """An image that fits in memory.

    Parameters
    ----------
    path : Path
        The image file.
    limits : DecodeLimits
        Limits of size and memory while `path` is decoded.
    image : LoadedImage or None
        The decoded image, if there is one already; else `path` is decoded.

    Raises
    ------
    ImageRefused
        As :func:`bloodcells_gui.imaging.io.decode.load_image`.
    """

    def __init__(
        self, path: Path, limits: DecodeLimits = DEFAULT_LIMITS, image: LoadedImage | None = None
    ) -> None:
        image = image or load_image(path, limits)
        self._rgb: RGB | None = image.rgb
        self.format = image.info.format
        self.description = image.info.description
        self.unparsed_scale_text = image.info.unparsed_scale_text
        self.sha256 = image.sha256
        self.notices = image.notices
        size = (image.rgb.shape[1], image.rgb.shape[0])
        super().__init__(path, (Level(size, 1.0, size),), image.info.mpp)

    def _read_level(self, _level: int, x: int, y: int, width: int, height: int) -> RGB:
        pixels = self._rgb
        if pixels is None:
            raise ImageRefused(self.path, "It was closed.")
        return pixels[y : y + height, x : x + width].copy()

    def close(self) -> None:
        """Release the pixels."""
        self._rgb = None

"""What an image file states about itself, and how far that is believed."""

from __future__ import annotations

from dataclasses import dataclass

# A microscope camera's pixel: 0.02 um (beyond the resolution of light) to 2 um (a 5x overview).
# Anything outside is a printing density such as 72 dpi.
PLAUSIBLE_MPP = (0.02, 2.0)
_MAX_ANISOTROPY = 0.02


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """Read from headers alone; no pixel was decoded.

    Attributes
    ----------
    format : str
        "jpeg", "png", "bmp", "tiff" or "webp".
    stored_px : tuple of int
        Width, height as stored.
    orientation : int
        EXIF orientation, 1 to 8.
    bits, channels : int
        Bits per sample; samples per pixel.
    mpp : float or None
        um per pixel where the metadata is plausible for a microscope.
    unparsed_scale_text : str
        What looks like a scale in the file and was not understood; untrusted, at most 60 characters.
    truncated : bool
        The file ends before the image does.
    tiled, pyramid : bool
        TIFF only: stored in tiles; smaller versions of the image follow.
    description : str
        Free text of the file (ImageDescription of TIFF or EXIF), at most 4,096 characters; untrusted.
    progressive : bool
        JPEG stored in several passes over the whole image.
    cmyk, adobe : bool
        Four ink channels; the Adobe marker (which says that they are inverted) is present.
    pages : int
        TIFF only: pages of full resolution; more than one are several pictures, a stack or colours.
    profiled : bool
        The file says that its colours are others than sRGB, by a profile or by other means.
    further : int
        JPEG only: pictures of the same size behind the first one.
    """

    format: str
    stored_px: tuple[int, int]
    orientation: int = 1
    bits: int = 8
    channels: int = 3
    mpp: float | None = None
    truncated: bool = False
    tiled: bool = False
    pyramid: bool = False
    description: str = ""
    progressive: bool = False
    cmyk: bool = False
    adobe: bool = False
    pages: int = 1
    profiled: bool = False
    unparsed_scale_text: str = ""
    further: int = 0

    @property
    def size_px(self) -> tuple[int, int]:
        """Width, height after the orientation was applied."""
        w, h = self.stored_px
        return (h, w) if self.orientation >= 5 else (w, h)

    @property
    def synthetic(self) -> bool:
        """Whether the file says that it was generated (bloodcells demo), not photographed."""
        return self.description.lower().startswith("synthetic")

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.stored_px[0] * self.stored_px[1]


def plausible_mpp(x_um: float, y_um: float | None = None) -> float | None:
    """um per pixel when both axes agree within 2 % and a microscope could have produced it, else None."""
    y_um = x_um if y_um is None else y_um
    # "not (a <= b)" also turns NaN away.
    if not (PLAUSIBLE_MPP[0] <= x_um <= PLAUSIBLE_MPP[1] and PLAUSIBLE_MPP[0] <= y_um <= PLAUSIBLE_MPP[1]):
        return None
    if abs(x_um - y_um) > _MAX_ANISOTROPY * max(x_um, y_um):
        return None
    return (x_um + y_um) / 2


def mpp_from_density(x: float, y: float, unit_um: float) -> float | None:
    """um per pixel from pixels per unit of `unit_um` micrometres; None when implausible."""
    if x <= 0 or y <= 0:
        return None
    return plausible_mpp(unit_um / x, unit_um / y)

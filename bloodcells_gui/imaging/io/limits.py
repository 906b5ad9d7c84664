"""Limits on the cost of an image, checked before a pixel is decoded."""

from __future__ import annotations

from dataclasses import dataclass

MEGAPIXEL = 1_000_000


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Upper bounds that untrusted images are held against.

    Attributes
    ----------
    max_pixels : int
        Of an image that is decoded in one piece (crops and fields). Slides are read by tiles and are
        bounded by `max_segment_pixels` and `max_slide_side` instead.
    max_bytes : int
        Size of a file that is read whole.
    max_segment_pixels : int
        Of one tile or strip of a slide: the piece that must be decoded at once.
    max_scan_pixels : int
        Pixels times passes of a progressive JPEG, each of which is decoded in turn.
    max_slide_side : int
        Width or height a slide may claim.
    cache_bytes : int
        Decoded pieces that an open slide keeps.
    """

    max_pixels: int = 64 * MEGAPIXEL
    max_bytes: int = 512 * 1024 * 1024
    max_segment_pixels: int = 64 * MEGAPIXEL
    max_scan_pixels: int = 1_500 * MEGAPIXEL
    max_slide_side: int = 2_000_000
    cache_bytes: int = 96 * 1024 * 1024


DEFAULT_LIMITS = DecodeLimits()

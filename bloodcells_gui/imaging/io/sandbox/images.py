"""Open untrusted images: the program's entry, while the decoders run in child processes.

The same as :mod:`bloodcells_gui.imaging.io.decode` and :mod:`bloodcells_gui.imaging.io.opening`, with the
same refusals and one more: that a decoder crashed or hung on the image.
"""

from __future__ import annotations

import atexit
import logging
import math
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.imaging.io import decode, opening
from bloodcells_gui.imaging.io.decode import LoadedImage
from bloodcells_gui.imaging.io.info import ImageInfo
from bloodcells_gui.imaging.io.limits import DEFAULT_LIMITS, DecodeLimits
from bloodcells_gui.imaging.io.page_names import split_page
from bloodcells_gui.imaging.io.pixels import ITS_OWN, Beyond, SampleRange, range_of
from bloodcells_gui.imaging.io.reader import RGB, ImageReader, Level
from bloodcells_gui.imaging.io.readers_plain import InMemoryReader
from bloodcells_gui.imaging.io.refusal import COPY_OR_LEAVE_OUT, ImageRefused
from bloodcells_gui.imaging.io.sandbox import protocol
from bloodcells_gui.imaging.io.sandbox.handle import (
    Child,
    brightness_request,
    load_request,
    many_request,
    open_request,
    pictures_request,
    region_request,
)
from bloodcells_gui.imaging.io.sandbox.pool import DecoderLost, DecoderPool, refusal_of
from bloodcells_gui.imaging.io.sandbox.protocol import BadAnswer
from bloodcells_gui.imaging.io.tiff_structure import MOST_PAGES

_log = logging.getLogger(__name__)
_MOST_CHILDREN = 9
_MOST_LEVELS = 64
_RANGE_IMAGES = 256
_EIGHT_BITS = frozenset({".jpg", ".jpeg", ".bmp", ".webp"})
_LEAST_CACHE = 16 * 1024 * 1024
_STRIKES = 3
_GAVE_UP = N_("Its decoder crashed or hung on it {times} times; it is not asked again.")
T = TypeVar("T")


_making = threading.Lock()


def decoders() -> DecoderPool:
    """The children of this program: one a core and one to spare for the screen; started when first needed."""
    with _making:
        return _the_pool()


@cache
def _the_pool() -> DecoderPool:
    pool = DecoderPool(_most_children())
    atexit.register(pool.close)
    return pool


def _most_children() -> int:
    return min(_MOST_CHILDREN, (os.cpu_count() or 1) + 1)


@cache
def isolation_available() -> bool:
    """Whether decoder children can be started on this machine; asked once.

    Where a machine forbids it, images are decoded in this process, behind the same limits: a laboratory that
    could read nothing at all would be served worse. `bloodcells self-test` tells which it is.
    """
    try:
        decoders().run(open_request(Path(os.devnull), DEFAULT_LIMITS), lambda _child, _answer: None)
    except ImageRefused:
        return True
    except OSError as error:
        _log.warning("no decoder can be started: images are decoded in this process", exc_info=error)
        return False
    return True


def load_image(
    path: Path, limits: DecodeLimits = DEFAULT_LIMITS, name: str = "", brightness: SampleRange = ITS_OWN
) -> LoadedImage:
    """As :func:`decode.load_image`."""
    if not isolation_available():
        return decode.load_image(path, limits, name, brightness)
    label = name or path.name

    return _run(
        load_request(path, label, limits, brightness),
        lambda child, answer: _loaded(child, answer, limits.max_pixels),
    )


def load_images(
    images: Sequence[tuple[Path, str]],
    limits: DecodeLimits = DEFAULT_LIMITS,
    check: Callable[[], None] = lambda: None,
    brightness: SampleRange = ITS_OWN,
) -> list[LoadedImage | ImageRefused]:
    """As :func:`load_image` for several images, each a path and a name, in one request of one child.

    A refusal stands in the place of its image. When the child is lost or lies, what it has not told yet is
    asked for image by image, so that a bad one costs itself alone; `check` is called before each, and may
    raise to end it all.
    """
    images = [(path, name or path.name) for path, name in images]
    found: list[LoadedImage | ImageRefused] = []

    def take(child: Child, answer: dict[str, Any]) -> None:
        while True:
            told = answer.get("images")
            if not isinstance(told, list) or not 0 < len(told) <= len(images) - len(found):
                raise BadAnswer("another number of images than asked for")
            offset = 0
            for one in told:
                image = _loaded_or_refused(child, one, images[len(found)][1], limits.max_pixels, offset)
                offset += image.rgb.size if isinstance(image, LoadedImage) else 0
                found.append(image)
            if len(found) == len(images):
                return
            answer = child.ask({"do": "go on"})

    if len(images) > 1 and isolation_available():
        with suppress(ImageRefused):
            _run(many_request(images, limits, brightness), take, again=False)
    for path, name in images[len(found) :]:
        check()
        try:
            found.append(load_image(path, limits, name, brightness))
        except ImageRefused as e:
            found.append(e)
    return found


def _loaded_or_refused(
    child: Child, answer: Any, name: str, most_pixels: int, offset: int
) -> LoadedImage | ImageRefused:
    if not isinstance(answer, dict):
        raise BadAnswer("no answer")
    return refusal_of(answer, name) or _loaded(child, answer, most_pixels, offset)


def _loaded(child: Child, answer: dict[str, Any], most_pixels: int, offset: int = 0) -> LoadedImage:
    rgb = child.pixels(answer, most_pixels, offset)
    info, notices = (
        protocol.info_from_wire(answer.get("info")),
        protocol.notices_from_wire(answer.get("notices")),
    )
    return LoadedImage(rgb, info, str(answer.get("sha256", ""))[:64], notices)


def pictures_in(path: Path, limits: DecodeLimits = DEFAULT_LIMITS) -> list[ImageInfo]:
    """As :func:`decode.pictures_in`."""
    if not isolation_available():
        return decode.pictures_in(path, limits)

    def take(_child: Child, answer: dict[str, Any]) -> list[ImageInfo]:
        told = answer.get("pictures")
        if not isinstance(told, list) or not 0 < len(told) <= MOST_PAGES:
            raise BadAnswer("no pictures")
        return [protocol.info_from_wire(one) for one in told]

    return _run(pictures_request(path, limits), take)


def brightness_of(
    paths: Sequence[Path],
    limits: DecodeLimits = DEFAULT_LIMITS,
    check: Callable[[], None] = lambda: None,
) -> SampleRange:
    """One range of brightness for the images of a specimen that have more than 8 bits.

    Of more than 256 such images an even choice is looked at. What cannot be read is told when its turn comes.
    """
    deep = [path for path in paths if _may_be_deep(path)]
    told: list[Beyond] = []
    for path in deep[:: -(-len(deep) // _RANGE_IMAGES) or 1]:
        check()
        with suppress(ImageRefused):
            one = _beyond(path, limits)
            told += [one] if one is not None else []
    return range_of(told)


def _may_be_deep(path: Path) -> bool:
    """By the header, but for suffixes of formats of 8 bits: what lies about that is judged by itself."""
    if path.suffix.lower() in _EIGHT_BITS:
        return False
    try:
        return decode.probe(split_page(path)[0], None).bits > 8
    except ImageRefused:
        return False


def _beyond(path: Path, limits: DecodeLimits) -> Beyond | None:
    if not isolation_available():
        return decode.brightness_of(path, limits)
    request = brightness_request(path, limits)
    return _run(request, lambda _child, answer: protocol.beyond_from_wire(answer.get("beyond")))


def open_image(
    path: Path, limits: DecodeLimits = DEFAULT_LIMITS, brightness: SampleRange = ITS_OWN
) -> ImageReader:
    """As :func:`opening.open_image`: small images are decoded at once, others by regions in a child."""
    if not isolation_available():
        return opening.open_image(path, limits, brightness)
    if opening.is_plain(path, limits):
        return InMemoryReader(path, limits, load_image(path, limits, brightness=brightness))
    return IsolatedReader(path, limits, brightness)


def interrupt() -> None:
    """The person cancelled: a decoder that hangs ends within a second."""
    decoders().interrupt()


class IsolatedReader:
    """An image of any size that a child reads by regions, as any :class:`ImageReader`.

    Raises
    ------
    ImageRefused
        The child's reasons, or that it crashed or hung; after three times the image is given up.
    """

    def __init__(
        self, path: Path, limits: DecodeLimits = DEFAULT_LIMITS, brightness: SampleRange = ITS_OWN
    ) -> None:
        self.path = path
        self._brightness = brightness
        # Each child has a cache of its own; together they may keep twice what one reader would.
        share = max(_LEAST_CACHE, 2 * limits.cache_bytes // _most_children())
        self._limits = replace(limits, cache_bytes=share)
        self._closed = False
        self._strikes = 0
        found = self._ask(open_request(path, limits, brightness), lambda _child, answer: answer)
        try:
            self._describe(found)
        except (BadAnswer, TypeError, ValueError) as e:
            raise ImageRefused(
                path, "Its decoder failed on it ({detail}).", COPY_OR_LEAVE_OUT, detail=str(e)
            ) from e

    def _describe(self, found: dict[str, Any]) -> None:
        self.format, self.description = str(found["format"]), str(found["description"])
        self.unparsed_scale_text = str(found["scale_unread"])
        self.notices = protocol.notices_from_wire(found["notices"])
        mpp = found["mpp"]
        self._mpp = None if mpp is None else float(mpp)
        self._levels = tuple(
            Level((int(w), int(h)), float(scale), (int(tile_w), int(tile_h)))
            for w, h, scale, tile_w, tile_h in found["levels"][:_MOST_LEVELS]
        )
        width, height = (int(v) for v in found["size_px"])
        self._size = width, height
        if not self._levels or not 0 < min(self._size) <= max(self._size) <= self._limits.max_slide_side:
            raise BadAnswer("an impossible size")

    @property
    def size_px(self) -> tuple[int, int]:
        """Width, height at full resolution."""
        return self._size

    @property
    def mpp(self) -> float | None:
        """um per pixel from metadata."""
        return self._mpp

    @property
    def levels(self) -> tuple[Level, ...]:
        """Resolutions, finest first."""
        return self._levels

    def read_region(self, x: int, y: int, width: int, height: int, *, downsample: float = 1.0) -> RGB:
        """See :class:`bloodcells_gui.imaging.io.reader.ImageReader`."""
        if width <= 0 or height <= 0 or not math.isfinite(downsample) or downsample < 1.0:
            raise ValueError(f"region {width} x {height} at downsample {downsample}")
        size = max(1, round(height / downsample)), max(1, round(width / downsample))
        request = region_request(self.path, self._limits, (x, y, width, height), downsample, self._brightness)

        def take(child: Child, answer: dict[str, Any]) -> RGB:
            if answer.get("shape") != [*size, 3]:
                raise BadAnswer("another shape than asked for")
            return child.pixels(answer, size[0] * size[1])

        return self._ask(request, take)

    def thumbnail(self, max_px: int) -> RGB:
        """The whole image with its longer side at most `max_px`."""
        w, h = self._size
        return self.read_region(0, 0, w, h, downsample=max(1.0, max(w, h) / max(1, max_px)))

    def close(self) -> None:
        """Release the file; further reads raise ImageRefused."""
        if not self._closed:
            self._closed = True
            decoders().forget(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, request: dict[str, Any], take: Callable[[Child, dict[str, Any]], T]) -> T:
        if self._closed:
            raise ImageRefused(self.path, "It was closed.")
        if self._strikes >= _STRIKES:
            raise ImageRefused(self.path, _GAVE_UP, COPY_OR_LEAVE_OUT, times=_STRIKES)
        try:
            return _run(request, take)
        except DecoderLost:
            self._strikes += 1
            raise


def _run(request: dict[str, Any], take: Callable[[Child, dict[str, Any]], T], again: bool = True) -> T:
    try:
        return decoders().run(request, take, again)
    except OSError as e:
        raise ImageRefused(
            str(request["name"]),
            "Its decoder could not be started ({detail}).",
            "Close other programs and open it again.",
            detail=str(e),
        ) from e

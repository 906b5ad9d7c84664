"""Open the images of a case only while they are the ones that were analysed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from bloodcells_gui.domain.errors import EXIT_USAGE, UserError
from bloodcells_gui.domain.i18n import plural
from bloodcells_gui.domain.specimen import ImageRef, Specimen
from bloodcells_gui.imaging.io.identity import OtherImage, open_verified, sampled_hash, whole_hash
from bloodcells_gui.imaging.io.page_names import split_page
from bloodcells_gui.imaging.io.pixels import ITS_OWN, SampleRange
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.storage.case import CaseStore

_NAMED = 3


def open_analysed(
    ref: ImageRef, check: Callable[[], None] = lambda: None, brightness: SampleRange = ITS_OWN
) -> ImageReader:
    """A reader of the image that `ref` describes.

    Raises
    ------
    ImageRefused
        When it cannot be read, or its bytes or size are not those that were analysed.
    """
    reader = open_verified(
        ref.path, ref.name, sha256=ref.sha256, sampled=ref.sampled, check=check, brightness=brightness
    )
    if ref.size_px != (0, 0) and reader.size_px != ref.size_px:
        reader.close()
        raise OtherImage(ref.name)
    return reader


def sampled_hash_of(ref: ImageRef, check: Callable[[], None] = lambda: None) -> str:
    """Hash of a slide's size and blocks; "" where it cannot be read."""
    try:
        return sampled_hash(ref.path, check)
    except (OSError, ValueError):
        return ""


def is_same(ref: ImageRef, path: Path, check: Callable[[], None] = lambda: None) -> bool | None:
    """Whether the file at `path` has the content of `ref`; None when it cannot be read or compared."""
    try:
        if ref.sampled:
            return sampled_hash(path, check) == ref.sampled
        return whole_hash(path, check) == ref.sha256 if ref.sha256 else None
    except (OSError, ValueError):
        return None


def refuse_other_images(specimen: Specimen, check: Callable[[], None] = lambda: None) -> None:
    """Make sure that a further run would read the specimen of the earlier ones.

    Raises
    ------
    UserError
        When an image that was analysed has another content now, or when none of them is there any more while
        others are.
    """
    known = [ref for ref in specimen.images if ref.sha256 or ref.sampled]
    answers = [(ref, is_same(ref, ref.path, check)) for ref in known]
    others = [ref.name for ref, same in answers if same is False]
    if others:
        more = " ..." if len(others) > _NAMED else ""
        raise UserError(
            plural(
                "The analysis cannot go on: {n} of its images is not the one that was analysed ({names}).",
                "The analysis cannot go on: {n} of its images are not those that were analysed ({names}).",
            ),
            "Their content is another; the cells would be those of two specimens.",
            "Put the original files back, or begin a new analysis.",
            exit_code=EXIT_USAGE,
            n=len(others),
            names=", ".join(others[:_NAMED]) + more,
        )
    known_names = {ref.name for ref in known}
    left = [ref for ref in specimen.images if ref.name not in known_names]
    others_there = any(split_page(ref.path)[0].exists() for ref in left)
    if known and others_there and not any(same for _, same in answers):
        raise UserError(
            "The analysis cannot go on: none of the images that were analysed is there.",
            "So nobody can tell whether the others are of the same specimen.",
            "Put the original files back, or begin a new analysis.",
            exit_code=EXIT_USAGE,
        )


def rebind_images(store: CaseStore, now: Specimen, check: Callable[[], None] = lambda: None) -> None:
    """Let a case go on with the images of `now`, where they are those of the case in another place.

    Raises
    ------
    UserError
        When they are of another specimen, or nothing tells whose they are.
    """
    before = store.specimen
    if os.path.realpath(before.root) == os.path.realpath(now.root):
        return
    places = {ref.name: ref.path for ref in now.images}
    answers = [is_same(ref, places[ref.name], check) for ref in before.images if ref.name in places]
    if False in answers or True not in answers:
        raise UserError(
            "The case in {path} is of other images: those of {before}.",
            "Going on with {now} would mix two specimens.",
            "Leave out --resume, or choose another folder for the results.",
            exit_code=EXIT_USAGE,
            path=store.path,
            before=before.root,
            now=now.root,
        )
    store.relocate(now.root if now.root.is_dir() else now.root.parent)

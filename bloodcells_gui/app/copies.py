"""Find files of a specimen that show the same picture, so that each picture is counted once.

DuplicateImages with equal pixels are found wherever pixels are decoded: of crops while they are analysed
(:mod:`~bloodcells_gui.pipeline.crops`), of fields and slides here, before. One shot in two formats has
not quite equal pixels; here such pictures are compared, chosen by their names, judged by their pixels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from bloodcells_gui.app.analysed_images import sampled_hash_of
from bloodcells_gui.domain import left_out
from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.specimen import ImageRef, SpecimenKind
from bloodcells_gui.imaging.io.page_names import split_name
from bloodcells_gui.imaging.io.pixels import ITS_OWN, SampleRange
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.io.sandbox.images import load_images
from bloodcells_gui.imaging.picture_content import ImageFingerprint

_MOST_KIN = 24
_BATCH_PIXELS = 12_000_000
_SEPARATORS = re.compile(r"[\s_.()\-]+")
_SAME_FORMAT = {".jpeg": ".jpg", ".jpe": ".jpg", ".tiff": ".tif"}

Indexed = tuple[int, ImageRef]


@dataclass(slots=True)
class DuplicateImages:
    """What is left out.

    Attributes
    ----------
    skipped : dict of int to SkippedFile
        By index within the specimen.
    alike : int
        Images that look like another one of a similar name and count nevertheless.
    """

    skipped: dict[int, SkippedFile] = field(default_factory=dict)
    alike: int = 0


def find_copies(
    images: Sequence[Indexed],
    kind: SpecimenKind,
    done: Collection[int] = frozenset(),
    check: Callable[[], None] = lambda: None,
    brightness: SampleRange = ITS_OWN,
) -> DuplicateImages:
    """Which images show what another one shows.

    Parameters
    ----------
    images : sequence of (int, ImageRef)
        Index within the specimen, reference.
    kind : SpecimenKind
        Fields are all decoded, crops only those whose names are related, slides not at all.
    done : collection of int
        Images that were analysed before: they stay. Where two of them show the same, both were counted, and
        nothing can be said against that here.
    check : callable
        Raises to end the search.
    brightness : SampleRange
        Of the specimen, where its images have more than 8 bits.
    """
    found = DuplicateImages()
    if kind is SpecimenKind.SLIDE:
        _equal_slides(images, done, found, check)
        return found
    related = _related(images)
    wanted = images if kind is SpecimenKind.FIELDS else [pair for pair in images if pair[0] in related]
    fingerprints = dict(_fingerprints(wanted, check, brightness))
    refs = dict(images)
    _equal_pixels(refs, fingerprints, done, found)
    _same_photographs(refs, fingerprints, related, done, found)
    return found


def _equal_slides(
    images: Sequence[Indexed], done: Collection[int], found: DuplicateImages, check: Callable[[], None]
) -> None:
    first: dict[str, str] = {}
    if len(images) < 2:
        return
    for index, ref in _done_first(images, done):
        known = ref.sampled or sampled_hash_of(ref, check)
        if known in first and index not in done:
            found.skipped[index] = _copy(ref, first[known])
        elif known:
            first.setdefault(known, ref.name)


def _equal_pixels(
    refs: dict[int, ImageRef],
    fingerprints: dict[int, ImageFingerprint],
    done: Collection[int],
    found: DuplicateImages,
) -> None:
    first: dict[bytes, str] = {}
    for index, ref in _done_first([(i, refs[i]) for i in fingerprints], done):
        digest = fingerprints[index].digest
        if digest in first and index not in done:
            found.skipped[index] = _copy(ref, first[digest])
        else:
            first.setdefault(digest, ref.name)


def _same_photographs(
    refs: dict[int, ImageRef],
    fingerprints: dict[int, ImageFingerprint],
    related: dict[int, set[int]],
    done: Collection[int],
    found: DuplicateImages,
) -> None:
    """Similar pictures of one name in two formats are one; others of related names are told."""
    alike: set[int] = set()
    for index, others in related.items():
        for other in sorted(others):
            pair = index, other
            if other <= index or not all(i in fingerprints and i not in found.skipped for i in pair):
                continue
            if index in done and other in done:
                continue
            if not fingerprints[index].is_same_photograph(fingerprints[other]):
                continue
            if _stem(refs[index]) != _stem(refs[other]) or _format(refs[index]) == _format(refs[other]):
                alike.add(other)
                continue
            worse, better = pair if fingerprints[other].better_than(fingerprints[index]) else (other, index)
            if worse in done and better not in done:
                worse, better = better, worse
            name = refs[worse].name
            reason = left_out.SAME_SHOT.format(name=refs[better].name)
            found.skipped[worse] = SkippedFile(name, reason)
            if worse == index:
                break
    found.alike = len(alike - found.skipped.keys())


def _copy(ref: ImageRef, of: str) -> SkippedFile:
    return SkippedFile(ref.name, left_out.DUPLICATE.format(name=of))


def _done_first(images: Iterable[Indexed], done: Collection[int]) -> list[Indexed]:
    return sorted(images, key=lambda pair: (pair[0] not in done, pair[0]))


def _stem(ref: ImageRef) -> str:
    """The name without its format; the pictures of one file ("stack.tif#3") keep their numbers."""
    file, number = split_name(ref.name)
    return f"{PurePosixPath(file).stem}{number}".casefold()


def _format(ref: ImageRef) -> str:
    suffix = PurePosixPath(split_name(ref.name)[0]).suffix.lower()
    return _SAME_FORMAT.get(suffix, suffix)


def _related(images: Sequence[Indexed]) -> dict[int, set[int]]:
    """For each image those of the same stem, or of a stem that is the beginning or end of its own.

    Linear in the number of images: only whole words of a name are looked up, and where many folders use the
    same names, only within each folder.
    """
    by_stem: dict[str, list[int]] = {}
    by_place: dict[tuple[PurePosixPath, str], list[int]] = {}
    for index, ref in images:
        by_stem.setdefault(_stem(ref), []).append(index)
        by_place.setdefault((PurePosixPath(ref.name).parent, _stem(ref)), []).append(index)
    related: dict[int, set[int]] = {}
    for index, ref in images:
        stem, folder = _stem(ref), PurePosixPath(ref.name).parent
        for part in {stem, *_parts(stem)}:
            kin = by_stem.get(part, [])
            if len(kin) > _MOST_KIN:
                kin = by_place.get((folder, part), [])[:_MOST_KIN]
            for other in kin:
                if other != index:
                    related.setdefault(index, set()).add(other)
                    related.setdefault(other, set()).add(index)
    return related


def _parts(stem: str) -> Iterator[str]:
    """A name's beginnings and ends that are whole words."""
    for cut in _SEPARATORS.finditer(stem):
        yield stem[: cut.start()]
        yield stem[cut.end() :]


def _fingerprints(
    images: Sequence[Indexed], check: Callable[[], None], brightness: SampleRange
) -> Iterator[tuple[int, ImageFingerprint]]:
    """What each picture looks like, decoded a few at a time; the unreadable are told in their turn."""
    batch: list[Indexed] = []
    pixels = 0
    for at, (index, ref) in enumerate(images):
        batch.append((index, ref))
        pixels += ref.size_px[0] * ref.size_px[1]
        if pixels < _BATCH_PIXELS and len(batch) < 16 and at + 1 < len(images):
            continue
        check()
        loaded = load_images([(r.path, r.name) for _, r in batch], check=check, brightness=brightness)
        for (i, _), image in zip(batch, loaded, strict=True):
            if not isinstance(image, ImageRefused):
                yield i, ImageFingerprint.from_image(image.rgb, image.info.format)
        batch, pixels = [], 0

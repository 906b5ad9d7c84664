"""Decide what a complete file or folder of the watched folder is: a specimen, a loose picture, a copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.app.intake import IMAGE_SUFFIXES, Intake, take_in
from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.errors import UserError, system_reason
from bloodcells_gui.domain.i18n import N_, plural
from bloodcells_gui.domain.left_out import expected
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.domain.watching import NO_WORDS, TAKEN, WatchState, WatchWords
from bloodcells_gui.imaging.io.identity import sampled_hash, whole_hash
from bloodcells_gui.imaging.io.page_names import split_page
from bloodcells_gui.imaging.io.refusal import CUT_OFF, ImageRefused, out_of_reach
from bloodcells_gui.storage.watch_memory import Item

# A larger file is known by blocks spread over it, its last bytes included, as slides are.
_WHOLE_HASH_BYTES = 256 * 1024**2

NOT_COMPLETE = N_("{file} cannot be read to its end: {reason}")
_COMES = N_("It is tried again when it changes. If it stays so, copy it again.")
_COMES_OR_TAKE = N_("It is tried again when it changes. If it stays so, copy it again or take it as it is.")
NOTHING_READABLE = N_("No picture in it can be read. {file}: {reason}")
_EXPORT = N_("Save the pictures as TIFF, PNG or JPEG; it is tried again when it changes.")
_UNASSIGNED = N_("Nobody said whose it is.")
_ASSIGN = N_("Choose the pictures of one specimen and assign them.")
NO_PICTURES = N_("It holds no pictures.")
SAME_AS = N_("Its pictures were taken before, as {other}.")
_NOTHING_TWICE = N_("Nothing is analysed twice by itself.")
PARTLY = plural(
    "{n} of its pictures was taken before, with {other}.",
    "{n} of its pictures were taken before, with {other}.",
)
_ONE_SPECIMEN = N_("A picture belongs to one specimen.")
_SORT_OR_TAKE = N_("Sort the pictures, or analyse it all the same.")
CAME_LATER = plural(
    "{n} picture came or changed after this specimen was taken; its case does not have it.",
    "{n} pictures came or changed after this specimen was taken; its case does not have them.",
)
_ANEW = N_("Analyse it anew as another case, or leave it as it is.")
GATHERED = N_("Taken as one specimen, although its images lie in {n} folders or slides.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of an arrival.

    Attributes
    ----------
    state : WatchState
        TAKING where a case is to be made of `intake`; else the state to show.
    words : WatchWords
    intake : Intake or None
    contents : frozenset of str
        Hashes of its images.
    """

    state: WatchState
    words: WatchWords = NO_WORDS
    intake: Intake | None = None
    contents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """What the memory says of an arrival.

    Attributes
    ----------
    item : Item or None
        The arrival itself, where it was seen before.
    earlier : frozenset of str
        Hashes of the images it had when it was taken.
    others : callable
        Which other items hold one of these hashes, by hash.
    """

    item: Item | None
    earlier: frozenset[str]
    others: Callable[[frozenset[str]], Mapping[str, Item]]


def examine(path: Path, known: Known, *, wanted: bool, check: Callable[[], None]) -> Verdict:
    """Look into a file or folder in which nothing changes any more.

    Parameters
    ----------
    wanted : bool
        A person asks to take it as it is: doubts do not hold it back.
    check : callable
        Raises to end the search.
    """
    try:
        intake = take_in(path, check=check)
    except ImageRefused as error:
        return _refused(path, error)
    except UserError as error:
        return Verdict(WatchState.FAILED, WatchWords.of(error))
    doubtful = next((f for f in intake.skipped if f.reason in CUT_OFF or out_of_reach(f.reason)), None)
    if doubtful is not None and not wanted:
        return Verdict(WatchState.WAITING, _not_complete(doubtful))
    if not intake.specimen.images:
        if all(expected(f.reason) for f in intake.skipped):
            return Verdict(WatchState.LEFT_OUT, WatchWords(NO_PICTURES))
        return Verdict(WatchState.FAILED, _nothing_readable(intake))
    try:
        contents = contents_of(intake, check)
    except OSError as error:
        return Verdict(WatchState.WAITING, _not_complete(SkippedFile(path.name, system_reason(error).text())))
    return _compare(path, intake, contents, known, wanted=wanted)


def _nothing_readable(intake: Intake) -> WatchWords:
    first = next(f for f in intake.skipped if not expected(f.reason))
    return WatchWords(NOTHING_READABLE, "", _EXPORT, (("file", first.path), ("reason", first.reason)))


def contents_of(intake: Intake, check: Callable[[], None]) -> frozenset[str]:
    """Hashes of the files of a specimen's images; plain ones are read to their end."""
    files = {split_page(ref.path)[0] for ref in intake.specimen.images}
    slide = intake.specimen.kind is SpecimenKind.SLIDE
    found = set()
    for file in sorted(files):
        check()
        by_blocks = slide or file.stat().st_size > _WHOLE_HASH_BYTES
        found.add(sampled_hash(file, check) if by_blocks else whole_hash(file, check))
    return frozenset(found)


def _refused(path: Path, error: ImageRefused) -> Verdict:
    """A single file that cannot be opened: cut off, out of reach, or no picture."""
    if error.why in CUT_OFF or out_of_reach(error.why):
        return Verdict(WatchState.WAITING, _not_complete(SkippedFile(path.name, error.reason()), _COMES))
    known = path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES
    return Verdict(WatchState.FAILED if known else WatchState.LEFT_OUT, WatchWords.of(error))


def _not_complete(file: SkippedFile, what_to_do: str = _COMES_OR_TAKE) -> WatchWords:
    values = (("file", file.path), ("reason", file.reason))
    return WatchWords(NOT_COMPLETE, "", what_to_do, values)


def _compare(path: Path, intake: Intake, contents: frozenset[str], known: Known, *, wanted: bool) -> Verdict:
    """Compare with what was taken before: nothing twice, and nothing added without a word."""
    item = known.item
    if item is not None and item.state in TAKEN and item.case is not None and not wanted:
        new = contents - known.earlier
        if not new:
            return Verdict(item.state, item.words, None, known.earlier)
        words = WatchWords(CAME_LATER, "", _ANEW, (("n", str(len(new))),))
        return Verdict(WatchState.GROWN, words, None, known.earlier)
    loose = path.is_file() and intake.specimen.kind is not SpecimenKind.SLIDE
    others = {} if wanted and not loose else known.others(contents)
    if others:
        first = others[min(others)].name
        if len(others) == len(contents):
            words = WatchWords(SAME_AS, _NOTHING_TWICE, "", (("other", first),))
            return Verdict(WatchState.DUPLICATE, words, None, contents)
        values = (("n", str(len(others))), ("other", first))
        return Verdict(
            WatchState.HELD, WatchWords(PARTLY, _ONE_SPECIMEN, _SORT_OR_TAKE, values), None, contents
        )
    if loose:
        return Verdict(WatchState.UNASSIGNED, WatchWords(_UNASSIGNED, "", _ASSIGN), intake, contents)
    places = len(intake.places)
    words = WatchWords(GATHERED, params=(("n", str(places)),)) if places > 1 else WatchWords()
    return Verdict(WatchState.TAKING, words, intake, contents)

"""Find one scale for a specimen: compare what its files state with the cells that they show.

Red cells are 6.2 to 8.2 um wide in health and seldom 0.7 or 1.45 times their size in disease: what lies
beyond is no patient but a wrong number, an inch for a centimetre as a rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain import scale_messages as messages
from bloodcells_gui.domain.cell import FLAG_SCALE_CONTRADICTED
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.run_messages import remark
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource
from bloodcells_gui.imaging.scale import RED_CELL_DIAMETER_UM
from bloodcells_gui.pipeline.scale_averaging import WIDE

#: Scale of the file over that of the red cells: between these it may be the patient's cells.
PATIENTS = (0.7, 1.45)
#: Where the mean red cell lies in health, um; beyond it a remark is due.
HEALTHY_UM = (6.2, 8.2)
#: Relative errors of the estimate that a contradiction must exceed: few red cells, or none, prove less.
_SURE = 3.0
#: Scales this close (ln) are one: files round.
_ONE = 0.1
_MOST_GROUPS = 8
_NAMED = 5
# So few red cells that their mean may be off by chance.
_FEW = 10
# Images without a scale: sides this many times longer come from another source, and scales this many times
# larger are others; those of single images only when they are further off.
_OTHER_SIZE = 1.25
_OTHER_SCALE = 1.35
_MOST_SINGLE = 300
# Up to this share of images with another scale may be strays of the measuring: of the others nothing follows.
_STRAYS = 0.05
#: Standard deviation of ln(um per px) of a scale that a person gives, or that files state and cells bear out:
#: numbers are rounded, and calibrated slides differ. Where leukocytes alone bear it out; where nothing does.
STATED_SPREAD = 0.03
_BY_LEUKOCYTES, _UNCHECKED = 0.05, 0.07
# Ends of the range in which a scale that the cells deny is asked for again, in deviations: the cells' is one.
_REACH = 1.3
_FACTORS = (2.54, 10.0, 25.4, 1000.0)
_FACTOR_WITHIN = 0.15

Pixels = NDArray[np.uint8]
#: um per pixel from the cells of images that share one scale, and from what their files say of it.
Estimate = Callable[[Sequence[Pixels], float | None], ScaleEstimate]


@dataclass(frozen=True, slots=True)
class ScaleSample:
    """What is looked at of an image: pixels, um per pixel by its file, what was not understood of it."""

    pixels: Pixels
    said: float | None
    unread: str = ""


@dataclass(frozen=True, slots=True)
class SettledScale:
    """The scale of a specimen.

    Attributes
    ----------
    scale : ScaleEstimate
    doubted : frozenset of int
        Places in the sequence of images whose own scale is not believed.
    remarks : tuple of Remark
        For the run.
    own : mapping of int to float
        um per px of images that have another scale than the specimen, by their own red cells.
    """

    scale: ScaleEstimate
    doubted: frozenset[int] = frozenset()
    remarks: tuple[Remark, ...] = ()
    own: Mapping[int, float] = field(default_factory=dict)

    def mpp(self, place: int, said: float | None) -> float | None:
        """um per px of an image whose file says `said`."""
        if self.scale.source is ScaleSource.PERSON or place in self.doubted:
            return self.scale.mpp
        return said or self.own.get(place) or self.scale.mpp

    @property
    def spread(self) -> float:
        """Standard deviation of ln(um per px); 0 where no cell is named for want of a scale."""
        if self.scale.source in (ScaleSource.CONTRADICTED, ScaleSource.UNKNOWN):
            return 0.0
        return STATED_SPREAD if self.scale.source is ScaleSource.PERSON else self.scale.spread

    def flags(self, images: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """What all cells of an image carry, by the number of the image at each of the first places."""
        here = (place for place in self.doubted if place < len(images))
        return {images[place]: (FLAG_SCALE_CONTRADICTED,) for place in here}


@dataclass(slots=True)
class _Group:
    """Images whose files say the same; `seen` is what their cells say."""

    mpp: float
    places: list[int] = field(default_factory=list)
    seen: ScaleEstimate | None = None

    def off(self) -> float:
        """How far (ln) the file's scale is from the cells'; 0 where these say nothing."""
        return 0.0 if self.seen is None or not self.seen.mpp else math.log(self.mpp / self.seen.mpp)

    @property
    def checked(self) -> bool:
        return self.seen is not None and self.seen.mpp is not None

    @property
    def wrong(self) -> bool:
        return self.seen is not None and contradicts(self.mpp, self.seen)


def contradicts(mpp: float, seen: ScaleEstimate) -> bool:
    """Whether a scale cannot be right in the face of the cells."""
    if not seen.mpp:
        return False
    ratio = mpp / seen.mpp
    sure = abs(math.log(ratio)) > _SURE * seen.spread
    return sure and not PATIENTS[0] <= ratio <= PATIENTS[1]


def settle_scale(
    names: Sequence[str],
    said: Sequence[float | None],
    look: Callable[[Sequence[int]], Mapping[int, ScaleSample]],
    estimate: Estimate,
    *,
    person: float | None = None,
    sample: int = 24,
    sizes: Sequence[tuple[int, int]] = (),
) -> SettledScale | None:
    """The scale of a specimen's images: a person's, else the files' where the cells bear them out.

    Images whose files say the same are held against their own cells together; a few that say otherwise than
    most are believed only where their own cells bear them out.

    Parameters
    ----------
    names : sequence of str
        What remarks call the images.
    said : sequence of float or None
        um per pixel by each file, as far as it is known before anything is decoded.
    look : callable
        Pixels of images by their place; those that cannot be read are left out.
    estimate : callable
        um per pixel from the cells of images that share one scale; what the files say may spare a search.
    person : float or None
        Given by a person: nothing overrules it, but a contradiction is remarked on.
    sample : int
        Images looked at of each group.
    sizes : sequence of (int, int)
        Width, height of the images in px, where they are known: images without a scale that differ much in
        size come from several sources.

    Returns
    -------
    SettledScale or None
        None where no image could be read.
    """
    known = list(said)
    everything = list(range(len(known)))
    first = look(_sample_evenly(everything, sample))
    if not first:
        return None
    for place, seen in first.items():
        known[place] = known[place] or seen.said
    unread = tuple(dict.fromkeys(seen.unread for seen in first.values() if seen.unread))
    remarks = [remark(messages.SCALE_UNREAD, text=text) for text in unread[:1]]
    if person:
        remarks += _check_entered_scale(person, estimate([seen.pixels for seen in first.values()], person))
        return SettledScale(ScaleEstimate(person, ScaleSource.PERSON), remarks=tuple(remarks))

    def of(places: Sequence[int], stated: float | None = None) -> ScaleEstimate:
        wanted = _sample_evenly(places, sample)
        more = look([p for p in wanted if p not in first])
        pixels = [(first.get(p) or more[p]).pixels for p in wanted if p in first or p in more]
        return estimate(pixels, stated) if pixels else ScaleEstimate(None, ScaleSource.UNKNOWN)

    groups = _groups(known)
    for group in groups[:_MOST_GROUPS]:
        group.seen = of(group.places, group.mpp)
    silent = [p for p in everything if not known[p]]
    if groups and 2 * sum(len(g.places) for g in groups) >= len(known):
        return _from_files(groups, names, remarks)
    scale, own, doubted = _by_their_cells(silent, sizes, of, sample)
    return _from_cells(scale, own, doubted, groups, names, remarks)


def _from_files(groups: list[_Group], names: Sequence[str], remarks: list[Remark]) -> SettledScale:
    """The files' own scale, that of most images which nothing contradicts."""
    sound = [g for g in groups if not g.wrong]
    base = next((g for g in sound if g.checked or g is groups[0]), None)
    if base is None:
        worst = groups[0]
        seen = worst.seen or ScaleEstimate(None, ScaleSource.UNKNOWN)
        scale = ScaleEstimate(
            seen.mpp, ScaleSource.CONTRADICTED, seen.spread, seen.n, messages.WARNING_CONTRADICTED
        )
        return SettledScale(scale, frozenset(range(len(names))), (*remarks, *_contradiction(worst)))
    believed = [g for g in sound if g is base or _believed(g, base)]
    spread, basis = _trust(base)
    scale = ScaleEstimate(
        base.mpp, ScaleSource.METADATA, spread, sum(len(g.places) for g in believed), basis=basis
    )
    doubted = sorted(p for g in groups if g not in believed for p in g.places)
    remarks = [
        *remarks,
        *_red_cell_size_remark(base),
        *_uncertainty_remarks(scale),
        *_outliers([names[p] for p in doubted]),
    ]
    return SettledScale(scale, frozenset(doubted), tuple(remarks))


def _trust(group: _Group) -> tuple[float, str]:
    """How far a stated scale that nothing excludes may be off (standard deviation of its ln), and why."""
    seen = group.seen
    if seen is None or not seen.mpp:
        return _UNCHECKED, messages.BASIS_ALONE
    of_red_cells = seen.source is ScaleSource.RED_CELLS
    if of_red_cells:
        agrees = not _red_cell_size_remark(group)
    else:
        agrees = abs(group.off()) <= 2 * seen.spread
    if not agrees:
        return max(abs(group.off()) / _REACH, _BY_LEUKOCYTES), messages.BASIS_DISAGREES
    if of_red_cells:
        return STATED_SPREAD, messages.BASIS_AGREES
    return _BY_LEUKOCYTES, messages.BASIS_LEUKOCYTES_AGREE


def _by_their_cells(
    places: Sequence[int],
    sizes: Sequence[tuple[int, int]],
    of: Callable[[Sequence[int]], ScaleEstimate],
    sample: int,
) -> tuple[ScaleEstimate, dict[int, float], list[int]]:
    """The scale of images whose files say nothing; which have another one, and whose is not known.

    Images of one source have one size and one scale. Where sizes differ much, each size is measured by
    itself; where the red cells of single images contradict the others of their size, each image is.
    """
    found = [(part, of(part)) for part in _parts(places, sizes)]
    base = found[0][1]
    own: dict[int, float] = {}
    doubted: list[int] = []
    for part, seen in found:
        if seen is not base and _significantly_different(seen, base):
            if seen.source is not ScaleSource.RED_CELLS or not seen.mpp:
                doubted += part
                continue
            own |= dict.fromkeys(part, seen.mpp)
        if not _others(_sample_evenly(part, sample), seen, of)[1]:
            continue
        measured, others = _others(part[:_MOST_SINGLE], seen, of)
        own |= others
        if len(others) > max(1, _STRAYS * len(measured)):
            doubted += [place for place in part if place not in measured]
    return base, own, doubted


def _others(
    places: Sequence[int], seen: ScaleEstimate, of: Callable[[Sequence[int]], ScaleEstimate]
) -> tuple[set[int], dict[int, float]]:
    """Images with red cells of their own to measure, and those among them that have another scale."""
    if len(places) < 2:
        return set(places), {}
    measured: set[int] = set()
    others: dict[int, float] = {}
    for place in places:
        it = of([place])
        if it.source is ScaleSource.RED_CELLS and it.mpp:
            measured.add(place)
            if _significantly_different(it, replace(seen, spread=0.0), _OTHER_SCALE):
                others[place] = it.mpp
    return measured, others


def _parts(places: Sequence[int], sizes: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Places by the size of their images, most first; one part where sizes pass into each other."""
    if len(sizes) <= max(places, default=0):
        return [list(places)]
    parts: list[list[int]] = []
    last = 0
    for side, place in sorted((max(sizes[p]), p) for p in places):
        if not parts or side > _OTHER_SIZE * max(last, 1):
            parts.append([])
        parts[-1].append(place)
        last = side
    return sorted((sorted(part) for part in parts), key=lambda part: -len(part)) or [[]]


def _significantly_different(seen: ScaleEstimate, base: ScaleEstimate, least: float = _OTHER_SIZE) -> bool:
    if not seen.mpp or not base.mpp:
        return seen.mpp != base.mpp
    apart = abs(math.log(seen.mpp / base.mpp))
    return apart > max(math.log(least), _SURE * math.hypot(seen.spread, base.spread))


def _from_cells(
    scale: ScaleEstimate,
    own: Mapping[int, float],
    unknown: Sequence[int],
    groups: list[_Group],
    names: Sequence[str],
    remarks: list[Remark],
) -> SettledScale:
    """The cells' scale, where most files say nothing; the few that do are held against it."""
    doubted = list(unknown)
    for group in groups:
        alone = not group.checked and scale.mpp is not None and contradicts(group.mpp, scale)
        if group.wrong or alone:
            doubted += group.places
    different = [remark(messages.SCALES_DIFFER, count=len(own))] if own else []
    remarks = [
        *remarks,
        *_uncertainty_remarks(scale),
        *different,
        *_outliers([names[p] for p in sorted(doubted)]),
    ]
    return SettledScale(scale, frozenset(doubted), tuple(remarks), own)


def _uncertainty_remarks(scale: ScaleEstimate) -> list[Remark]:
    if scale.mpp is None:
        return [remark(messages.NO_SCALE)]
    template = messages.UNSURE_SCALES.get(scale.basis)
    if template is None or scale.limits is None or scale.spread < WIDE:
        return []
    low, high = scale.limits
    return [remark(template, n_mpp=f"{scale.mpp:.3g}", n_low=f"{low:.3g}", n_high=f"{high:.3g}")]


def _believed(group: _Group, base: _Group) -> bool:
    """Whether another scale than that of most images is believed."""
    if not group.checked:
        return 2 * len(group.places) > len(base.places)
    # Its own cells must fit its own scale better than that of the others.
    return abs(group.off()) < abs(group.off() + math.log(base.mpp / group.mpp))


def _groups(known: Sequence[float | None]) -> list[_Group]:
    """Images by what their files say, most first."""
    found: list[_Group] = []
    for mpp, place in sorted((mpp, place) for place, mpp in enumerate(known) if mpp):
        if not found or math.log(mpp / found[-1].mpp) > _ONE:
            found.append(_Group(mpp))
        found[-1].places.append(place)
    for group in found:
        group.places.sort()
        group.mpp = float(np.median([known[p] for p in group.places]))
    return sorted(found, key=lambda g: -len(g.places))


def _sample_evenly(places: Sequence[int], most: int) -> list[int]:
    step = max(1, len(places) // most)
    return list(places[::step][:most])


def _contradiction(group: _Group) -> list[Remark]:
    if group.seen is None or not group.seen.mpp:
        return []
    said, seen = f"{group.mpp:.4g}", f"{group.seen.mpp:.3g}"
    return [remark(messages.SCALE_CONTRADICTED, n_said=said, n_seen=seen), *_factor(group.mpp, group.seen)]


def _factor(mpp: float, seen: ScaleEstimate) -> list[Remark]:
    """The factor of a confused unit, where one explains the difference."""
    off = abs(math.log(mpp / (seen.mpp or mpp)))
    for factor in _FACTORS:
        if abs(off - math.log(factor)) < _FACTOR_WITHIN + seen.spread:
            return [remark(messages.SCALE_FACTORS[factor])]
    return []


def _check_entered_scale(mpp: float, seen: ScaleEstimate) -> list[Remark]:
    if not contradicts(mpp, seen):
        return []
    found = remark(messages.SCALE_BY_HAND, n_said=f"{mpp:.4g}", n_seen=f"{seen.mpp:.3g}")
    return [found, *_factor(mpp, seen)]


def _red_cell_size_remark(group: _Group) -> list[Remark]:
    """A remark where red cells are larger or smaller than in health at the scale of the file."""
    seen = group.seen
    if seen is None or seen.source is not ScaleSource.RED_CELLS:
        return []
    um = RED_CELL_DIAMETER_UM * math.exp(group.off())
    unsure = seen.spread if seen.n < _FEW else 0.0
    if HEALTHY_UM[0] * (1 - unsure) <= um <= HEALTHY_UM[1] * (1 + unsure):
        return []
    return [remark(messages.SCALE_OF_THE_PATIENT, n_um=f"{um:.1f}")]


def _outliers(names: Sequence[str]) -> list[Remark]:
    if not names:
        return []
    listed = ", ".join(messages.quotable(name) for name in names[:_NAMED])
    more = ", …" if len(names) > _NAMED else ""
    return [remark(messages.SCALE_OUTLIERS, count=len(names), text=listed + more)]

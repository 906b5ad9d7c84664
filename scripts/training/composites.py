"""Made training crops: cells set into other laboratories' blood fields, and smudges torn from nuclei.

Blasts are labelled on marrow alone. Unless some are cut out and set into blood in other stains (and other marrow
classes, and blood cells, likewise), a network learns "looks like marrow" instead of "blast".
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from scripts.training.data import CACHE_PX, CACHE_UM, FIELD_SETS, LEAVES, Cache
from scripts.training.smudges import KIND_SHARES, KINDS, made_smudge
from scripts.training.torn_nuclei import SMUDGE_KINDS, smudge

CENTRE = CACHE_PX // 2
SEGMENTER = Path("models/segmenter-1")
# Width of the cytoplasm kept around the nucleus: scanty in blasts and lymphocytes, wide in granulocytes.
RIM_UM = defaultdict(lambda: 2.3, BL=1.4, LY=1.2, VLY=1.8, SNE=2.0, NE=2.0)


def nuclei_mask(image: np.ndarray) -> np.ndarray:
    """Nuclear pixels of a crop (bool): Otsu's threshold on darkness in green plus purpleness, red cells damped."""
    smooth = cv2.GaussianBlur(image, (0, 0), 1.2).astype(np.float32)
    r, g, b = smooth[..., 0], smooth[..., 1], smooth[..., 2]
    purple = np.minimum((r + b) / 2 - g, 70)
    index = np.clip(0.55 * (255 - g) + 1.3 * purple, 0, 255).astype(np.uint8)
    level, mask = cv2.threshold(index, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    if (mask > 0).mean() > 0.25:  # red cells or cytoplasm came along: threshold again among what is left
        level, _ = cv2.threshold(index[mask > 0], 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        mask = ((index > level) * 255).astype(np.uint8)
    return cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0


def _solidity(mask: np.ndarray) -> float:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return 0.0
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))
    return float(mask.sum()) / max(1.0, cv2.contourArea(hull))


def _nearest_part(mask: np.ndarray) -> np.ndarray:
    """The connected part nearest the middle of the crop."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8))
    near = np.full(count, np.inf)
    ys, xs = np.nonzero(labels)
    np.minimum.at(near, labels[ys, xs], np.hypot(xs - CENTRE, ys - CENTRE))
    best = int(near.argmin())
    if not np.isfinite(near[best]) or near[best] > 4.0 / CACHE_UM:
        return np.zeros_like(mask, dtype=bool)
    return labels == best


def _split_touching(mask: np.ndarray) -> np.ndarray:
    """The nucleus nearest the middle of a clump: eroded until it is convex, then grown back."""
    for reach in range(0, 25, 4):
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        part = _nearest_part(cv2.erode(mask.astype(np.uint8), kernel))
        if not part.any():
            break
        if _solidity(part) > 0.9:
            return (cv2.dilate(part.astype(np.uint8), kernel) > 0) & mask
    return np.zeros_like(mask, dtype=bool)


def central_nucleus(image: np.ndarray, lobed: bool = False) -> np.ndarray | None:
    """The nucleus nearest the middle; None where none is plausible.

    Lobes within 1.3 um are joined when `lobed`; otherwise clumps are split into round nuclei.
    """
    joined = nuclei_mask(image).astype(np.uint8)
    if lobed:
        joined = cv2.morphologyEx(
            joined, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
        )
    else:
        contours, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(joined, contours, -1, 1, -1)
        joined = cv2.morphologyEx(
            joined, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
        )
    out = _nearest_part(joined)
    if not lobed:
        out = _split_touching(out)
    ys, xs = np.nonzero(out)
    if len(xs) == 0 or not 12 < len(xs) * CACHE_UM**2 < 300:
        return None
    if np.hypot(xs.mean() - CENTRE, ys.mean() - CENTRE) * CACHE_UM > 4.5:
        return None
    return out


def cell_mask(nucleus: np.ndarray, rim_um: float) -> np.ndarray:
    """The nucleus with a rim of cytoplasm (bool); rough, which the soft edge of the composite forgives."""
    distance = cv2.distanceTransform((~nucleus).astype(np.uint8), cv2.DIST_L2, 5) * CACHE_UM
    return distance < rim_um


def lab_stats(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean and standard deviation (6,) of the 8-bit Lab values under a mask."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)[mask].astype(np.float32)
    return np.concatenate([lab.mean(0), lab.std(0) + 1.0])


def restyle(image: np.ndarray, source: np.ndarray, target: np.ndarray, share: float) -> np.ndarray:
    """Reinhard's transfer in Lab from one laboratory's statistics towards another's (`share` 0 to 1)."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    gain = np.clip(target[3:] / source[3:], 0.6, 1.6)
    gain = 1 + share * (gain - 1)
    out = (lab - source[:3]) * gain + source[:3] + share * (target[:3] - source[:3])
    return cv2.cvtColor(np.clip(out, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)


def erase_centre(image: np.ndarray) -> np.ndarray:
    """A background: the small central object (platelet) painted out."""
    nuclei = nuclei_mask(image)
    yy, xx = np.mgrid[:CACHE_PX, :CACHE_PX]
    near = np.hypot(xx - CENTRE, yy - CENTRE) * CACHE_UM < 3.0
    mask = cv2.dilate((nuclei & near).astype(np.uint8), np.ones((9, 9), np.uint8))
    return cv2.inpaint(image, mask, 5, cv2.INPAINT_TELEA)


def segmented_cells(
    images: np.ndarray, wanted: list[int], bundle: Path
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Nucleus and whole cell (bool, in the cache's frame) of the crops whose outline is plausible, by a segmenter.

    A segmenter keeps the whole cytoplasm, which a nucleus with a rim of fixed width cannot.
    """
    from bloodcells_gui.inference.bundle import load_bundle
    from bloodcells_gui.inference.preprocess import crop_at_scale
    from bloodcells_gui.inference.segmenter import Segmenter

    segmenter = Segmenter(load_bundle(bundle), threads=1)
    size, um = segmenter.size_px, segmenter.um_per_px
    zoom = um / CACHE_UM
    back = np.array([[zoom, 0, CENTRE - zoom * size / 2], [0, zoom, CENTRE - zoom * size / 2]])
    out = {}
    for k in range(0, len(wanted), 64):
        rows = wanted[k : k + 64]
        windows = np.stack([crop_at_scale(images[i], (CENTRE, CENTRE), CACHE_UM, size, um) for i in rows])
        for i, mask in zip(rows, segmenter.segment(windows), strict=True):
            parts = [
                cv2.warpAffine((mask >= level) * np.float32(1), back, (CACHE_PX, CACHE_PX)) > 0.5
                for level in (2, 1)
            ]
            nucleus, cell = parts[0], parts[1]
            area = float(cell.sum()) * CACHE_UM**2
            ys, xs = np.nonzero(cell)
            if not 35 < area < 420 or nucleus.sum() < 0.12 * cell.sum() or _solidity(cell) < 0.86:
                continue
            if np.hypot(xs.mean() - CENTRE, ys.mean() - CENTRE) * CACHE_UM > 3.0:
                continue
            out[i] = (nucleus, cell)
    return out


def paste(
    cell: np.ndarray, alpha: np.ndarray, background: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Blend a cell into a background, turned at random; `alpha` (h, w) float32 is 1 where the cell lies."""
    turn = cv2.getRotationMatrix2D(
        (CENTRE, CENTRE), float(rng.uniform(0, 360)), float(rng.uniform(0.92, 1.08))
    )
    cell = cv2.warpAffine(cell, turn, (CACHE_PX, CACHE_PX), borderMode=cv2.BORDER_REFLECT_101)
    alpha = cv2.GaussianBlur(
        cv2.warpAffine(alpha, turn, (CACHE_PX, CACHE_PX)), (0, 0), float(rng.uniform(0.7, 1.5))
    )
    return (alpha[..., None] * cell + (1 - alpha[..., None]) * background).astype(np.uint8)


def cell_alpha(image: np.ndarray, nucleus: np.ndarray, cell: np.ndarray | None, rim_um: float) -> np.ndarray:
    """(h, w) float32: the segmented cell drawn in by a pixel, or else the nucleus and what is darker than field around it."""
    if cell is not None:
        return cv2.erode(cell.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    level = np.percentile(image[..., 1], 92)
    dark = cv2.GaussianBlur(np.clip((level - image[..., 1].astype(np.float32) - 6) / 16, 0, 1), (0, 0), 1.5)
    return np.where(nucleus, 1.0, cell_mask(nucleus, rim_um) * dark).astype(np.float32)


def resized(cell: np.ndarray, alpha: np.ndarray, diameter_um: float) -> tuple[np.ndarray, np.ndarray]:
    """Cell and alpha scaled to a diameter (of the circle of equal area) and moved to the middle."""
    ys, xs = np.nonzero(alpha > 0.5)
    if len(xs) == 0:
        return cell, alpha
    zoom = diameter_um / (2 * np.sqrt(len(xs) / np.pi) * CACHE_UM)
    matrix = np.array(
        [[zoom, 0, CENTRE - zoom * xs.mean()], [0, zoom, CENTRE - zoom * ys.mean()]], np.float64
    )
    if zoom < 0.8:  # INTER_AREA has no place in warpAffine
        cell = cv2.GaussianBlur(cell, (0, 0), 0.35 / zoom)
    size = (CACHE_PX, CACHE_PX)
    return (
        np.asarray(cv2.warpAffine(cell, matrix, size, borderMode=cv2.BORDER_REFLECT_101)),
        np.asarray(cv2.warpAffine(alpha, matrix, size)),
    )


def even_nucleus(cell: np.ndarray, alpha: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The inside of a cell smoothed, its edge kept: shrinking makes chromatin finer and noisier than it is."""
    smooth = cv2.GaussianBlur(cell, (0, 0), float(rng.uniform(0.3, 0.6)) / CACHE_UM)
    inside = cv2.erode((alpha > 0.5).astype(np.uint8), np.ones((9, 9), np.uint8)).astype(np.float32)
    inside = cv2.GaussianBlur(inside, (0, 0), 1.5)[..., None]
    return np.asarray(inside * smooth + (1 - inside) * cell).astype(np.uint8)


def coarsened(image: np.ndarray, um: float) -> np.ndarray:
    """A crop as a camera of `um` per px shows it, at the cache's scale."""
    side = max(8, round(CACHE_PX * CACHE_UM / um))
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (CACHE_PX, CACHE_PX), interpolation=cv2.INTER_LINEAR))


def _masks(
    images: np.ndarray, wanted: list[int], lobed: dict[int, bool]
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    out = {}
    for i in wanted:
        nucleus = central_nucleus(images[i], lobed[i])
        if nucleus is None:
            continue
        out[i] = (nucleus, cell_mask(nucleus, 1.5))
    return out


#: Crops of one site that cells are cut out of, and crops of smudges made.
_MOST_OF_A_SITE, _SMUDGES = 1700, 2000
#: Share of the smudges whose outline is drawn, and not that of the nucleus.
_DRAWN_SMUDGES = 0.6
#: Share of the made blasts that are as small as lymphoblasts, of lymphocytes made as a counterpart, and of coarse cameras.
_LYMPHOBLASTS, _COUNTERPARTS, _COARSE = 0.4, 0.5, 0.33
#: Diameters in um: of lymphoblasts, and of lymphocytes beside them.
_LYMPHOBLAST_UM, _LYMPHOCYTE_UM = (9.0, 12.0), (7.0, 11.0)


@dataclass(frozen=True)
class _Ground:
    """A picture to set a cell into, its site, and how far the picture reaches from the middle (None: to the edge)."""

    site: str
    half_um: float | None
    image: np.ndarray


class _Grounds:
    """Crops that cells are set into, by split and site; what lies in their middle is erased."""

    def __init__(self, real: Cache, rows: dict[str, dict[str, list[int]]], rng: np.random.Generator) -> None:
        self._real, self._rows, self._rng = real, rows, rng

    def draw(self, split: str, avoid: str) -> _Ground:
        """One of `split`, of another site than `avoid` where there is one."""
        sites = [s for s in self._rows[split] if s != avoid] or list(self._rows[split])
        return self.of(split, str(self._rng.choice(sites)))

    def of(self, split: str, site: str) -> _Ground:
        """One of a site."""
        i = int(self._rng.choice(self._rows[split][site]))
        ground = self._real.images[i].copy()
        m = self._real.meta[i]
        return _Ground(site, m.get("half_um"), erase_centre(ground) if m["label"] == "PLT" else ground)

    def several(self, m: dict) -> Iterator[_Ground]:
        """Grounds for one cell: for validation blasts and lymphocytes of marrow one of every site, else as often as it is rare."""
        if m["split"] == "val" and m["site"] == "mll-marrow" and m["label"] in ("BL", "LY"):
            for site in self._rows["val"]:
                if site != m["site"]:
                    yield self.of("val", site)
            return
        often = {"BL": 3, "LY": 3, "VLY": 3}
        by_site = {"mll-marrow": often.get(m["label"], 2), "lmu": 4}
        times = by_site.get(m["site"], often.get(m["label"], 1)) if m["split"] == "train" else 1
        for _ in range(times):
            yield self.draw(m["split"], m["site"])


def _parts(real: Cache) -> tuple[dict[str, list[int]], dict[str, dict[str, list[int]]]]:
    """Rows of cells by site, and of what they may be set into by split and site; test groups left out."""
    cells: dict[str, list[int]] = defaultdict(list)
    grounds: dict[str, dict[str, list[int]]] = {"train": defaultdict(list), "val": defaultdict(list)}
    for i, m in enumerate(real.meta):
        if m["use"] != "train+ship" or m["split"] == "test":
            continue
        field = m["set"] in FIELD_SETS
        empty = m["label"] == "ART" and m["site"] != "pbc" if field else m["label"] == "PLT"
        if empty:
            grounds[m["split"]][m["site"]].append(i)
        elif m["label"] not in ("", "ART", "PLT", "SMU", "WBC"):
            cells[m["site"]].append(i)
    return cells, grounds


def _styles(
    real: Cache,
    cells: dict[str, list[int]],
    chosen: list[int],
    masks: dict[int, tuple[np.ndarray, np.ndarray]],
) -> dict[str, np.ndarray]:
    """Mean colours of the cells of every site."""
    style = {}
    for site in cells:
        of_site = [i for i in chosen if real.meta[i]["site"] == site]
        rows = [lab_stats(real.images[i], masks[i][1]) for i in of_site if i in masks]
        style[site] = np.mean(rows, axis=0)
        print(site, "cells cut out", len(rows), "of", len(of_site), style[site].round(0))
    return style


def build(folder: Path, seed: int = 7, segmenter: Path = SEGMENTER, smudges: int = _SMUDGES) -> None:
    """Write the cache "made" from the training and validation parts of the cache "real", with `smudges` smudge cells."""
    rng = np.random.default_rng(seed)
    real = Cache(folder, "real")
    cells, rows = _parts(real)
    if not rows["train"] or not rows["val"]:
        print("no platelet crops or fields to set cells into: no made crops")
        return
    chosen = []
    for site in sorted(cells, key=lambda s: (s == "pbc", s)):
        chosen += [int(i) for i in rng.permutation(cells[site])[:_MOST_OF_A_SITE]]
    masks = _masks(
        real.images, chosen, {i: real.meta[i]["label"] in ("SNE", "BNE", "NE", "EO", "BA") for i in chosen}
    )
    outlines = segmented_cells(real.images, chosen, segmenter) if segmenter.is_dir() else {}
    print(len(outlines), "of", len(chosen), "outlined by the segmenter")
    style = _styles(real, cells, chosen, masks)
    for site in {s for part in rows.values() for s in part}:
        style.setdefault(site, np.mean(list(style.values()), axis=0))
    grounds = _Grounds(real, rows, rng)
    made = [
        *_pasted(
            real, [i for i in chosen if i in masks or i in outlines], masks, outlines, style, grounds, rng
        ),
        *_smudged(real, [i for i in chosen if i in masks], masks, style, grounds, rng, smudges),
    ]
    for _, m in made:
        assert set(m["leaves"]) <= set(LEAVES)
    Cache.write(folder, "made", [image for image, _ in made], [m for _, m in made])
    print(len(made), "made crops")


def _pasted(
    real: Cache,
    chosen: list[int],
    masks: dict[int, tuple[np.ndarray, np.ndarray]],
    outlines: dict[int, tuple[np.ndarray, np.ndarray]],
    style: dict[str, np.ndarray],
    grounds: _Grounds,
    rng: np.random.Generator,
) -> Iterator[tuple[np.ndarray, dict]]:
    """Cells of one laboratory on the ground of another; rare ones several times."""
    for i in chosen:
        m = real.meta[i]
        nucleus, outline = outlines.get(i) or (masks[i][0], None)
        for ground in grounds.several(m):
            own = style[ground.site] if rng.random() < 0.8 else style[str(rng.choice(list(style)))]
            cell = restyle(real.images[i], style[m["site"]], own, float(rng.uniform(0.4, 1.0)))
            small = m["label"] == "BL" and rng.random() < _LYMPHOBLASTS
            like = m["label"] in ("LY", "VLY") and rng.random() < _COUNTERPARTS
            if small or like:
                alpha = cell_alpha(cell, nucleus, outline, float(rng.uniform(0.3, 0.9)))
                cell, alpha = resized(
                    cell, alpha, float(rng.uniform(*(_LYMPHOBLAST_UM if small else _LYMPHOCYTE_UM)))
                )
                if rng.random() < 0.5:
                    cell = even_nucleus(cell, alpha, rng)
            else:
                alpha = cell_alpha(cell, nucleus, outline, RIM_UM[m["label"]] + float(rng.uniform(-0.3, 0.9)))
            made = paste(cell, alpha, ground.image, rng)
            if rng.random() < _COARSE:
                made = coarsened(made, float(rng.uniform(0.25, 0.5)))
            yield made, {**_made_of(m, ground), "lympho": bool(small)}


def _made_of(m: dict, ground: _Ground) -> dict:
    """The metadata of a crop made from another's cell: the picture reaches as far as the ground's."""
    kept = {k: v for k, v in m.items() if k != "half_um"}
    reach = {} if ground.half_um is None else {"half_um": ground.half_um}
    return {**kept, **reach, "set": "made", "site": f"{m['site']}>{ground.site}"}


def _smudged(
    real: Cache,
    masked: list[int],
    masks: dict[int, tuple[np.ndarray, np.ndarray]],
    style: dict[str, np.ndarray],
    grounds: _Grounds,
    rng: np.random.Generator,
    number: int,
) -> Iterator[tuple[np.ndarray, dict]]:
    """Smudge cells drawn from the nuclei of whole ones, of all kinds alike."""
    torn = [i for i in masked if real.meta[i]["label"] in ("LY", "BL", "MO", "SNE", "VLY", "NE")]
    for i in rng.choice(torn, number, replace=len(torn) < number):
        m = real.meta[int(i)]
        ground = grounds.draw(m["split"], "")
        source = real.images[i]
        if rng.random() < 0.75:
            source = restyle(source, style[m["site"]], style[ground.site], 0.8)
        drawn = rng.random() < _DRAWN_SMUDGES
        kind = str(rng.choice(KINDS, p=KIND_SHARES) if drawn else rng.choice(list(SMUDGE_KINDS)))
        made = (made_smudge if drawn else smudge)(source, masks[int(i)][0], ground.image, rng, kind)
        kind = kind if drawn else f"nucleus, {kind}"
        yield made, {**_made_of(m, ground), "label": "SMU", "leaves": ("SMU",), "smudge": kind}


def main() -> None:
    """Build the cache "made"."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    build(parser.parse_args().cache)


if __name__ == "__main__":
    main()

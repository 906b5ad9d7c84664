"""Judge explanation maps by numbers, before any masking, on cells of every laboratory.

    python -m scripts.evaluate_explanations --json explanations.json

Cells go through the program as far as it keeps them in a case, then each is explained. Asked is, by laboratory:

- are maps of different cells of one class different (within the common part of both outlines);
- is the map of the same cell the same when it is moved, turned or recoloured;
- does blurring the hottest fifth of the cell take more log-odds than blurring a random or a central fifth;
- does a network with shuffled weights give other maps;
- how much of what speaks for the class lies inside the outline when places all over the window are covered.

Grad-CAM is judged beside it. Log-odds are those of the class against all others. Test cells only; the shipped
network has seen other cells of every laboratory but `tecom`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from bloodcells_gui.app.analysis_wiring import cell_analyzer
from bloodcells_gui.app.cell_views import decode_jpeg, decode_mask
from bloodcells_gui.app.engine import Engine, load_engine
from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.classifier import Classifier
from bloodcells_gui.inference.occlusion import occlusion_map
from bloodcells_gui.inference.preprocess import crop_at_scale
from bloodcells_gui.pipeline.cell_place import CellPlace
from scripts.training.data import (
    CACHE_UM,
    FIELD_SETS,
    Item,
    cells_of_field,
    leukocyte_labels,
    lisc_places,
    load_items,
    read_rgb,
)

SITES = ("pbc", "raabin", "bccd", "lisc", "deepbionet", "lmu", "mll-marrow", "tecom")
_UNNAMED = frozenset({"", "ART", "PLT", "WBC", "SMU"})
SHARE = 0.2
_BLUR_UM = 1.4
_RANDOM = 4
_LEAST_LOST = 0.01
_MOVED_PX, _TURNED = (5.0, -4.0), (90.0, 30.0)
_RECOLOUR, _OFFSET = np.array([1.06, 0.97, 0.94]), np.array([-4.0, 3.0, 5.0])
GOALS = {
    "different_cells": 0.6,
    "same_cell": 0.8,
    "against_random": 1.5,
    "against_centred": 1.0,
    "inside": 0.7,
}


@dataclass(frozen=True, eq=False)
class Kept:
    """A cell in the classifier's window: crop (s, s, 3) uint8, mask (s, s) bool, class by number and name."""

    site: str
    label: str
    crop: np.ndarray
    mask: np.ndarray
    leaf: int
    thumbnail: bytes
    mask_png: bytes


@dataclass
class Found:
    """What was measured of the cells of one laboratory."""

    n: int = 0
    maps: dict[str, list[tuple[int, np.ndarray, np.ndarray]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def figures(self) -> dict:
        """Medians, with how many cells (or pairs of cells) each is of."""
        out: dict = {"cells": self.n}
        for kind, maps in self.maps.items():
            pairs = [
                correlation(a[1], b[1], a[2] & b[2])
                for i, a in enumerate(maps)
                for b in maps[:i]
                if a[0] == b[0]
            ]
            out[f"{kind}: different cells of one class"] = _median(pairs)
        for name, values in sorted(self.values.items()):
            out[name] = _median(values)
        for kind in self.maps:
            hot = out[f"{kind}: lost by blurring its hottest fifth"]["median"]
            for other in ("random", "centred"):
                lost = out[f"lost by blurring a {other} fifth"]["median"]
                # Where the other takes next to nothing there is no ratio.
                ratio = round(hot / lost, 2) if lost > _LEAST_LOST else None
                out[f"{kind}: hottest over {other} fifth"] = ratio
        return out


def _median(values: Sequence[float]) -> dict:
    known = [v for v in values if np.isfinite(v)]
    return {"median": round(float(np.median(known)), 3) if known else None, "n": len(known)}


def correlation(a: np.ndarray, b: np.ndarray, within: np.ndarray) -> float:
    """Pearson's correlation of two maps within a mask; NaN where one is even or there is next to nothing."""
    x, y = a[within].astype(np.float64), b[within].astype(np.float64)
    if len(x) < 50 or x.std() < 1e-9 or y.std() < 1e-9:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def hottest(values: np.ndarray, mask: np.ndarray, share: float = SHARE) -> np.ndarray:
    """The `share` of the mask's pixels with the highest values (bool)."""
    n = max(1, round(float(mask.sum()) * share))
    ranked = np.where(mask, values, -np.inf).ravel()
    out = np.zeros(mask.size, np.bool_)
    out[np.argpartition(-ranked, n - 1)[:n]] = True
    return out.reshape(mask.shape)


def log_odds(logits: np.ndarray, leaf: int) -> np.ndarray:
    """Of one leaf against all others (n,), from logits (n, K)."""
    others = np.delete(logits.astype(np.float64), leaf, axis=1)
    top = others.max(axis=1)
    return logits[:, leaf] - (top + np.log(np.exp(others - top[:, None]).sum(axis=1)))


def sample(
    items: Sequence[Item], data: Path, site: str, most: int, seed: int
) -> list[tuple[str, np.ndarray, float]]:
    """Label, picture and um per px of at most `most` test cells of a laboratory, its classes in turn."""
    rng = np.random.default_rng(seed)
    named, places = leukocyte_labels(), lisc_places()
    by_label: dict[str, list[tuple[str, np.ndarray, float]]] = defaultdict(list)
    chosen = [i for i in items if i.site == site and i.split == "test"]
    for at in rng.permutation(len(chosen)):
        item = chosen[at]
        if item.set in FIELD_SETS:
            found = [
                (label, crop, CACHE_UM) for label, crop in cells_of_field(data, item, rng, named, places)
            ]
        elif item.label in _UNNAMED or len(by_label[item.label]) >= most:
            continue
        else:
            found = [(item.label, read_rgb(data / item.path), item.um_per_px)]
        for label, picture, um in found:
            if label not in _UNNAMED and len(by_label[label]) < most:
                by_label[label].append((label, picture, um))
    out: list[tuple[str, np.ndarray, float]] = []
    while len(out) < most and any(by_label.values()):
        for cells in by_label.values():
            if cells and len(out) < most:
                out.append(cells.pop())
    return out


def keep(engine: Engine, cells: Sequence[tuple[str, np.ndarray, float]], site: str) -> list[Kept]:
    """The cells as a case keeps them, those without an outline left out."""
    work = cell_analyzer(engine)
    classifier, out = engine.classifier, []
    for label, picture, um in cells:
        height, width = picture.shape[:2]
        ((cell, assets),) = work.process([CellPlace(0, picture, (0, 0), (width / 2, height / 2), um)])
        outline = decode_mask(assets.mask) > 0
        if not outline.any():
            continue
        rgb, field_um = decode_jpeg(assets.thumbnail), work.windows.field_um

        def in_window(image: np.ndarray, field_um: float = field_um) -> np.ndarray:
            side = image.shape[0]
            middle = (side / 2, side / 2)
            return crop_at_scale(image, middle, field_um / side, classifier.size_px, classifier.um_per_px)

        mask = in_window(np.repeat(outline[..., None], 3, axis=2).astype(np.uint8) * 255)[..., 0] > 127
        leaf = classifier.classes.index(cell.predicted)
        out.append(Kept(site, label, in_window(rgb), mask, leaf, assets.thumbnail, assets.mask))
    return out


class Judge:
    """Explains cells with a classifier, and measures what the maps are worth."""

    def __init__(self, classifier: Classifier, shuffled: Classifier) -> None:
        self.classifier = classifier
        self.shuffled = shuffled
        self.um = classifier.um_per_px

    def map_of(
        self, crop: np.ndarray, mask: np.ndarray, leaf: int, *, everywhere: bool = False
    ) -> np.ndarray:
        """The occlusion map (s, s) of a leaf."""
        return occlusion_map(crop, mask, self.um, [leaf], self._logits, everywhere=everywhere).lost

    def _logits(self, crops: np.ndarray) -> np.ndarray:
        return self.classifier.predict(crops).logits

    def judge(self, found: Found, cell: Kept, *, closely: bool) -> None:
        """Measure one cell; moved, turned and recoloured, and with shuffled weights, only when `closely`."""
        found.n += 1
        everywhere = self.map_of(cell.crop, cell.mask, cell.leaf, everywhere=True)
        found.maps["occlusion"].append((cell.leaf, everywhere, cell.mask))
        cam = self.classifier.explain(cell.crop[None], [self.classifier.classes[cell.leaf]])[0]
        found.maps["grad-cam"].append((cell.leaf, cam, cell.mask))
        for_it = everywhere.clip(0)
        if for_it.any():
            found.values["occlusion: share of what speaks for it inside the outline"].append(
                float(for_it[cell.mask].sum() / for_it.sum())
            )
        self._delete(found, cell, everywhere, cam)
        if closely:
            self._same_cell(found, cell)

    def _delete(self, found: Found, cell: Kept, occlusion: np.ndarray, cam: np.ndarray) -> None:
        rows, columns = np.nonzero(cell.mask)
        y, x = np.mgrid[: len(cell.mask), : len(cell.mask)]
        central = -np.hypot(y - rows.mean(), x - columns.mean())
        rng = np.random.default_rng(int(rows.sum()))
        noise = [cv2.GaussianBlur(rng.normal(size=cell.mask.shape), (0, 0), 5) for _ in range(_RANDOM)]
        blurred = cv2.GaussianBlur(cell.crop, (0, 0), _BLUR_UM / self.um)
        spots = [hottest(v, cell.mask)[..., None] for v in (occlusion, cam, central, *noise)]
        crops = np.stack([cell.crop, *(np.where(spot, blurred, cell.crop) for spot in spots)])
        odds = log_odds(self._logits(crops), cell.leaf)
        lost = odds[0] - odds[1:]
        found.values["occlusion: lost by blurring its hottest fifth"].append(float(lost[0]))
        found.values["grad-cam: lost by blurring its hottest fifth"].append(float(lost[1]))
        found.values["lost by blurring a centred fifth"].append(float(lost[2]))
        found.values["lost by blurring a random fifth"].append(float(lost[3:].mean()))

    def _same_cell(self, found: Found, cell: Kept) -> None:
        size = len(cell.mask)
        plain = self.map_of(cell.crop, cell.mask, cell.leaf)
        rival = self._rival(cell)
        middle = ((size - 1) / 2, (size - 1) / 2)
        moved = np.array([[1, 0, _MOVED_PX[0]], [0, 1, _MOVED_PX[1]]])
        ways = [("moved", moved)]
        ways += [(f"turned by {a:.0f}", cv2.getRotationMatrix2D(middle, a, 1.0)) for a in _TURNED]
        for name, matrix in ways:
            crop = cv2.warpAffine(cell.crop, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
            mask = cv2.warpAffine(cell.mask.astype(np.uint8) * 255, matrix, (size, size)) > 127
            back = cv2.invertAffineTransform(matrix)
            again = cv2.warpAffine(self._against(crop, mask, cell.leaf, rival), back, (size, size))
            both = cell.mask & (cv2.warpAffine(mask.astype(np.uint8) * 255, back, (size, size)) > 127)
            found.values[f"occlusion: same cell {name}"].append(correlation(plain, again, both))
        crop = np.clip(cell.crop * _RECOLOUR + _OFFSET, 0, 255).astype(np.uint8)
        again = self._against(crop, cell.mask, cell.leaf, rival)
        found.values["occlusion: same cell recoloured"].append(correlation(plain, again, cell.mask))
        other = occlusion_map(
            cell.crop, cell.mask, self.um, [cell.leaf], lambda crops: self.shuffled.predict(crops).logits
        )
        found.values["occlusion: correlation with shuffled weights"].append(
            correlation(plain, other.lost, cell.mask)
        )

    def _rival(self, cell: Kept) -> int:
        logits = self._logits(cell.crop[None])[0].copy()
        logits[cell.leaf] = -np.inf
        return int(logits.argmax())

    def _against(self, crop: np.ndarray, mask: np.ndarray, leaf: int, rival: int) -> np.ndarray:
        """The map against a given rival: a change must not pass for another question."""

        def two(crops: np.ndarray) -> np.ndarray:
            logits = self._logits(crops).copy()
            out = np.full_like(logits, -1e6)
            out[:, [leaf, rival]] = logits[:, [leaf, rival]]
            return out

        return occlusion_map(crop, mask, self.um, [leaf], two).lost


def shuffled_classifier(folder: Path, target: Path, seed: int) -> Classifier:
    """The classifier with the weights of every layer in another order, written to `target`."""
    import onnx
    from onnx import numpy_helper

    shutil.copytree(folder, target)
    card = json.loads((target / "card.json").read_text(encoding="utf-8"))
    path = target / card["models"]["fp32"]
    model = onnx.load(str(path))
    rng = np.random.default_rng(seed)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.ndim >= 2:
            mixed = rng.permutation(values.ravel()).reshape(values.shape)
            tensor.CopyFrom(numpy_helper.from_array(mixed, tensor.name))
    data = model.SerializeToString()
    path.write_bytes(data)
    card["files"][path.name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (target / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return Classifier(load_bundle(target), threads=1, precision="fp32", golden=False)


def milliseconds(engine: Engine, cells: Sequence[Kept]) -> list[float]:
    """How long the program takes to explain each cell, nothing kept from before."""
    took = []
    for cell in cells:
        explainer = Explainer(lambda: engine)
        began = time.perf_counter()
        explainer.explain(cell.thumbnail, cell.mask_png, engine.classifier.classes[cell.leaf])
        took.append(1000 * (time.perf_counter() - began))
    return took


def report(data: Path, cache: Path | None, most: int, seed: int, say: Callable[[str], None]) -> dict:
    """Figures of every laboratory, and of all together."""
    engine = load_engine()
    items = load_items(data, cache)
    everything = Found()
    out: dict = {}
    sample_cells: list[Kept] = []
    with tempfile.TemporaryDirectory() as folder:
        shuffled = shuffled_classifier(engine.classifier.bundle.folder, Path(folder) / "shuffled", seed)
        judge = Judge(engine.classifier, shuffled)
        for site in SITES:
            cells = keep(engine, sample(items, data, site, most, seed), site)
            found = Found()
            for k, cell in enumerate(cells):
                judge.judge(found, cell, closely=k % 2 == 0)
            for kind, maps in found.maps.items():
                everything.maps[kind] += maps
            for name, values in found.values.items():
                everything.values[name] += values
            everything.n += found.n
            out[site] = found.figures()
            sample_cells += cells[:5]
            say(f"{site}: {json.dumps(out[site])}")
    took = milliseconds(engine, sample_cells)
    return {
        "classifier": f"{engine.classifier.bundle.id} {engine.classifier.bundle.version}",
        "network": engine.classifier.precision,
        "goals": GOALS,
        "all": everything.figures(),
        "sites": out,
        "ms_a_cell": {
            "median": round(float(np.median(took)), 1),
            "most": round(max(took), 1),
            "n": len(took),
        },
    }


def main() -> None:
    """Run as a module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--cells", type=int, default=40, help="of a laboratory, at most")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    cache = args.cache if args.cache.is_dir() else None
    found = report(args.data, cache, args.cells, args.seed, partial(print, flush=True))
    args.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(json.dumps({k: found[k] for k in ("all", "ms_a_cell")}, indent=1))


if __name__ == "__main__":
    main()

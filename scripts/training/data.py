"""The labelled images: manifest, splits by duplicate group, and a cache at one scale.

The cache holds every crop as (208, 208, 3) uint8 RGB at 0.16 um/px (33 um across: room for rotation, scale
and shift), so that training never decodes a JPEG. It lives in `.train/`, which git ignores.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from bloodcells_gui.domain.taxonomy import PARTIAL_LABELS
from bloodcells_gui.inference.preprocess import crop_at_scale

LEAVES = ("SNE", "BNE", "MMY", "MY", "PMY", "BL", "EO", "BA", "LY", "MO", "ERB", "PLT", "SMU", "ART")
INDEX = {code: i for i, code in enumerate(LEAVES)}
LEUKOCYTES = ("SNE", "BNE", "MMY", "MY", "PMY", "BL", "EO", "BA", "LY", "MO")
# VLY has ten augmented images of few cells: too few for a leaf, so they count as lymphocytes (the roll-ups agree).
AS_LEAVES = {**PARTIAL_LABELS, "VLY": ("LY",), "WBC": LEUKOCYTES}
CACHE_PX, CACHE_UM = 208, 0.16
SPLIT_SEED = 20211
FIELD_SETS = ("txl_pbc", "deepbionet", "lisc", "rbc12")
"""Sets of fields, out of which cells are cut."""
LEUKOCYTE_FIELDS = ("bccd", "deepbionet")
"""Sites whose boxed leukocytes are taken, those without a name as any leukocyte."""
LABELS = Path(__file__).resolve().parent / "labels"
# Scales measured on red cells (median 7.3 um) where the manifest has none.
SITE_UM = {"mll-marrow": 0.095, "lmu": 0.072, "tecom": 0.15, "bccd": 0.077}
BCD_UM = 0.0888
"""Of BCD's fields once they have their 4:3 again (555 px wide where BCCD has 640)."""
PBC8 = {
    "neutrophil": ("SNE", "BNE"), "ig": ("MMY", "MY", "PMY"), "eosinophil": ("EO",), "basophil": ("BA",),
    "lymphocyte": ("LY",), "monocyte": ("MO",), "erythroblast": ("ERB",), "platelet": ("PLT",),
}  # fmt: skip
FIVE = {"neutrophil": ("SNE", "BNE"), "lymphocyte": ("LY",), "monocyte": ("MO",), "eosinophil": ("EO",), "basophil": ("BA",)}  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One labelled crop. `leaves` are the classes its label allows; empty when it has none."""

    path: str
    set: str
    site: str
    label: str
    leaves: tuple[str, ...]
    group: str
    um_per_px: float
    mask: str
    use: str
    split: str


def read_manifest(data: Path) -> list[dict[str, str]]:
    """The rows of ``manifest.csv`` as they stand."""
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def content_hashes(data: Path, rows: list[dict[str, str]], store: Path | None = None) -> dict[str, str]:
    """SHA-256 of every file's bytes, by path (kept in `store` between runs)."""
    if store is not None and store.is_file():
        known: dict[str, str] = json.loads(store.read_text())
        if len(known) == len(rows):
            return known
    hashes = {r["path"]: hashlib.sha256((data / r["path"]).read_bytes()).hexdigest() for r in rows}
    if store is not None:
        store.parent.mkdir(parents=True, exist_ok=True)
        store.write_text(json.dumps(hashes))
    return hashes


def merge_groups(
    rows: list[dict[str, str]], hashes: dict[str, str], copies: Sequence[tuple[str, str]] = ()
) -> dict[str, str]:
    """Group of every path after joining the manifest's groups that share identical files or `copies` (union-find)."""
    parent: dict[str, str] = {}

    def find(x: str) -> str:
        parent.setdefault(x, x)
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    group_of = {row["path"]: row["group"] for row in rows}
    same = [(row["group"], "sha:" + hashes[row["path"]]) for row in rows]
    same += [(group_of[a], group_of[b]) for a, b in copies if a in group_of and b in group_of]
    for one, other in same:
        a, b = find(one), find(other)
        if a != b:
            parent[max(a, b)] = min(a, b)
    return {row["path"]: find(row["group"]) for row in rows}


def known_copies() -> list[tuple[str, str]]:
    """Fields that show one picture, or one cell, in two of the manifest's groups.

    Of BCCD and BCD, turned, mirrored or squeezed: found by ``scripts/tools/audit_copies.py``. Of Deep Bio-Net: leukocytes of
    two fields whose grey values correlate by 0.93 or more, shifted by up to 4.5 um against each other.
    """
    found = []
    for name in ("bccd_copies.csv", "deepbionet_copies.csv"):
        with (LABELS / name).open(newline="", encoding="utf-8") as handle:
            found += [(row["a"], row["b"]) for row in csv.DictReader(handle)]
    return found


def leukocyte_labels() -> dict[tuple[str, int], str]:
    """Class of leukocytes of BCCD, BCD and Deep Bio-Net by (path, line of the box file).

    Named by eye from contact sheets by the developers, who are no haematologists; left out where in doubt, cut by the edge or torn.
    """
    found = {}
    for name in ("bccd_leukocytes.csv", "deepbionet_leukocytes.csv"):
        with (LABELS / name).open(newline="", encoding="utf-8") as handle:
            found |= {(row["path"], int(row["box"])): row["label"] for row in csv.DictReader(handle)}
    return found


def lisc_places() -> dict[str, list[tuple[str, float, float]]]:
    """Middle of the one leukocyte (label "") and of a red cell (ART) of every LISC field: (label, x, y) in px, by path.

    LISC says which kind of leukocyte a field holds, but not where. Detector 1.2.1 found them; contact sheets were looked through,
    and three places where it had taken red cells or dirt were put right.
    """
    found: dict[str, list[tuple[str, float, float]]] = defaultdict(list)
    with (LABELS / "lisc_cells.csv").open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            found[row["path"]].append((row["label"], float(row["x"]), float(row["y"])))
    return found


def dropped_paths() -> set[str]:
    """Crops whose label was looked at and is wrong or cannot be judged (``scripts/training/labels/dropped.csv``); never drawn in training."""
    file = LABELS / "dropped.csv"
    if not file.is_file():
        return set()
    with file.open(newline="", encoding="utf-8") as handle:
        return {row["path"] for row in csv.DictReader(handle)}


def split_of(group: str, seed: int = SPLIT_SEED) -> str:
    """ "test" (a fifth), "val" (a tenth) or "train" for a duplicate group, by hash: stable as data grows."""
    bucket = int.from_bytes(hashlib.sha256(f"{seed}:{group}".encode()).digest()[:4], "big") % 10
    return "test" if bucket < 2 else "val" if bucket == 2 else "train"


def load_items(data: Path, cache: Path | None = None) -> list[Item]:
    """All images of the manifest with leaves, scale and split ("evaluate" sets are always "test")."""
    rows = read_manifest(data)
    hashes = content_hashes(data, rows, cache / "hashes.json" if cache else None)
    groups = merge_groups(rows, hashes, known_copies())
    items = []
    for row in rows:
        label = row["label"]
        leaves = AS_LEAVES.get(label, (label,) if label else ())
        um = float(row["um_per_px"]) if row["um_per_px"] else SITE_UM[row["site"]]
        group = groups[row["path"]]
        split = "test" if row["use"] != "train+ship" else split_of(group)
        items.append(Item(row["path"], row["set"], row["site"], label, leaves, group, um, row["mask"], row["use"], split))  # fmt: skip
    return items


def read_rgb(path: Path) -> np.ndarray:
    """An image file as (h, w, 3) uint8 RGB."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise OSError(f"cannot read {path}")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def read_boxes(data: Path, item: Item, size: tuple[int, int]) -> list[tuple[int, float, float, float, float]]:
    """Boxes of a `txl_pbc` image: (class, centre x, centre y, width, height) in px of (width, height) `size`."""
    path = data / Path(item.path.replace("images", "labels")).with_suffix(".txt")
    boxes: list[tuple[int, float, float, float, float]] = []
    for line in path.read_text().splitlines():
        kind, x, y, w, h = line.split()
        boxes.append(
            (int(kind), float(x) * size[0], float(y) * size[1], float(w) * size[0], float(h) * size[1])
        )
    return boxes


def unsqueeze(image: np.ndarray, boxes: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A square BCD field as it was before it was squeezed from 4:3, told by its red cells' aspect, and its boxes."""
    height, width = image.shape[:2]
    x, y, w, h = boxes.T
    whole = (x > 2) & (y > 2) & (x + w < width - 2) & (y + h < height - 2)
    red = boxes[(classes == 1) & whole]
    if len(red) == 0:
        red = boxes
    aspect = float(np.median(red[:, 2] / red[:, 3])) if len(red) else 1.0
    stretch = np.array([4 / 3, 1.0]) if aspect <= 1.03 else np.array([1.0, 4 / 3])
    size = (round(width * stretch[0]), round(height * stretch[1]))
    out = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    factors = np.array([size[0] / width, size[1] / height] * 2, np.float32)
    return out, boxes * factors


def _field_cells(
    data: Path, item: Item, rng: np.random.Generator, named: dict[tuple[str, int], str]
) -> list[tuple[str, np.ndarray]]:
    """Platelets, leukocytes of BCCD and Deep Bio-Net and red cells or blank field (as ART) cut from a field with boxes."""
    image = read_rgb(data / item.path)
    height, width = image.shape[:2]
    um = item.um_per_px
    boxes = read_boxes(data, item, (width, height))
    out = []
    if item.site == "bccd" and width == height:
        corners = np.array([(x - w / 2, y - h / 2, w, h) for _, x, y, w, h in boxes], np.float32).reshape(
            -1, 4
        )
        image, corners = unsqueeze(image, corners, np.array([b[0] for b in boxes]))
        for k, (x, y, w, h) in enumerate(corners):
            if (item.path, k) in named:
                centre = (float(x + w / 2), float(y + h / 2))
                out.append((named[item.path, k], crop_at_scale(image, centre, BCD_UM, CACHE_PX, CACHE_UM)))
        return out
    for k, (kind, x, y, w, h) in enumerate(boxes):
        inside = x - w / 2 > 3 and x + w / 2 < width - 3 and y - h / 2 > 3 and y + h / 2 < height - 3
        if kind == 2 and inside and w * um < 5:
            out.append(("PLT", crop_at_scale(image, (x, y), um, CACHE_PX, CACHE_UM)))
        elif kind == 0 and inside and item.site in LEUKOCYTE_FIELDS:
            label = item.label or named.get((item.path, k), "WBC")
            out.append((label, crop_at_scale(image, (x, y), um, CACHE_PX, CACHE_UM)))
    reds = [b for b in boxes if b[0] == 1]
    others = [b for b in boxes if b[0] != 1]
    for _ in range(2 if reds else 0):
        x, y = (
            reds[rng.integers(len(reds))][1:3]
            if rng.random() < 0.7
            else (rng.uniform(0, width), rng.uniform(0, height))
        )
        if all(max(abs(x - b[1]) - b[3] / 2, abs(y - b[2]) - b[4] / 2) * um > 2.0 for b in others):
            out.append(("ART", crop_at_scale(image, (x, y), um, CACHE_PX, CACHE_UM)))
    return out


def _lisc_cells(
    data: Path, item: Item, places: dict[str, list[tuple[str, float, float]]]
) -> list[tuple[str, np.ndarray]]:
    """The leukocyte of a LISC field, and a red cell as ART."""
    image = read_rgb(data / item.path)
    return [
        (label or item.label, crop_at_scale(image, (x, y), item.um_per_px, CACHE_PX, CACHE_UM))
        for label, x, y in places[item.path]
    ]


def _red_cells(
    data: Path, item: Item, rng: np.random.Generator, most: int = 2
) -> list[tuple[str, np.ndarray]]:
    """Red cells (as ART) of a field of `rbc12`, whose points lie at least 6 um from its edges."""
    image = read_rgb(data / item.path)
    path = data / Path(item.path.replace("images", "labels")).with_suffix(".txt")
    points = np.array(
        [line.split()[:2] for line in path.read_text().splitlines() if line.strip()], np.float32
    )
    if len(points) == 0:
        return []
    rim = 6 / item.um_per_px
    inside = points[(points > rim).all(1) & (points < np.array(image.shape[1::-1]) - rim).all(1)]
    return [
        ("ART", crop_at_scale(image, (float(x), float(y)), item.um_per_px, CACHE_PX, CACHE_UM))
        for x, y in rng.permutation(inside)[:most]
    ]


def pictured(half_um: float) -> slice:
    """Rows, or columns, of a cached crop that lie in the picture it was cut from, which reached `half_um` from the middle."""
    half = min(CACHE_PX / 2, half_um / CACHE_UM)
    return slice(int(np.ceil(CACHE_PX / 2 - half)), int(CACHE_PX / 2 + half))


class Cache:
    """Decoded crops on disk: `images` (n, 208, 208, 3) uint8 RGB memory map and `meta`, one dict each."""

    def __init__(self, folder: Path, name: str) -> None:
        self.meta: list[dict] = json.loads((folder / f"{name}.json").read_text())
        self.images = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)

    @staticmethod
    def write(folder: Path, name: str, images: list[np.ndarray], meta: list[dict]) -> None:
        """Write both files of a cache, the metadata last so that an interrupted run is not taken for whole."""
        folder.mkdir(parents=True, exist_ok=True)
        out = np.lib.format.open_memmap(
            folder / f"{name}.npy", "w+", np.uint8, (len(images), CACHE_PX, CACHE_PX, 3)
        )
        for i, image in enumerate(images):
            out[i] = image
        out.flush()
        (folder / f"{name}.json").write_text(json.dumps(meta))


def cells_of_field(
    data: Path,
    item: Item,
    rng: np.random.Generator,
    named: dict[tuple[str, int], str],
    places: dict[str, list[tuple[str, float, float]]],
) -> list[tuple[str, np.ndarray]]:
    """Label and crop (at the cache's scale) of the cells that training takes from a field."""
    if item.set == "lisc":
        return _lisc_cells(data, item, places)
    if item.set == "rbc12":
        return _red_cells(data, item, rng)
    return _field_cells(data, item, rng, named)


def build_cache(data: Path, folder: Path) -> None:
    """Decode every labelled crop and the cells of the fields once, at the cache's scale."""
    items = load_items(data, folder)
    named, places = leukocyte_labels(), lisc_places()
    images: list[np.ndarray] = []
    meta: list[dict] = []
    first, later = np.random.default_rng(SPLIT_SEED), np.random.default_rng(SPLIT_SEED + 1)
    for item in items:
        entry = asdict(item)
        if item.set in FIELD_SETS:
            rng = first if item.set == "txl_pbc" else later
            for label, crop in cells_of_field(data, item, rng, named, places):
                images.append(crop)
                meta.append({**entry, "label": label, "leaves": AS_LEAVES.get(label, (label,))})
            continue
        if item.set in ("phone_pig", "taleqani"):  # fields for finding alone, or with weak labels
            continue
        image = read_rgb(data / item.path)
        height, width = image.shape[:2]
        images.append(crop_at_scale(image, (width / 2, height / 2), item.um_per_px, CACHE_PX, CACHE_UM))
        half = min(height, width) * item.um_per_px / 2
        meta.append({**entry, "half_um": round(half, 2)})
    Cache.write(folder, "real", images, meta)
    table: dict[str, int] = defaultdict(int)
    for m in meta:
        table[f"{m['site']:12s} {m['label']:4s} {m['split']}"] += 1
    for key in sorted(table):
        print(key, table[key])


def main() -> None:
    """Build the cache."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    args = parser.parse_args()
    build_cache(args.data, args.cache)


if __name__ == "__main__":
    main()

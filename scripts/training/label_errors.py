"""Find labels of the training sets that models which never learnt them contradict.

    python -m scripts.training.label_errors --cache .train --sites pbc raabin lisc mll-marrow

Every cell is named by a linear discriminant of the other cells of its site (ten folds, duplicate groups kept together;
``bloodcells_gui.inference.label_check``), on the stored embeddings of a network that never saw the site where there are any
(``CACHE/without-SITE/away.npz``), else on those of a bundle. Writes ``CACHE/label_errors/contradicted.csv``, the most strongly contradicted first, and pages to look at
(``SITE-GIVEN-OTHER-N.png``): nothing is dropped by itself. What people dropped after looking is listed in
``scripts/training/labels/dropped.csv``.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import cv2
import numpy as np

from bloodcells_gui.domain.taxonomy import ARTEFACT, OTHER, ROLLUPS
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.classifier import Classifier
from bloodcells_gui.inference.label_check import LabelCheck, check_labels
from scripts.training.data import AS_LEAVES, CACHE_PX, CACHE_UM, Cache, dropped_paths
from scripts.training.label_sheets import TYPICAL, Picture, SheetCell, mixed_pages, pages

#: Sets with one labelled cell an image: their paths name cells.
CROP_SETS = ("pbc", "raabin", "raabin_more", "bone_marrow", "lisc")
FIELD_SETS = ("lisc",)
#: Cells from which a pair of classes gets pages of its own.
OWN_PAGE = 5
#: What the sheets show of a cached crop: 26 um.
SHOWN_PX = 162
_AT_ONCE = 256


@dataclass(frozen=True)
class Answers:
    """Labelled crops of one site and a network's embeddings (n, D) of them; `source` names the network, `images` are the cached crops."""

    site: str
    source: str
    paths: list[str]
    labels: list[str]
    groups: list[str]
    splits: list[str]
    embeddings: np.ndarray
    images: Sequence[np.ndarray]

    def picture(self, path: str) -> np.ndarray:
        """The middle of the cached crop of `path`, (SHOWN_PX, SHOWN_PX, 3) uint8 RGB."""
        margin = (CACHE_PX - SHOWN_PX) // 2
        image = self.images[self.paths.index(path)]
        return np.asarray(image[margin : margin + SHOWN_PX, margin : margin + SHOWN_PX])


@dataclass(frozen=True)
class Contradicted:
    """A label that the others contradict. `coarse`: the two classes lie in different rows of the ten-class roll-up."""

    path: str
    site: str
    label: str
    others_say: str
    coarse: bool
    label_probability: float
    other_probability: float
    strength: float
    group: str
    split: str
    source: str
    dropped: bool


def embed_with_bundle(folder: Path, images: np.ndarray, rows: Sequence[int]) -> np.ndarray:
    """Embeddings (n, D) float32 of cached crops by a classifier bundle."""
    classifier = Classifier(load_bundle(folder), threads=1)
    parts = []
    for first in range(0, len(rows), _AT_ONCE):
        pictures = np.asarray(images[list(rows[first : first + _AT_ONCE])])
        parts.append(classifier.classify_pictures(pictures, CACHE_UM).embedding)
    return np.concatenate(parts)


def labelled_rows(cache: Cache, site: str) -> dict[str, int]:
    """Row of the cache by path, of the labelled crops of a site."""
    return {
        str(m["path"]): i
        for i, m in enumerate(cache.meta)
        if m["site"] == site and m["set"] in CROP_SETS and m["leaves"] and m["use"] == "train+ship"
        # Beside the labelled leukocyte of a field the cache holds patches without one.
        and not (m["set"] in FIELD_SETS and m["label"] == ARTEFACT)
    }  # fmt: skip


def answers_of(folder: Path, site: str, bundle: Path) -> Answers:
    """Labelled crops of a site and their embeddings, from a network that never saw it where its answers are stored."""
    cache = Cache(folder, "real")
    row_of_path = labelled_rows(cache, site)
    stored = folder / f"without-{site}" / "away.npz"
    if stored.is_file():
        with np.load(stored, allow_pickle=False) as away:
            known = [k for k, path in enumerate(away["path"].tolist()) if path in row_of_path]
            rows = [row_of_path[str(away["path"][k])] for k in known]
            source, found = f"without-{site}", np.asarray(away["embedding"])[known]
    else:
        rows = list(row_of_path.values())
        source, found = bundle.name, embed_with_bundle(bundle, cache.images, rows)
    meta = [cache.meta[i] for i in rows]
    columns = {key: [str(m[key]) for m in meta] for key in ("path", "label", "group", "split")}
    images = [cache.images[i] for i in rows]
    return Answers(
        site, source, columns["path"], columns["label"], columns["group"], columns["split"], found, images
    )


def row_of(label: str) -> str:
    """Row of the ten-class roll-up that holds a label's leaves; the label itself where that is a row of all the others."""
    leaf = AS_LEAVES.get(label, (label,))[0]
    rows = [row.code for row in ROLLUPS["ten"].rows if leaf in row.leaves and not row.code.startswith(OTHER)]
    return rows[0] if rows else label


def contradicted(found: Answers, check: LabelCheck) -> list[Contradicted]:
    """The contradicted labels of a site, the most strongly contradicted first."""
    out, dropped = [], dropped_paths()
    for i in check.rows():
        other = check.classes[check.named[i]]
        out.append(
            Contradicted(
                found.paths[i],
                found.site,
                found.labels[i],
                other,
                row_of(found.labels[i]) != row_of(other),
                round(float(check.own[i]), 4),
                round(float(check.other[i]), 4),
                round(float(check.strength[i]), 2),
                found.groups[i],
                found.splits[i],
                found.source,
                found.paths[i] in dropped,
            )
        )
    return out


def typical_paths(found: Answers, check: LabelCheck, count: int = TYPICAL) -> dict[str, list[str]]:
    """Paths of the cells of each label that the others confirm most surely, one a group."""
    out: dict[str, list[str]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()
    for i in np.argsort(check.strength, kind="stable"):
        label, group = found.labels[i], found.groups[i]
        if check.judged[i] and len(out[label]) < count and (label, group) not in seen:
            out[label].append(found.paths[i])
            seen.add((label, group))
    return dict(out)


def _sheet_cell(row: Contradicted) -> SheetCell:
    figures = f"{row.label_probability:.2f} {row.other_probability:.2f} {row.split}"
    return SheetCell(row.path, (Path(row.path).stem[-20:], figures))


def write_pages(
    picture: Picture, out: Path, site: str, rows: Sequence[Contradicted], typical: dict[str, list[str]]
) -> int:
    """Write the contact sheets of a site, pairs of classes with few cells together; returns how many."""
    pairs: dict[tuple[str, str], list[Contradicted]] = defaultdict(list)
    for row in rows:
        pairs[row.label, row.others_say].append(row)
    few = [row for row in rows if len(pairs[row.label, row.others_say]) < OWN_PAGE]
    strips = [(row.label, row.others_say, _sheet_cell(row)) for row in few]
    sheets = {f"{site}-mixed": list(mixed_pages(picture, typical, strips))}
    for (given, other), members in pairs.items():
        if len(members) >= OWN_PAGE:
            found = pages(picture, given, other, typical, [_sheet_cell(m) for m in members])
            sheets[f"{site}-{given}-{other}"] = list(found)
    for name, made in sheets.items():
        for number, page in enumerate(made, 1):
            cv2.imwrite(str(out / f"{name}-{number}.png"), page)
    return sum(len(made) for made in sheets.values())


def write_csv(path: Path, rows: Sequence[Contradicted]) -> None:
    """Write the table."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, [f.name for f in fields(Contradicted)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def summary(site: str, check: LabelCheck, rows: Sequence[Contradicted]) -> str:
    """One line about a site."""
    split = Counter(row.split for row in rows)
    return (
        f"{site}: {len(check.judged)} labels, {int(check.judged.sum())} judged, {len(rows)} contradicted"
        f" ({sum(r.coarse for r in rows)} across rows of the ten-class roll-up),"
        f" of them {split['test']} in the test fifth"
    )


def main() -> None:
    """Find, list and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--bundle", type=Path, default=Path("models/classifier-lite0"))
    parser.add_argument("--sites", nargs="+", default=["pbc", "raabin", "lisc", "mll-marrow"])
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    out = args.cache / "label_errors"
    out.mkdir(parents=True, exist_ok=True)
    every: list[Contradicted] = []
    for site in args.sites:
        found = answers_of(args.cache, site, args.bundle)
        check = check_labels(found.embeddings, found.labels, found.groups, seed=args.seed)
        rows = contradicted(found, check)
        every += rows
        write_pages(found.picture, out, site, rows, typical_paths(found, check))
        print(summary(site, check, rows), f"embeddings: {found.source}", flush=True)
    write_csv(out / "contradicted.csv", sorted(every, key=lambda r: -r.strength))


if __name__ == "__main__":
    main()

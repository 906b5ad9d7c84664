"""Are blasts found, named or shown first in whole fields of laboratories that the models never saw?

    python -m scripts.training.evaluate_blast_fields --data ../shared/data --work .train/blasts --sites lisc deepbionet
    python -m scripts.training.evaluate_blast_fields --data ../shared/data --work .train/blasts --weak taleqani

The fields go through the program as a user's do: scale estimated, cells found, outlined, named, adapted, shown. With ``--sites`` held-out
marrow blasts, lymphoblasts and lymphocytes are set into fields of the site (:mod:`scripts.training.blast_fields`); the fields as they are tell how
many healthy cells are shown. With ``--weak`` the folder's classes are told of the FIELD alone (leukaemia, or not): the share of fields in which a
cell is named a blast, and in which one is named or stands in the queue. Nothing may be chosen on these.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from bloodcells_gui.app.batch import CASE_NAME, analyze_all
from bloodcells_gui.app.batch_inputs import AnalyzeRequest
from bloodcells_gui.domain.cell import FLAG_OUTSIDE_FRAME, Cell
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.suspicion import is_flagged
from bloodcells_gui.domain.taxonomy import CRITICAL, NUCLEATED
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.detector import Detector
from bloodcells_gui.storage.case import CaseStore
from scripts.training.blast_fields import (
    KINDS,
    LYMPHOCYTE,
    Pasted,
    donors,
    made_field,
    nucleated_boxes,
)
from scripts.training.data import Item, load_items, read_rgb

SEED = 5
#: A found cell this near to where one was set is that cell.
_SAME_UM = 5.0


def make(
    data: Path, items: Sequence[Item], site: str, folder: Path, bundles: Path
) -> dict[str, list[Pasted]]:
    """Write the site's fields with cells set into them; where each was set, by file name."""
    segmenter = bundles / "segmenter-1"
    held_out = [i for i in items if i.site == "mll-marrow" and i.label == "BL" and i.split in ("val", "test")]
    ordinary = [i for i in items if i.set == "pbc" and i.label == "LY" and i.split == "test"]
    blasts = donors(data, held_out, segmenter, len(held_out), 1)
    lymphocytes = donors(data, ordinary, segmenter, 200, 2)
    detector = Detector(load_bundle(bundles / "detector-1"))
    rng = np.random.default_rng(SEED)
    folder.mkdir(parents=True)
    truth: dict[str, list[Pasted]] = {}
    at = {True: 0, False: 0}
    for item in (i for i in items if i.site == site and i.set == site):
        image = read_rgb(data / item.path)
        cells = []
        for kind in KINDS:
            pool = lymphocytes if kind == LYMPHOCYTE else blasts
            cells.append((kind, pool[at[kind == LYMPHOCYTE] % len(pool)]))
            at[kind == LYMPHOCYTE] += 1
        boxes = nucleated_boxes(detector, image, item.um_per_px)
        made, pasted = made_field(image, item.um_per_px, boxes, cells, rng)
        if pasted:
            name = f"{Path(item.path).parent.name}_{Path(item.path).stem}.png"
            cv2.imwrite(str(folder / name), made[..., ::-1])
            truth[name] = pasted
    written = {n: [asdict(p) for p in of] for n, of in truth.items()}
    folder.with_suffix(".json").write_text(json.dumps(written))
    return truth


def analysed(inputs: Path, out: Path, bundles: Sequence[Path]) -> tuple[list[Cell], list[str], float]:
    """Cells of a folder of fields as one specimen, the names of its images, and its um per px."""
    if not (out / CASE_NAME).is_file():
        request = AnalyzeRequest(
            (inputs,), out, kind="fields", bundles=tuple(bundles), one_specimen=True, threads=1
        )
        analyze_all(request, token=CancelToken(), progress=lambda _: None)
    with CaseStore.open(out / CASE_NAME, read_only=True) as store:
        scale = store.runs[-1].scale
        names = [image.name for image in store.specimen.images]
        return store.load_cells(), names, float(scale.mpp) if scale and scale.mpp else float("nan")


def is_named(cell: Cell) -> bool:
    """Whether the program names it a blast, or another critical class."""
    return cell.predicted in CRITICAL and not cell.abstained


def found_at(cells: Sequence[Cell], place: Pasted, mpp: float) -> Cell | None:
    """The cell of the field that lies where one was set."""
    near = [(np.hypot(c.box_px.centre[0] - place.x, c.box_px.centre[1] - place.y) * mpp, c) for c in cells]
    near = [pair for pair in near if pair[0] < _SAME_UM]
    return min(near, key=lambda pair: pair[0])[1] if near else None


def tell_made(
    cells: Sequence[Cell], names: Sequence[str], mpp: float, truth: dict[str, list[Pasted]]
) -> None:
    """Print what became of the cells that were set into the fields."""
    by_image: dict[str, list[Cell]] = {}
    for cell in cells:
        by_image.setdefault(Path(names[cell.image]).name, []).append(cell)
    for kind in dict.fromkeys(KINDS):
        places = [(n, p) for n, of in truth.items() for p in of if p.kind == kind]
        hits = [c for n, p in places if (c := found_at(by_image.get(n, []), p, mpp)) is not None]
        if not hits:
            print(f"  {kind:11s} {len(places)} set, none listed")
            continue
        named = np.array([is_named(c) for c in hits])
        shown = named | np.array([is_flagged(c) for c in hits])
        print(
            f"  {kind:11s} {len(places)} set, {len(hits)} listed; of these named a blast {named.mean():.3f}, named or shown {shown.mean():.3f}",
            flush=True,
        )  # fmt: skip


def tell_healthy(site: str, cells: Sequence[Cell]) -> None:
    """Print how many of the nucleated cells of healthy fields are named or shown."""
    nucleated = [c for c in cells if c.predicted in NUCLEATED and FLAG_OUTSIDE_FRAME not in c.flags]
    named = sum(map(is_named, nucleated))
    shown = sum(is_named(c) or is_flagged(c) for c in nucleated)
    print(
        f"{site}, as it is: {len(nucleated)} nucleated cells, named a blast {named}, named or shown {shown} ({shown / max(1, len(nucleated)):.3f})"
    )


def tell_weak(name: str, cells: Sequence[Cell], names: Sequence[str]) -> None:
    """Print in how many fields a cell is named a blast, or named or shown."""
    nucleated = [c for c in cells if c.predicted in NUCLEATED]
    named = {c.image for c in nucleated if is_named(c)}
    shown = named | {c.image for c in nucleated if is_flagged(c)}
    flagged = sum(map(is_flagged, nucleated))
    print(
        f"{name}: {len(names)} fields, {len(nucleated)} nucleated cells, {flagged} shown; fields with a blast named {len(named)}, "
        f"named or in the queue {len(shown)}",
        flush=True,
    )  # fmt: skip


def main() -> None:
    """Print the figures of each site and of each weakly labelled folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train/blasts"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument(
        "--bundle", type=Path, action="append", default=[], help="instead of the program's own"
    )
    parser.add_argument("--sites", nargs="*", default=[])
    parser.add_argument(
        "--weak", nargs="*", default=[], help="folders of the data whose sub-folders label fields"
    )
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    items = load_items(args.data, args.work) if args.sites else []
    for site in args.sites:
        plain, made = args.work / "in" / site, args.work / "in" / f"{site}-made"
        if not plain.is_dir():
            plain.mkdir(parents=True)
            for item in (i for i in items if i.site == site and i.set == site):
                shutil.copy(args.data / item.path, plain / item.path.replace("/", "_"))
        if not made.is_dir():
            make(args.data, items, site, made, args.models)
        truth = {
            n: [Pasted(**p) for p in of]
            for n, of in json.loads(made.with_suffix(".json").read_text()).items()
        }
        tell_healthy(site, analysed(plain, args.work / "out" / site, args.bundle)[0])
        tell_made(*analysed(made, args.work / "out" / f"{site}-made", args.bundle), truth)
    for name in args.weak:
        for folder in sorted(p for p in (args.data / name).iterdir() if p.is_dir()):
            cells, names, _ = analysed(folder, args.work / "out" / f"{name}-{folder.name}", args.bundle)
            tell_weak(f"{name}, {folder.name}", cells, names)


if __name__ == "__main__":
    main()

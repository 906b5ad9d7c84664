"""One command from images to a bundle: data, composites, two trainings and their mean, export, figures. Resumes where it stopped.

    python -m scripts.training.retrain --data ../shared/data --id classifier-mine --minutes 60
    python -m scripts.training.retrain --sites my_images --um berlin=0.102 --um lyon=0.08 --id classifier-mine

With `--sites` the folder holds one folder per site, in it one per class (taxonomy codes, class names or partial
labels), in it images with one cell in the middle; a manifest is written beside them. Each stage leaves a stamp in
the cache and is skipped when it is there; `--again STAGE` repeats it and all that follow.

The second training goes on from the first with more recoloured views, and the mean of their weights is exported: better on
laboratories never seen than either (docs/models-history.md). `--further 0` leaves it at the first.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path

from bloodcells_gui.domain.class_names import leaves_of
from bloodcells_gui.domain.taxonomy import PARTIAL_LABELS
from scripts.training.data import LEAVES

STAGES = ("data", "composites", "measure", "train", "further", "mean", "export", "lean", "evaluate")
FURTHER_RATE, FURTHER_RECOLOURED = 5e-4, 0.45
IMAGES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}
FIELDS = ("path", "set", "site", "label", "group", "um_per_px", "mask", "use")


def label_of(folder_name: str) -> str | None:
    """Manifest label of a class folder: a leaf, a partial label, or None when the model has no leaf for it."""
    try:
        leaves = leaves_of(folder_name)
    except KeyError:
        return None
    known = tuple(c for c in leaves if c in LEAVES)
    if len(known) == 1:
        return known[0]
    return next((name for name, parts in PARTIAL_LABELS.items() if parts == known), None)


def write_manifest(root: Path, scales: dict[str, float]) -> int:
    """Write ``manifest.csv`` for a folder per site; identical files share a group. Returns the number of images."""
    rows = []
    for path in sorted(root.glob("*/*/**/*")):
        if path.suffix.lower() not in IMAGES or not path.is_file():
            continue
        site, folder = path.relative_to(root).parts[:2]
        label = label_of(folder)
        if label is None:
            print(f"left out, no such class: {path.relative_to(root)}", file=sys.stderr)
            continue
        if site not in scales:
            raise SystemExit(f"tell the scale of the site {site}: --um {site}=0.1")
        group = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        rows.append(
            [path.relative_to(root).as_posix(), site, site, label, group, scales[site], "", "train+ship"]
        )
    with (root / "manifest.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(FIELDS)
        writer.writerows(rows)
    return len(rows)


def going_on(
    cache: Path, first: str, further: str, mean: str, images: int, seed: int
) -> tuple[list[str], list[str]]:
    """Arguments of a training `further` that goes on from `first`, and the command that averages the two as `mean`."""
    start = [
        "--name",
        further,
        "--start",
        str(cache / first / "final.pt"),
        "--images",
        str(images),
        "--seed",
        str(seed),
    ]
    averaging = ["scripts.training.average_weights", first, further, "--cache", str(cache), "--name", mean]
    return [*start, "--lr", str(FURTHER_RATE), "--recolour", str(FURTHER_RECOLOURED)], averaging


def commands(args: argparse.Namespace) -> dict[str, list[str]]:
    """The command of each stage."""
    cache, data = str(args.cache), str(args.data)
    bundle = args.out / args.id
    train = ["scripts.training.train_classifier", "--cache", cache, "--minutes", str(args.minutes)]
    first, further, mean = args.id, f"{args.id}-further", f"{args.id}-mean"
    more, averaging = going_on(args.cache, first, further, mean, args.further, args.seed + 1)
    second = {"further": [*train, *more], "mean": averaging}
    return {
        "data": ["scripts.training.data", "--data", data, "--cache", cache],
        "composites": ["scripts.training.composites", "--cache", cache],
        "measure": ["scripts.training.morphometry_fit", "--cache", cache],
        "train": [*train, "--name", first, "--images", str(args.images), "--seed", str(args.seed)],
        **(second if args.further else {}),
        "export": [
            "scripts.training.export_classifier",
            "--cache",
            cache,
            "--name",
            mean if args.further else first,
            "--id",
            args.id,
            "--out",
            str(args.out),
        ],
        "lean": ["scripts.training.optimize_onnx", str(bundle)],
        "evaluate": [
            "scripts.training.evaluate_models",
            "--bundle",
            str(bundle),
            "--data",
            data,
            "--cache",
            cache,
            "--write",
        ],
    }


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sites", type=Path, default=None, help="a folder per site instead of --data")
    parser.add_argument("--um", action="append", default=[], metavar="SITE=UM", help="um per px of a site")
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--out", type=Path, default=Path("models"))
    parser.add_argument("--id", default="classifier-lite0")
    parser.add_argument("--images", type=int, default=240_000)
    parser.add_argument(
        "--further", type=int, default=100_000, help="images of the second training (0: none)"
    )
    parser.add_argument(
        "--minutes", type=float, default=0, help="end each training after this time (0: no limit)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", choices=STAGES, default=None)
    return parser


def main() -> None:
    """Run the stages that have no stamp yet."""
    args = arguments().parse_args()
    if args.sites is not None:
        scales = {name: float(value) for name, _, value in (u.partition("=") for u in args.um)}
        args.data = args.sites
        print(f"{write_manifest(args.sites, scales)} images")
    args.cache.mkdir(parents=True, exist_ok=True)
    stamps = args.cache / f"stages-{args.id}.json"
    done: dict[str, list[str]] = json.loads(stamps.read_text()) if stamps.is_file() else {}
    if args.again:
        done = {k: v for k, v in done.items() if STAGES.index(k) < STAGES.index(args.again)}
    for stage, command in commands(args).items():
        if done.get(stage) == command:
            print(f"{stage}: done before")
            continue
        print(f"{stage}: python -m {' '.join(command)}", flush=True)
        subprocess.run([sys.executable, "-m", *command], check=True)
        done[stage] = command
        stamps.write_text(json.dumps(done, indent=1))


if __name__ == "__main__":
    main()

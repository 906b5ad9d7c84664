"""How far off is um/px when only the cells tell it (``python -m scripts.training.evaluate_scale``).

For every set and site, folders of `--images` random images (and single images) are resized by a random factor between 0.5 and 3
and estimated; the error is against the manifest's um/px, or `REFERENCE` where it has none.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path

import cv2
import numpy as np

from bloodcells_gui.imaging.scale import estimate_mpp
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.detector import Detector
from scripts.training.data import load_items, read_rgb
from scripts.training.fields_data import BCD_MPP, SITE_MPP

#: Red cells cut out by hand-checked boxes (see scripts/training/fields_data.py); the rest is the manifest's.
REFERENCE = {("txl_pbc", "bccd"): SITE_MPP["bccd"], ("txl_pbc", "raabin"): SITE_MPP["raabin"]}


def main() -> None:
    """Print one line a set and site."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--bundle", type=Path, default=Path("models/detector-1"))
    parser.add_argument("--images", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", default="test")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    detector = Detector(load_bundle(args.bundle), threads=1)
    rng = np.random.default_rng(args.seed)
    groups = defaultdict(list)
    for item in load_items(args.data, args.work):
        if item.split == args.split and item.site in {"pbc", "raabin", "bccd"}:
            groups[item.set, item.site].append(item)
    report = {}
    for (name, site), items in sorted(groups.items()):
        reference = REFERENCE.get((name, site), items[0].um_per_px)
        for size in (args.images, 1):
            errors, sources = [], Counter()
            for _ in range(args.repeats):
                factor = float(np.exp(rng.uniform(np.log(0.5), np.log(3.0))))
                images, truths = [], []
                for i in rng.choice(len(items), min(size, len(items)), replace=False):
                    image = read_rgb(args.data / items[i].path)
                    squeezed = site == "bccd" and image.shape[0] == image.shape[1]
                    if squeezed:
                        image = np.asarray(
                            cv2.resize(image, (round(image.shape[1] * 4 / 3), image.shape[0])), np.uint8
                        )
                    truths.append((BCD_MPP if squeezed else reference) / factor)
                    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
                    images.append(
                        np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=how), np.uint8)
                    )
                found = estimate_mpp(images, detector)
                sources[found.source.value] += 1
                if found.mpp is not None:
                    errors.append(found.mpp / float(np.median(truths)) - 1)
            e = np.array(errors)
            line = {
                "sets": args.repeats, "estimated": len(e), "sources": dict(sources), "median_error": round(float(np.median(e)), 3),
                "abs_p50": round(float(np.percentile(abs(e), 50)), 3), "abs_p90": round(float(np.percentile(abs(e), 90)), 3),
                "abs_max": round(float(abs(e).max()), 3),
            }  # fmt: skip
            report[f"{name} {site} x{size}"] = line
            print(f"{name} {site} x{size}", json.dumps(line), flush=True)
    (args.work / "scale.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()

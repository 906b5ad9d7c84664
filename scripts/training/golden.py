"""Write the golden test of a whole classifier: from pixels to calibrated probabilities and uncertainty.

``python -m scripts.training.golden models/classifier-lite0`` after anything of a bundle changed: head, calibration or
network. The pictures are drawn, so that no image of a data set travels with the bundle. The network's own
golden arrays are written where it is exported.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.classifier import Classifier

PICTURE_PX, PICTURE_UM = 240, 0.1
# INT8 networks differ in the last bits of their products between processors.
TOLERANCE = {"fp32": 0.002, "int8": 0.15}


def golden_pictures() -> NDArray[np.uint8]:
    """Draw three cells, (3, 240, 240, 3) uint8 RGB at 0.1 um/px: one, two and three lobes among red cells."""
    rng = np.random.default_rng(17)
    pictures = np.empty((3, PICTURE_PX, PICTURE_PX, 3), np.uint8)
    middle = PICTURE_PX // 2
    for i in range(3):
        canvas = np.full((PICTURE_PX, PICTURE_PX, 3), (240, 226, 214), np.uint8)
        for _ in range(7):
            x, y = (int(v) for v in rng.integers(0, PICTURE_PX, 2))
            cv2.circle(canvas, (x, y), 37, (208, 164, 160), -1, cv2.LINE_AA)
            cv2.circle(canvas, (x, y), 14, (226, 198, 190), -1, cv2.LINE_AA)
        cv2.circle(canvas, (middle, middle), 52 + 9 * i, (198, 176, 210), -1, cv2.LINE_AA)
        for lobe in range(i + 1):
            angle = 2 * np.pi * lobe / (i + 1) + 0.4
            reach = 0 if i == 0 else 22
            at = (int(middle + reach * np.cos(angle)), int(middle + reach * np.sin(angle)))
            cv2.circle(canvas, at, 44 - 9 * i, (92, 58, 134), -1, cv2.LINE_AA)
        noise = rng.normal(0, 4, canvas.shape)
        pictures[i] = np.clip(cv2.GaussianBlur(canvas, (0, 0), 1.5) + noise, 0, 255).astype(np.uint8)
    return pictures


def write_calibrated(folder: Path, pictures: NDArray[np.uint8], um_per_px: float) -> None:
    """Write arrays and card field of a classifier bundle's golden test; the rest of the card stays.

    Parameters
    ----------
    folder : Path
        A bundle whose networks have golden tests of their own.
    pictures : (n, h, w, 3) uint8 RGB
    um_per_px : float
    """
    bundle = load_bundle(folder)
    np.save(folder / "golden-pixels.npy", pictures, allow_pickle=False)
    outputs: dict[str, dict[str, str]] = {}
    written = ["golden-pixels.npy"]
    for precision in bundle.models:
        found = Classifier(bundle, precision=precision, golden=False).classify_pictures(pictures, um_per_px)
        outputs[precision] = {}
        for name, values in (("probabilities", found.probabilities), ("doubt", found.uncertainty)):
            file = f"golden-{precision}-{name}.npy"
            np.save(folder / file, values, allow_pickle=False)
            outputs[precision][name] = file
            written.append(file)
    path = folder / "card.json"
    card = json.loads(path.read_text("utf-8"))
    card["golden"]["calibrated"] = {
        "pixels": "golden-pixels.npy",
        "um_per_px": um_per_px,
        "outputs": outputs,
        "tolerance": {p: TOLERANCE.get(p, TOLERANCE["fp32"]) for p in bundle.models},
    }
    for name in written:
        data = (folder / name).read_bytes()
        card["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main(folder: str) -> None:
    """Write the golden test of the bundle in `folder` and open it once as the program does."""
    write_calibrated(Path(folder), golden_pictures(), PICTURE_UM)
    for precision in load_bundle(Path(folder)).models:
        found = Classifier(load_bundle(Path(folder)), precision=precision)
        print(f"{precision}: off by {found.golden_off:.2g}")


if __name__ == "__main__":
    main(sys.argv[1])

"""Images of drawn cells and smears, and the stand-in models that read them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from bloodcells_gui.app.batch import AnalyzeRequest, Outcome, analyze_all
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.domain.progress import CancelToken
from tests.support.doubles import PlainEngine, plain_engine
from tests.support.smears import PlainDetector, empty, fill

MPP = 0.4


def engine() -> PlainEngine:
    """Return stand-in models that also find cells in fields and slides."""
    plain = plain_engine()
    plain.detector = PlainDetector()  # type: ignore[assignment]
    return plain


def put_field(path: Path, seed: int) -> Path:
    """Write a drawn field of view, the same for the same `seed`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    smear = empty(900, 700, MPP)
    fill(smear, (0, 0, 900, 700), np.random.default_rng(seed), pitch_um=16, leukocytes=5)
    cv2.imwrite(str(path), smear.rgb[..., ::-1])
    return path


def slide_pixels(seed: int) -> NDArray[np.uint8]:
    """Draw the pixels of a small slide."""
    smear = empty(1500, 1200, MPP)
    fill(smear, (100, 100, 1400, 1100), np.random.default_rng(seed), pitch_um=14, leukocytes=20)
    return smear.rgb


def put_slide(path: Path, rgb: NDArray[np.uint8]) -> Path:
    """Write `rgb` as a tiled TIFF of two levels."""
    common = {"tile": (256, 256), "photometric": "rgb", "metadata": None}
    path.parent.mkdir(parents=True, exist_ok=True)
    with tifffile.TiffWriter(path) as tif:
        tif.write(rgb, resolution=(1e4 / MPP, 1e4 / MPP), resolutionunit=3, **common)
        tif.write(cv2.resize(rgb, (375, 300), interpolation=cv2.INTER_AREA), subfiletype=1, **common)
    return path


def cell(seed: int, side: int = 160) -> NDArray[np.uint8]:
    """A cell that is drawn: pale ground, red cells around, a stained nucleus in the middle."""
    rng = np.random.default_rng(seed)
    rgb = np.full((side, side, 3), (238, 226, 224), np.uint8)
    for _ in range(9):
        at = tuple(int(v) for v in rng.integers(0, side, 2))
        cv2.circle(rgb, at, int(rng.integers(14, 22)), (222, 166, 160), -1, cv2.LINE_AA)
    cv2.circle(rgb, (side // 2, side // 2), side // 4, (196, 170, 208), -1, cv2.LINE_AA)
    for _ in range(4):
        at = tuple(int(v) for v in side // 2 + rng.integers(-side // 8, side // 8, 2))
        cv2.circle(rgb, at, int(rng.integers(8, 16)), (104, 58, 142), -1, cv2.LINE_AA)
    return rgb


def analyze(
    path: Path, out: Path, kind: str, *, cancel_at: int = 0, resume: bool = False, threads: int = 1
) -> Outcome:
    """Analyse `path` with the stand-in models; stop after `cancel_at` cells where it is given."""
    token = CancelToken()

    def listen(progress: Progress) -> None:
        if cancel_at and progress.cells >= cancel_at:
            token.cancel()

    request = AnalyzeRequest(
        (path,), out, kind=kind, mpp=0.107 if kind == "crops" else MPP, threads=threads, resume=resume
    )
    (outcome,) = analyze_all(request, token=token, progress=listen, engine=engine)
    return outcome

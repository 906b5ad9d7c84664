"""Write the bundle that names red cells (``python -m scripts.training.export_red_cells --name red-cells --out models/red-cells-1``).

Exports the averaged weights as fp32 and INT8, fits the calibration on the validation fields (offsets for the share of
each class, temperature, the doubt from which a proposal is doubtful), and writes golden data and the card.
``scripts.training.evaluate_red_cells --write`` adds the figures.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from scripts.training.export_classifier import quantise
from scripts.training.export_fields import Served, run_onnx, write_onnx
from scripts.training.metrics import ece
from scripts.training.optimize_onnx import lean
from scripts.training.red_cells_data import CODES, RedCellSet
from scripts.training.red_cells_net import SIZE, UM_PER_PX, RedCellNet
from scripts.training.train_red_cells import Views, middles, scores

MODELS = {"fp32": "network.onnx", "int8": "network.int8.onnx"}
TOLERANCE = {"fp32": 2e-3, "int8": 0.6}
#: Of the validation cells that are not doubtful so many shall be right.
RIGHT_WHERE_SURE = 0.95
#: Share of the cells that may be doubtful at most.
MOST_DOUBTFUL = 0.2
_NOTES = Path(__file__).parent / "cards" / "red_cells.json"


def drawn_windows() -> NDArray[np.uint8]:
    """Red cells that are drawn, no patient's: (6, 96, 96, 3)."""
    out = np.full((6, SIZE, SIZE, 3), (235, 235, 235), np.uint8)
    middle, colour, pale = (SIZE // 2, SIZE // 2), (206, 160, 168), (228, 212, 214)
    axes = ((20, 20), (25, 25), (15, 15), (20, 20), (13, 26), (20, 20))
    holes = (8, 10, 0, 14, 0, 0)
    for i, (window, axis, hole) in enumerate(zip(out, axes, holes, strict=True)):
        cv2.ellipse(window, middle, axis, 30, 0, 360, colour, -1, cv2.LINE_AA)
        if hole:
            cv2.circle(window, middle, hole, pale, -1, cv2.LINE_AA)
        if i == 3:
            cv2.circle(window, middle, 6, colour, -1, cv2.LINE_AA)
        if i == 5:
            for k in range(12):
                x, y = (round(SIZE / 2 + 21 * f(k * np.pi / 6)) for f in (np.cos, np.sin))
                cv2.circle(window, (x, y), 3, colour, -1, cv2.LINE_AA)
        window[:] = cv2.GaussianBlur(window, (0, 0), 0.8)
    return out


def softmax(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows to probabilities."""
    e = np.exp(z - z.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True))


def fitted_offsets(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """What is added to the logits: the mean of accuracy and macro-F1 of the validation cells climbs, class by class.

    Small steps of 0.1 within 0.6 either way, so that few cells of one class cannot rule.
    """

    def value(offsets: NDArray[np.float64]) -> float:
        s = scores(truth, (logits + offsets).argmax(1))
        return float(s["accuracy"]) + float(s["macro_f1"])  # type: ignore[arg-type]

    offsets = np.zeros(len(CODES))
    best = value(offsets)
    for _ in range(3):
        for k in range(len(CODES)):
            for step in np.round(np.arange(-0.6, 0.61, 0.1), 1):
                tried = offsets.copy()
                tried[k] = step
                if (now := value(tried)) > best + 0.001:
                    best, offsets = now, tried
    return offsets


def fitted_temperature(z: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """By the likelihood of the validation cells."""
    tried = np.round(np.arange(0.3, 3.0, 0.02), 2)
    losses = [-np.log(softmax(z / t)[np.arange(len(z)), truth] + 1e-9).mean() for t in tried]
    return float(tried[int(np.argmin(losses))])


def fitted_doubt(doubt: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The highest doubt below which `RIGHT_WHERE_SURE` are right, with at most `MOST_DOUBTFUL` of the cells above."""
    order = np.argsort(doubt)
    sure = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(sure >= RIGHT_WHERE_SURE)
    last = int(enough[-1]) if len(enough) else 0
    last = max(last, round((1 - MOST_DOUBTFUL) * len(order)) - 1)
    return round(float(min(0.99, doubt[order[last]] + 1e-4)), 3)


def calibrated(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> dict[str, Any]:
    """The card's calibration and what it reaches on the cells it was fitted on."""
    z = logits.astype(np.float64)
    offsets = fitted_offsets(z, truth)
    temperature = fitted_temperature(z + offsets, truth)
    p = softmax((z + offsets) / temperature)
    right = p.argmax(1) == truth
    doubtful = fitted_doubt(1 - p.max(1), right)
    sure = 1 - p.max(1) < doubtful
    said = {k: v for k, v in scores(truth, p.argmax(1)).items() if k != "confusion"}
    return {
        "temperature": temperature,
        "offsets": {c: round(float(v), 2) for c, v in zip(CODES, offsets, strict=True) if v},
        "doubtful_from": doubtful,
        "fitted_on": {
            **said, "ece": round(ece(p.max(1), right), 4), "sure": round(float(sure.mean()), 4),
            "accuracy_where_sure": round(float(right[sure].mean()), 4),
        },
    }  # fmt: skip


def write_bundle(weights: Path, out: Path, cache: Path, notes: dict[str, Any]) -> None:
    """Everything of a bundle but its figures and its README."""
    out.mkdir(parents=True, exist_ok=True)
    for old in (*out.glob("*.onnx"), *out.glob("*.npy"), *out.glob("card.json")):
        old.unlink()
    net = RedCellNet(len(CODES))
    net.load_state_dict(torch.load(weights, weights_only=True)["averaged"])
    served = Served(net.eval()).eval()
    example = torch.zeros(2, SIZE, SIZE, 3, dtype=torch.uint8)
    write_onnx(served, example, {"image": {0: torch.export.Dim("n")}}, ("logits",), out / MODELS["fp32"])
    cells = RedCellSet.load(cache)
    ranges = Views(cells, 5, 256, 0.5).draw(0)[0].permute(0, 2, 3, 1).numpy()
    quantise(out / MODELS["fp32"], out / MODELS["int8"], np.ascontiguousarray(ranges))
    for model in MODELS.values():
        lean(out / model)
    drawn = drawn_windows()
    with torch.no_grad():
        wanted = served(torch.from_numpy(drawn)).numpy()
    gap = float(np.abs(wanted - run_onnx(out / MODELS["fp32"], drawn, ("logits",))[0]).max())
    if gap > TOLERANCE["fp32"]:
        raise SystemExit(f"the exported network differs from torch by {gap}")
    rows = cells.of("validation")
    views, truth = middles(cells.windows[rows]), cells.classes[rows]
    answers = {p: run_onnx(out / m, views, ("logits",))[0] for p, m in MODELS.items()}
    agree = float((answers["fp32"].argmax(1) == answers["int8"].argmax(1)).mean())
    calibration = calibrated(answers["int8"], truth)
    print(json.dumps({"gap": gap, "int8_agrees": agree, **calibration}, indent=1))
    np.save(out / "golden-input.npy", drawn)
    golden: dict[str, Any] = {
        "input": "golden-input.npy",
        "outputs": {},
        "probabilities": {},
        "tolerance": TOLERANCE,
    }
    offsets = np.array([calibration["offsets"].get(c, 0.0) for c in CODES])
    for precision, model in MODELS.items():
        logits = run_onnx(out / model, drawn, ("logits",))[0]
        files = {
            "logits": f"golden-{precision}-logits.npy",
            "probabilities": f"golden-{precision}-probabilities.npy",
        }
        np.save(out / files["logits"], logits)
        np.save(
            out / files["probabilities"],
            softmax((logits + offsets) / calibration["temperature"]).astype(np.float32),
        )
        golden["outputs"][precision] = {"logits": files["logits"]}
        golden["probabilities"][precision] = files["probabilities"]
    files = sorted(p for p in out.iterdir() if p.suffix in {".onnx", ".npy"})
    card = {
        "schema": 1, "id": out.name, **notes, "classes": list(CODES), "input": input_of(), "outputs": ["logits"],
        "models": MODELS, "default_model": "fp32", "auto_precision": "int8", "calibration": calibration,
        "files": {p.name: {"sha256": hashlib.sha256(p.read_bytes()).hexdigest(), "bytes": p.stat().st_size} for p in files},
        "golden": golden,
        "export": {"onnx_against_torch_max_difference": round(gap, 7), "int8_names_as_fp32": round(agree, 4), "opset": 18},
    }  # fmt: skip
    (out / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def input_of() -> dict[str, Any]:
    """The card's description of the network's input."""
    return {
        "name": "image", "axes": "nhwc", "size_px": SIZE, "um_per_px": UM_PER_PX, "dtype": "uint8", "colours": "rgb",
        "light": "even",
        "steps": [
            {"name": "crop_at_scale", "size_px": SIZE, "um_per_px": UM_PER_PX, "border": "background"},
            {"name": "nhwc_to_nchw", "in_graph": True},
            {"name": "to_float32", "in_graph": True},
            {"name": "normalise", "subtract": 127.5, "divide": 64.0, "in_graph": True},
        ],
    }  # fmt: skip


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--name", default="red-cells", help="training in the cache")
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--out", type=Path, default=Path("models/red-cells-1"))
    parser.add_argument("--notes", type=Path, default=_NOTES, help="JSON: version, licence, data, weaknesses")
    args = parser.parse_args()
    torch.set_num_threads(1)
    notes = json.loads(args.notes.read_text(encoding="utf-8"))
    write_bundle(args.cache / f"{args.name}.pt", args.out, args.cache, notes)


if __name__ == "__main__":
    main()

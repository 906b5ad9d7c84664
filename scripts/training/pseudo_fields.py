"""Crops of other sets as detector fields (``python -m scripts.training.pseudo_fields``).

The label of a crop says what lies in its middle: a nucleated cell or a platelet (the first detector calls large
platelets nucleated). The first detector draws the boxes. What it is sure of is kept, what it doubts becomes "unknown" and
teaches nothing.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from scripts.training.data import load_items, read_rgb
from scripts.training.detector_net import DetectorNet
from scripts.training.fields_data import Field, resample
from scripts.training.pseudo_masks import MPP as SITE_SCALE
from scripts.training.train_detector import MPP, detect

#: Crops per label.
TRIES = {"pbc": 130, "mll-marrow": 130, "lmu": 10}
SURE, FLOOR = 0.5, 0.12
MIDDLE_UM = 4.0


def label_field(
    net: DetectorNet, image: npt.NDArray[np.uint8], label: str
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], npt.NDArray[np.float32]] | None:
    """Boxes, classes, doubtful boxes (class first) of a crop at `MPP`; None when its middle holds nothing."""
    found = detect(net, image, (FLOOR, FLOOR, FLOOR))
    centre = found.boxes[:, :2] + found.boxes[:, 2:] / 2
    off = np.hypot(centre[:, 0] - image.shape[1] / 2, centre[:, 1] - image.shape[0] / 2) * MPP
    middle = np.flatnonzero((off < MIDDLE_UM) & (found.classes != 1) & (found.scores > 0.25))
    kind = 2 if label == "PLT" else 0
    if len(middle) == 0:
        return None
    best = int(middle[np.argmin(off[middle])])
    side = float(np.sqrt(found.boxes[best, 2] * found.boxes[best, 3])) * MPP
    if (kind == 0 and side < 5.5) or (kind == 2 and side > 9):
        return None
    boxes, classes, doubtful = [found.boxes[best]], [kind], []
    for i in range(len(found)):
        if i == best:
            continue
        near = off[i] < MIDDLE_UM and found.classes[i] != 1
        if found.scores[i] >= SURE and not near:
            boxes.append(found.boxes[i])
            classes.append(int(found.classes[i]))
        elif not near:
            # What it is not sure of may be another class too.
            doubtful += [np.r_[np.float32(k), found.boxes[i]] for k in range(3)]
    unknown = np.array(doubtful, np.float32).reshape(-1, 5)
    return np.array(boxes, np.float32), np.array(classes, np.int64), unknown


def synthetic_fields(folder: Path) -> Iterator[Field]:
    """The fields of a ``bloodcells demo --kind fields`` specimen: leukocytes and platelets have boxes, also those
    that lie on red cells; clumps and deposits are neither asked for nor forbidden."""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    for entry in truth["images"]:
        boxes, classes, doubtful = [], [], []
        for cell in entry["cells"]:
            box = [cell["x_px"], cell["y_px"], cell["width_px"], cell["height_px"]]
            if cell["code"] in {"ART", "PLC"}:
                doubtful += [[k, *box] for k in range(3)]
            else:
                boxes.append(box)
                classes.append(2 if cell["code"] in {"PLT", "GPLT"} else 0)
        field = Field(
            entry["file"], "synthetic", "train", float(truth["mpp"]), read_rgb(folder / entry["file"]),
            np.array(boxes, np.float32).reshape(-1, 4), np.array(classes, np.int64), (True, False, True),
            np.array(doubtful, np.float32).reshape(-1, 5),
        )  # fmt: skip
        yield field.at_scale(MPP / 2)


def load_pseudo(path: Path) -> list[Field]:
    """What `main` wrote."""
    fields = []
    with np.load(path, allow_pickle=False) as file:
        n = len(file["path"])
        for i in range(n):
            site = str(file["site"][i])
            # In marrow, crowds hide unlabelled nucleated cells: only the boxes are trusted there.
            complete = (site != "mll-marrow", site not in {"mll-marrow", "synthetic"}, site != "mll-marrow")
            fields.append(
                Field(str(file["path"][i]), site, str(file["split"][i]), MPP / 2, file[f"image{i}"], file[f"boxes{i}"],
                      file[f"classes{i}"], complete, file[f"doubtful{i}"])
            )  # fmt: skip
    return fields


def main() -> None:
    """Label, filter, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--demo", type=Path, nargs="*", default=[], help="folders of synthetic fields to add")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    net = DetectorNet()
    net.load_state_dict(torch.load(args.weights, weights_only=True)["averaged"])
    net.eval()
    rng = np.random.default_rng(args.seed)
    groups = defaultdict(list)
    for item in load_items(args.data, args.work):
        if item.site in SITE_SCALE and item.set != "txl_pbc" and item.label not in {"ART", "SMU"}:
            groups[item.site, item.label].append(item)
    columns: dict[str, npt.NDArray[np.generic]] = {}
    names = []
    for (site, label), group in sorted(groups.items()):
        kept = 0
        for index in rng.permutation(len(group))[: TRIES[site]]:
            item = group[index]
            image = resample(read_rgb(args.data / item.path), SITE_SCALE[site] / (MPP / 2))
            small = resample(image, 0.5)
            labelled = label_field(net, small, label)
            if labelled is None:
                continue
            i = len(names)
            names.append((item.path, site, item.split))
            columns[f"image{i}"] = image
            columns[f"boxes{i}"] = labelled[0] * 2
            columns[f"classes{i}"] = labelled[1]
            columns[f"doubtful{i}"] = labelled[2] * np.array([1, 2, 2, 2, 2], np.float32)
            kept += 1
        print(f"{site:12s} {label:4s} kept {kept}", flush=True)
    for folder in args.demo:
        for field in synthetic_fields(folder):
            i = len(names)
            names.append((f"{folder.name}/{field.path}", "synthetic", "train"))
            columns[f"image{i}"], columns[f"boxes{i}"] = field.image, field.boxes
            columns[f"classes{i}"], columns[f"doubtful{i}"] = field.classes, field.doubtful
        print(f"synthetic    {folder.name}: {len(names)} fields in all", flush=True)
    np.savez(
        args.out,
        path=[n[0] for n in names],
        site=[n[1] for n in names],
        split=[n[2] for n in names],
        **columns,
    )


if __name__ == "__main__":
    main()

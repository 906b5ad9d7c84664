"""Random forest and support vectors on 4,000 grey images (500 a class), and on deep features; where IG cells go without a class.

The study: 84 % (random forest), 80 % (SVC); deep features + SVC 98.5 % on all images.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch

from scripts.study.common import (
    BUNDLE,
    NAMES,
    Log,
    arguments,
    bundle_features,
    four_thousand,
    imagenet_features,
    load,
    parts,
    score,
)
from scripts.study.vgg import svc

SIDE = 48


def main() -> None:
    """Run it."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.svm import SVC

    parser = arguments(__doc__)
    parser.add_argument("--bundle", default=BUNDLE, type=type(BUNDLE))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    log = Log(args.cache, "classical", args.seed)
    data = load(args.cache, "pbc", 128)
    train, test = four_thousand(data, args.seed)
    n, y, truth = len(train), data.y[train], data.y[test]
    small = np.array(
        [
            cv2.resize(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            for x in data.x[np.r_[train, test]]
        ]
    )
    flat = small.reshape(len(small), -1).astype(np.float32) / 255
    forest = RandomForestClassifier(300, n_jobs=args.threads, random_state=args.seed).fit(flat[:n], y)
    log.add(
        "random forest, 4,000 grey",
        "84 %",
        score(truth, forest.predict(flat[n:])),
        f"{SIDE} px, 300 trees",
        n,
    )
    found = SVC(C=10, gamma="scale").fit(flat[:n], y).predict(flat[n:])
    log.add("SVC, 4,000 grey", "80 %", score(truth, found), f"{SIDE} px, Gaussian kernel, C 10", n)
    deep = imagenet_features(args.cache, data, args.threads)
    log.add(
        "ImageNet features + SVC, 4,000",
        "-",
        score(truth, svc(deep[train], y, deep[test])),
        "EfficientNet-Lite0, 128 px",
        n,
    )
    big, fifth = parts(data)
    log.add("ImageNet features + SVC, all", "96 % (VGG16 transfer)", score(data.y[fifth], svc(deep[big], data.y[big], deep[fifth])),
            "EfficientNet-Lite0, 128 px", len(big))  # fmt: skip
    if (args.bundle / "card.json").is_file():
        from bloodcells_gui.inference.bundle import load_bundle

        tuned = bundle_features(args.cache, "pbc", data.path, args.bundle, args.threads)
        log.add("tuned features + SVC, all", "98.5 % (VGG16)", score(data.y[fifth], svc(tuned[big], data.y[big], tuned[fifth], 3)),
                f"shipped classifier {load_bundle(args.bundle).version}", len(big))  # fmt: skip
    # Where cells go that a model has no class for: train without IG, ask it for IG.
    ig = NAMES.index("ig")
    known = big[data.y[big] != ig]
    went = svc(deep[known], data.y[known], deep[data.y == ig])
    shares = {
        NAMES[k]: int((went == k).sum())
        for k in np.argsort(-np.bincount(went, minlength=len(NAMES)))
        if (went == k).any()
    }
    log.add("trained without IG: where the IG cells go", "monocyte 1403, neutrophil 680, basophil 580, erythroblast 151, lymphocyte 53, eosinophil 19, platelet 9",
            {"counts": shares}, "EfficientNet-Lite0 features + SVC", len(known), ", ".join(f"{k} {v}" for k, v in shares.items()))  # fmt: skip


if __name__ == "__main__":
    main()

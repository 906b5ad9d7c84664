"""Audit of the images: broken files, sizes, brightness, exact and near duplicates, label conflicts, with plots.

    python -m scripts.audit --out .train/audit
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path

import cv2
import numpy as np

from scripts.data import content_hashes, read_manifest


def difference_hash(grey: np.ndarray) -> int:
    """64-bit dHash: signs of horizontal differences of a 9x8 thumbnail."""
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return int("".join("1" if b else "0" for b in bits), 2)


def near_pairs(hashes: dict[str, int], reach: int = 2) -> list[tuple[str, str, int]]:
    """Pairs of paths whose dHash differs in at most `reach` bits: candidates, to be confirmed by pixels."""
    names = list(hashes)
    values = np.array([hashes[n] for n in names], np.uint64)
    pairs = []
    # By the pigeonhole principle two hashes within `reach` bits share one of reach + 1 bands of bits exactly.
    bands = reach + 1
    width = 64 // bands
    seen = set()
    for band in range(bands):
        shift = np.uint64(band * width)
        mask = np.uint64((1 << (width if band < bands - 1 else 64 - band * width)) - 1)
        keys = (values >> shift) & mask
        buckets: dict[int, list[int]] = defaultdict(list)
        for i, key in enumerate(keys):
            buckets[int(key)].append(i)
        for members in buckets.values():
            if len(members) > 400:
                continue
            for a_at, a in enumerate(members):
                for b in members[a_at + 1 :]:
                    distance = int(values[a] ^ values[b]).bit_count()
                    if distance <= reach and (a, b) not in seen:
                        seen.add((a, b))
                        pairs.append((names[a], names[b], distance))
    return pairs


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two grey thumbnails."""
    x, y = a.astype(np.float32).ravel(), b.astype(np.float32).ravel()
    x, y = x - x.mean(), y - y.mean()
    return float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y) + 1e-9))


def audit(data: Path) -> dict:
    """All findings as plain data."""
    rows = read_manifest(data)
    listed = {r["path"] for r in rows}
    label = {r["path"]: r["label"] for r in rows}
    folder = {r["path"]: str(Path(r["path"]).parent) for r in rows}
    group = {r["path"]: r["group"] for r in rows}
    hashes = content_hashes(data, rows)
    sizes: dict[str, Counter[str]] = defaultdict(Counter)
    brightness: dict[str, list[float]] = defaultdict(list)
    focus: dict[str, list[float]] = defaultdict(list)
    broken, looks, thumbs = [], {}, {}
    for row in rows:
        image = cv2.imread(str(data / row["path"]), cv2.IMREAD_COLOR)
        if image is None:
            broken.append(row["path"])
            continue
        key = f"{row['set']}/{row['site']}"
        sizes[key][f"{image.shape[1]}x{image.shape[0]}"] += 1
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        brightness[key].append(float(grey.mean()))
        focus[key].append(float(cv2.Laplacian(cv2.resize(grey, (128, 128), interpolation=cv2.INTER_AREA), cv2.CV_32F).var()))
        looks[row["path"]] = difference_hash(grey)
        thumbs[row["path"]] = cv2.resize(grey, (48, 48), interpolation=cv2.INTER_AREA)
    by_hash: dict[str, list[str]] = defaultdict(list)
    for path, value in hashes.items():
        by_hash[value].append(path)
    exact = [sorted(p) for p in by_hash.values() if len(p) > 1]
    near = [(a, b, d) for a, b, d in near_pairs(looks) if hashes[a] != hashes[b] and correlation(thumbs[a], thumbs[b]) > 0.995]
    conflicts = [p for p in exact if len({label[x] for x in p} - {""}) > 1 or len({folder[x] for x in p if x.startswith("pbc/")}) > 1]
    pbc_exact = [p for p in exact if sum(x.startswith("pbc/") for x in p) > 1]
    unlisted = [
        p.relative_to(data).as_posix() for p in data.rglob("*")
        if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff") and "masks" not in p.parts
        and p.relative_to(data).as_posix() not in listed
    ]  # fmt: skip
    groups = Counter(group.values())
    return {
        "images": len(rows),
        "broken": broken,
        "not_in_manifest": unlisted,
        "labels": {s: dict(Counter(f"{r['label'] or '(none)'}" for r in rows if r["set"] == s)) for s in sorted({r["set"] for r in rows})},
        "sizes": {k: dict(v.most_common(8)) for k, v in sizes.items()},
        "brightness": {k: {"mean": round(float(np.mean(v)), 1), "p1": round(float(np.percentile(v, 1)), 1), "p99": round(float(np.percentile(v, 99)), 1)} for k, v in brightness.items()},
        "focus_laplacian_variance_median": {k: round(float(np.median(v)), 1) for k, v in focus.items()},
        "exact_duplicates": exact,
        "exact_duplicates_within_pbc": len(pbc_exact),
        "label_conflicts_among_identical_files": conflicts,
        "near_duplicates": [{"a": a, "b": b, "bits": d, "same_group": group[a] == group[b]} for a, b, d in near],
        "near_duplicates_across_groups": sum(group[a] != group[b] for a, b, _ in near),
        "groups": {"count": len(groups), "of_more_than_one": sum(v > 1 for v in groups.values()), "largest": groups.most_common(5)},
        "_brightness": dict(brightness),
    }


def plot(findings: dict, out: Path) -> None:
    """Brightness per site and class sizes per set."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5))
    for key, values in findings["_brightness"].items():
        left.hist(values, bins=50, range=(40, 250), histtype="step", density=True, label=key)
    left.set_xlabel("mean grey level of an image")
    left.legend(fontsize=7)
    bottom: dict[str, int] = defaultdict(int)
    for name, counts in findings["labels"].items():
        codes = sorted(counts)
        right.bar(codes, [counts[c] for c in codes], bottom=[bottom[c] for c in codes], label=name)
        for c in codes:
            bottom[c] += counts[c]
    right.set_ylabel("images")
    right.tick_params(axis="x", rotation=70)
    right.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(out / "audit.png", dpi=90)


def main() -> None:
    """Write ``audit.json`` and ``audit.png``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path(".train/audit"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    findings = audit(args.data)
    plot(findings, args.out)
    findings.pop("_brightness")
    (args.out / "audit.json").write_text(json.dumps(findings, indent=1))
    for key in ("images", "broken", "exact_duplicates_within_pbc", "label_conflicts_among_identical_files", "near_duplicates_across_groups", "groups", "brightness"):
        print(key, findings[key])
    print("exact duplicate sets", len(findings["exact_duplicates"]), "near pairs", len(findings["near_duplicates"]))


if __name__ == "__main__":
    main()

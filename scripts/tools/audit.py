"""Audit of the images, site by site: broken files, sizes, brightness, focus, exact and near duplicates, copies in other folders, label conflicts.

    python -m scripts.tools.audit --out .train/audit        # audit.json, audit.md, audit.png, duplicates.png

The duplicates that ``manifest.csv`` lists as groups are found again from the pixels alone, and pairs that it does not list are named:
those leak from training into testing.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from scripts.tools.audit_copies import (
    correlation,
    crops_in_frames,
    difference_hash,
    middle_patch,
    near_pairs,
    thumbnail,
    turned_copies,
)
from scripts.tools.audit_report import markdown, mosaic, plot
from scripts.training.data import SITE_UM, content_hashes, read_manifest

#: Sets of whole fields, with boxes instead of one label.
FIELD_SETS = {"txl_pbc"}
NEAR = 0.995
MARGIN = 1


@dataclass
class Looks:
    """What one pass over the files keeps of each image."""

    broken: list[str] = field(default_factory=list)
    size: dict[str, str] = field(default_factory=dict)
    brightness: dict[str, float] = field(default_factory=dict)
    focus: dict[str, float] = field(default_factory=dict)
    hash: dict[str, int] = field(default_factory=dict)
    thumb: dict[str, np.ndarray] = field(default_factory=dict)
    patch: dict[str, np.ndarray] = field(default_factory=dict)


def scale_of(row: dict[str, str]) -> float | None:
    """um per px of a row, None where nobody knows."""
    return float(row["um_per_px"]) if row["um_per_px"] else SITE_UM.get(row["site"])


def look(data: Path, rows: list[dict[str, str]]) -> Looks:
    """Decode every image once."""
    out = Looks()
    for row in rows:
        path = row["path"]
        grey = cv2.imread(str(data / path), cv2.IMREAD_GRAYSCALE)
        if grey is None:
            out.broken.append(path)
            continue
        out.size[path] = f"{grey.shape[1]}x{grey.shape[0]}"
        out.brightness[path] = float(grey.mean())
        small = cv2.resize(grey, (128, 128), interpolation=cv2.INTER_AREA)
        out.focus[path] = float(cv2.Laplacian(small, cv2.CV_32F).var())
        out.hash[path] = difference_hash(grey)
        out.thumb[path] = thumbnail(grey)
        um = scale_of(row)
        patch = middle_patch(grey, um, MARGIN if row["set"] in FIELD_SETS else 0) if um else None
        if patch is not None:
            out.patch[path] = patch
    return out


def odd_ones(values: dict[str, float], reach: float = 5.0) -> list[str]:
    """Names whose value lies `reach` robust standard deviations (1.4826 MAD) or more from the median."""
    if len(values) < 10:
        return []
    held = np.array(list(values.values()))
    middle = np.median(held)
    spread = max(1.4826 * float(np.median(np.abs(held - middle))), 1e-6)
    return [name for name, v in values.items() if abs(v - middle) / spread >= reach]


def by_site(rows: list[dict[str, str]], seen: Looks) -> dict[str, dict[str, Any]]:
    """Counts, sizes, brightness and focus of every set and site."""
    parts: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        parts[f"{row['set']}/{row['site']}"].append(row)
    out = {}
    for key, members in parts.items():
        good = [r["path"] for r in members if r["path"] in seen.size]
        light = {p: seen.brightness[p] for p in good}
        odd = odd_ones(light)
        folders = Counter(Path(p).parent.name for p in odd)
        out[key] = {
            "images": len(members), "broken": len(members) - len(good), "labels": dict(Counter(r["label"] or "(none)" for r in members)),
            "sizes": dict(Counter(seen.size[p] for p in good).most_common()),
            "brightness": spread(light.values()), "odd_brightness": {"images": len(odd), "by_folder": dict(folders.most_common())},
            "focus": spread(seen.focus[p] for p in good),
        }  # fmt: skip
    return out


def spread(values: Iterable[float]) -> dict[str, float]:
    """Median and the first and last hundredth."""
    held = list(values)
    if not held:
        return {}
    return {k: round(float(np.percentile(held, q)), 1) for k, q in (("p1", 1), ("median", 50), ("p99", 99))}


def exact_sets(hashes: dict[str, str]) -> list[list[str]]:
    """Paths of identical files."""
    held: dict[str, list[str]] = defaultdict(list)
    for path, value in hashes.items():
        held[value].append(path)
    return sorted(sorted(p) for p in held.values() if len(p) > 1)


def copies(rows: list[dict[str, str]], seen: Looks, hashes: dict[str, str]) -> list[dict[str, Any]]:
    """All pairs that show one picture and are not the same file: how they were found, and whether the manifest knows."""
    group = {r["path"]: r["group"] for r in rows}
    label = {r["path"]: r["label"] for r in rows}
    found: dict[tuple[str, str], dict[str, Any]] = {}

    def add(a: str, b: str, how: str, value: float) -> None:
        key = (min(a, b), max(a, b))
        if hashes[a] != hashes[b] and key not in found:
            odds = bool(label[a] and label[b] and label[a] != label[b])
            found[key] = {
                "a": key[0],
                "b": key[1],
                "how": how,
                "correlation": round(value, 3),
                "same_group": group[a] == group[b],
                "labels_differ": odds,
            }

    for a, b, _ in near_pairs(seen.hash):
        value = correlation(seen.thumb[a], seen.thumb[b])
        if value > NEAR:
            add(a, b, "near", value)
    for site in sorted({r["site"] for r in rows}):
        here = [r for r in rows if r["site"] == site and r["path"] in seen.size]
        fields = [r["path"] for r in here if r["set"] in FIELD_SETS]
        for a, b, how, value in turned_copies(fields, [seen.thumb[p] for p in fields]):
            add(
                a,
                b,
                f"turned {how % 4 * 90} degrees{', mirrored' if how >= 4 else ''}"
                if how
                else "squeezed or zoomed",
                value,
            )
        crops = [
            (r["path"], seen.patch[r["path"]])
            for r in here
            if r["set"] not in FIELD_SETS and r["path"] in seen.patch
        ]
        frames = [(p, seen.patch[p]) for p in fields if p in seen.patch]
        for a, b, value in crops_in_frames(crops, frames, MARGIN):
            add(a, b, "crop of a frame", value)
    return sorted(found.values(), key=lambda p: (p["how"], p["a"], p["b"]))


def groups_across_folders(rows: list[dict[str, str]], linked: list[tuple[str, str]]) -> dict[str, Any]:
    """Groups of the manifest with members in several folders: how many of them the pixels alone lead to."""
    members: dict[str, set[str]] = defaultdict(set)
    sets: dict[str, set[str]] = defaultdict(set)
    group = {}
    for r in rows:
        members[r["group"]].add(str(Path(r["path"]).parent))
        sets[r["group"]].add(r["set"])
        group[r["path"]] = r["group"]
    across = {g for g, f in members.items() if len(f) > 1}
    met = {group[a] for a, b in linked if group[a] == group[b] and Path(a).parent != Path(b).parent}
    kinds: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for g in across:
        kind = kinds[" + ".join(sorted(sets[g]))]
        kind[0] += 1
        kind[1] += g in met
    return {
        "listed": len(across),
        "found": len(across & met),
        "by_sets": {k: {"listed": a, "found": b} for k, (a, b) in sorted(kinds.items())},
    }


def audit(data: Path) -> dict[str, Any]:
    """All findings as plain data."""
    rows = read_manifest(data)
    missing = [r["path"] for r in rows if not (data / r["path"]).is_file()]
    rows = [r for r in rows if r["path"] not in set(missing)]
    listed = {r["path"] for r in rows}
    label, group = {r["path"]: r["label"] for r in rows}, {r["path"]: r["group"] for r in rows}
    hashes, seen = content_hashes(data, rows), look(data, rows)
    exact = exact_sets(hashes)
    pairs = copies(rows, seen, hashes)
    # Codes may agree where folders do not, and a folder of PBC is a class.
    conflicts = [
        p
        for p in exact
        if len({label[x] for x in p} - {""}) > 1
        or len({Path(x).parent for x in p if x.startswith("pbc/")}) > 1
    ]
    unlisted = [
        p.relative_to(data).as_posix() for p in sorted(data.rglob("*"))
        if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff") and "masks" not in p.parts
        and p.relative_to(data).as_posix() not in listed
    ]  # fmt: skip
    linked = [(a, b) for p in exact for i, a in enumerate(p) for b in p[i + 1 :]] + [
        (p["a"], p["b"]) for p in pairs
    ]
    counts = Counter(group.values())
    return {
        "images": len(rows), "missing": missing, "broken": seen.broken, "not_in_manifest": unlisted, "sites": by_site(rows, seen),
        "exact_duplicates": exact,
        "exact_duplicate_pairs_within_pbc": sum(sum(x.startswith("pbc/") for x in p) > 1 for p in exact),
        "label_conflicts_among_identical_files": conflicts,
        "copies": pairs,
        "copies_by_kind": {k: dict(v) for k, v in tally(pairs).items()},
        "copies_across_groups": [p for p in pairs if not p["same_group"]],
        "copies_with_two_labels": [p for p in pairs if p["labels_differ"]],
        "exact_across_groups": [p for p in exact if len({group[x] for x in p}) > 1],
        "groups": {"count": len(counts), "of_more_than_one": sum(v > 1 for v in counts.values()), "largest": counts.most_common(5)},
        "groups_across_folders": groups_across_folders(rows, linked),
        "_looks": seen,
    }  # fmt: skip


def tally(pairs: list[dict[str, Any]]) -> dict[str, Counter[str]]:
    """Pairs by how they were found, known to the manifest or not."""
    out: dict[str, Counter[str]] = defaultdict(Counter)
    for p in pairs:
        kind = p["how"].split()[0] if p["how"].startswith("turned") else p["how"]
        out[kind]["same group" if p["same_group"] else "across groups"] += 1
    return out


def main() -> None:
    """Write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path(".train/audit"))
    args = parser.parse_args()
    if not (args.data / "manifest.csv").is_file():
        raise SystemExit(
            f"there is no {args.data / 'manifest.csv'}: give the folder that holds it with --data"
        )
    cv2.setNumThreads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    findings = audit(args.data)
    seen = findings.pop("_looks")
    plot(
        findings,
        seen.brightness,
        seen.size,
        {r["path"]: f"{r['set']}/{r['site']}" for r in read_manifest(args.data)},
        args.out / "audit.png",
    )
    shown = [p[:2] for p in findings["label_conflicts_among_identical_files"]] + [
        [p["a"], p["b"]] for p in findings["copies_across_groups"]
    ]
    mosaic(args.data, shown, args.out / "duplicates.png")
    (args.out / "audit.json").write_text(json.dumps(findings, indent=1))
    report = markdown(findings)
    (args.out / "audit.md").write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()

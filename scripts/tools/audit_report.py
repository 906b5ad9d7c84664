"""The audit's findings for people: Markdown, plots of every site, and a sheet of duplicates to look at."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np


def markdown(found: dict[str, Any]) -> str:
    """The report; lists are cut short, ``audit.json`` has all of it."""
    lines = ["# Data audit", "", f"{found['images']:,} images. Missing files: {len(found['missing'])}. Broken: {len(found['broken'])}. "
             f"Not in the manifest: {len(found['not_in_manifest'])}.", "",
             "| set/site | images | broken | sizes | brightness p1 / median / p99 | odd brightness | focus p1 / median / p99 |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    for key, site in found["sites"].items():
        sizes = ", ".join(f"{k} ({v})" for k, v in list(site["sizes"].items())[:4])
        more = len(site["sizes"]) - 4
        light, focus = (" / ".join(str(v) for v in site[k].values()) for k in ("brightness", "focus"))
        odd = site["odd_brightness"]
        where = ", ".join(f"{k} {v}" for k, v in list(odd["by_folder"].items())[:8])
        lines.append(
            f"| {key} | {site['images']} | {site['broken']} | {sizes}{f' and {more} more' if more > 0 else ''} | {light} | {odd['images']}{f' ({where})' if where else ''} | {focus} |"
        )
    across = found["groups_across_folders"]
    kinds = "; ".join(f"{k}: {v['found']} of {v['listed']}" for k, v in across["by_sets"].items())
    lines += [
        "", "Focus is the variance of the Laplacian at 128 px; odd brightness is five robust standard deviations from the site's median.", "",
        "## Duplicates", "",
        f"- Sets of identical files: {len(found['exact_duplicates'])}, of which pairs within PBC: {found['exact_duplicate_pairs_within_pbc']} (the study: 17).",
        f"- Identical files in two classes: {len(found['label_conflicts_among_identical_files'])}"
        + "".join(f"\n  - {' = '.join(p)}" for p in found["label_conflicts_among_identical_files"]),
        f"- Identical files in different groups of the manifest: {len(found['exact_across_groups'])}.",
        f"- Groups of the manifest that lie in several folders: {across['found']} of {across['listed']} are found by pixels alone ({kinds}).",
        *(f"- {kind}: {n.get('same group', 0)} pairs the manifest knows, {n.get('across groups', 0)} it does not." for kind, n in sorted(found["copies_by_kind"].items())),
        f"- Copies with two labels: {len(found['copies_with_two_labels'])}.",
    ]  # fmt: skip
    leaks = found["copies_across_groups"]
    if leaks:
        lines += ["", "Pairs that the manifest puts in different groups, so that a split may part them:", ""]
        lines += [f"- {p['a']} and {p['b']} ({p['how']}, correlation {p['correlation']})" for p in leaks[:20]]
        lines += [f"- and {len(leaks) - 20} more in audit.json"] if len(leaks) > 20 else []
    return "\n".join(lines) + "\n"


def plot(
    found: dict[str, Any],
    brightness: dict[str, float],
    size: dict[str, str],
    site_of: dict[str, str],
    path: Path,
) -> None:
    """Brightness, image sizes and classes of every site."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(18, 5.5))
    values: dict[str, list[float]] = defaultdict(list)
    for name, value in brightness.items():
        values[site_of[name]].append(value)
    for key, held in values.items():
        left.hist(held, bins=60, range=(20, 250), histtype="step", density=True, label=f"{key} ({len(held)})")
    left.set_xlabel("mean grey level of an image")
    left.set_ylabel("share of the site's images per grey level")
    left.legend(fontsize=7)
    for key in values:
        sides = np.array([[int(v) for v in size[n].split("x")] for n in size if site_of[n] == key])
        kinds, counts = np.unique(sides, axis=0, return_counts=True)
        middle.scatter(kinds[:, 0], kinds[:, 1], s=20 + 12 * np.sqrt(counts), alpha=0.5, label=key)
    middle.set_xlabel("width, px")
    middle.set_ylabel("height, px (area grows with the number of images)")
    for mark in middle.legend(fontsize=7, loc="lower right").legend_handles:
        mark.set_sizes([30])
    codes = sorted({c for s in found["sites"].values() for c in s["labels"]})
    bottom = np.zeros(len(codes))
    for key, part in found["sites"].items():
        heights = np.array([part["labels"].get(c, 0) for c in codes])
        right.bar(codes, heights, bottom=bottom, label=key)
        bottom += heights
    right.set_ylabel("images")
    right.tick_params(axis="x", rotation=70)
    right.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def mosaic(data: Path, pairs: list[list[str]], path: Path, most: int = 24, side: int = 150) -> None:
    """A sheet of pairs, one above the other, to look at; nothing is written without any."""
    tiles = []
    for pair in pairs[:most]:
        images = [cv2.imread(str(data / p), cv2.IMREAD_COLOR) for p in pair]
        if all(i is not None for i in images):
            tiles.append(
                np.vstack([cv2.resize(i, (side, side), interpolation=cv2.INTER_AREA) for i in images])
            )
    if not tiles:
        return
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % min(8, len(tiles)))
    width = min(8, len(tiles))
    gap = np.full((6, width * side, 3), 255, np.uint8)
    rows = [np.vstack([np.hstack(tiles[k : k + width]), gap]) for k in range(0, len(tiles), width)]
    cv2.imwrite(str(path), np.vstack(rows))

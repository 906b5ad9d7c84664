"""The data audit finds what was planted."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.audit import audit, difference_hash, near_pairs


def smooth(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, (60, 60)).astype(np.float32)
    field = cv2.GaussianBlur(noise, (0, 0), 6)
    return np.clip(128 + 600 * field, 0, 255).astype(np.uint8)


def test_near_pairs_finds_all_within_reach_and_no_others() -> None:
    rng = np.random.default_rng(0)
    hashes = {f"{i}": int(rng.integers(0, 2**63)) for i in range(300)}
    hashes["twin"] = hashes["7"] ^ (1 << 3) ^ (1 << 60)
    hashes["same"] = hashes["9"]
    found = {(a, b): d for a, b, d in near_pairs(hashes, 2)}
    assert found == {("7", "twin"): 2, ("9", "same"): 0}


def test_audit_of_a_planted_folder(tmp_path: Path) -> None:
    rows = []

    def add(path: str, data: bytes, label: str, group: str) -> None:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        rows.append([path, "pbc", "pbc", label, group, "0.1", "", "train+ship"])

    def png(image: np.ndarray) -> bytes:
        return cv2.imencode(".png", image)[1].tobytes()

    add("pbc/ly/a.png", png(smooth(1)), "LY", "1")
    add("pbc/mo/b.png", png(smooth(1)), "MO", "1")
    add("pbc/ly/c.png", png(smooth(2)), "LY", "2")
    add("pbc/ly/d.png", png(np.clip(smooth(2).astype(int) + 3, 0, 255).astype(np.uint8)), "LY", "3")
    add("pbc/ly/e.png", b"no image", "LY", "4")
    (tmp_path / "pbc/ly/extra.png").write_bytes(png(smooth(5)))
    with (tmp_path / "manifest.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["path", "set", "site", "label", "group", "um_per_px", "mask", "use"])
        writer.writerows(rows)
    found = audit(tmp_path)
    assert found["broken"] == ["pbc/ly/e.png"]
    assert found["exact_duplicates"] == [["pbc/ly/a.png", "pbc/mo/b.png"]]
    assert found["label_conflicts_among_identical_files"] == [["pbc/ly/a.png", "pbc/mo/b.png"]]
    assert [(n["a"], n["b"]) for n in found["near_duplicates"]] == [("pbc/ly/c.png", "pbc/ly/d.png")]
    assert found["near_duplicates_across_groups"] == 1
    assert found["not_in_manifest"] == ["pbc/ly/extra.png"]


@pytest.mark.parametrize("seed", range(5))
def test_the_hash_ignores_brightness(seed: int) -> None:
    image = smooth(seed)
    darker = (image * 0.8).astype(np.uint8)
    assert (difference_hash(image) ^ difference_hash(darker)).bit_count() <= 3

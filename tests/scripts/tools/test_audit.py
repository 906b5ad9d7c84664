"""The data audit finds what was planted, and on the real images what the study and the manifest say."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.tools.audit import audit, odd_ones
from scripts.tools.audit_copies import (
    THUMB,
    crops_in_frames,
    difference_hash,
    middle_patch,
    near_pairs,
    thumbnail,
    turned_copies,
)
from scripts.tools.audit_report import markdown, mosaic, plot


def smooth(seed: int, height: int = 60, width: int = 60) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, (height, width)).astype(np.float32)
    field = cv2.GaussianBlur(noise, (0, 0), 6)
    return np.clip(128 + 600 * field, 0, 255).astype(np.uint8)


def png(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


class Folder:
    """A data folder in the making."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rows: list[list[str]] = []

    def add(self, path: str, data: bytes, label: str, group: str, um: str = "0.1") -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        self.rows.append([path, path.split("/", maxsplit=1)[0], "pbc", label, group, um, "", "train+ship"])

    def done(self) -> Path:
        with (self.root / "manifest.csv").open("w", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(["path", "set", "site", "label", "group", "um_per_px", "mask", "use"])
            writer.writerows(self.rows)
        return self.root


def test_near_pairs_finds_all_within_reach_and_no_others() -> None:
    rng = np.random.default_rng(0)
    hashes = {f"{i}": int(rng.integers(0, 2**63)) for i in range(300)}
    hashes["twin"] = hashes["7"] ^ (1 << 3) ^ (1 << 60)
    hashes["same"] = hashes["9"]
    found = {(a, b): d for a, b, d in near_pairs(hashes, 2)}
    assert found == {("7", "twin"): 2, ("9", "same"): 0}


def test_audit_of_a_planted_folder(tmp_path: Path) -> None:
    made = Folder(tmp_path)
    made.add("pbc/ly/a.png", png(smooth(1)), "LY", "1")
    made.add("pbc/mo/b.png", png(smooth(1)), "MO", "1")
    made.add("pbc/ly/c.png", png(smooth(2)), "LY", "2")
    made.add("pbc/mo/d.png", png(np.clip(smooth(2).astype(int) + 3, 0, 255).astype(np.uint8)), "MO", "3")
    made.add("pbc/ly/e.png", b"no image", "LY", "4")
    made.add("pbc/ly/gone.png", png(smooth(9)), "LY", "5")
    (tmp_path / "pbc/ly/gone.png").unlink()
    (tmp_path / "pbc/ly/extra.png").write_bytes(png(smooth(5)))
    found = audit(made.done())
    assert found["broken"] == ["pbc/ly/e.png"]
    assert found["missing"] == ["pbc/ly/gone.png"]
    assert found["exact_duplicates"] == [["pbc/ly/a.png", "pbc/mo/b.png"]]
    assert found["label_conflicts_among_identical_files"] == [["pbc/ly/a.png", "pbc/mo/b.png"]]
    assert [(n["a"], n["b"], n["how"]) for n in found["copies"]] == [("pbc/ly/c.png", "pbc/mo/d.png", "near")]
    assert found["copies_across_groups"] == found["copies_with_two_labels"] == found["copies"]
    assert found["not_in_manifest"] == ["pbc/ly/extra.png"]
    assert found["groups_across_folders"] == {
        "listed": 1,
        "found": 1,
        "by_sets": {"pbc": {"listed": 1, "found": 1}},
    }
    site = found["sites"]["pbc/pbc"]
    assert (site["images"], site["broken"], site["sizes"]) == (5, 1, {"60x60": 4})
    assert site["labels"] == {"LY": 3, "MO": 2}
    assert abs(site["brightness"]["median"] - 128) < 40


def test_frames_and_their_crops_and_turned_fields_are_found(tmp_path: Path) -> None:
    made = Folder(tmp_path)
    for seed in range(6):
        frame = smooth(seed, 240, 240)
        made.add(f"txl_pbc/frame{seed}.png", png(frame), "", f"g{seed}")
        # One crop is filed under another group: that is a leak.
        made.add(
            f"pbc/ly/crop{seed}.png",
            png(frame[36:196, 34:194]),
            "LY",
            "elsewhere" if seed == 3 else f"g{seed}",
        )
    made.add("txl_pbc/turned.png", png(np.rot90(smooth(4, 240, 240), 1)[8:232, 8:232]), "", "other")
    found = audit(made.done())
    crops = {(p["a"], p["b"], p["same_group"]) for p in found["copies"] if p["how"] == "crop of a frame"}
    wanted = {(f"pbc/ly/crop{s}.png", f"txl_pbc/frame{s}.png", s != 3) for s in range(6)}
    assert wanted <= crops
    assert all(a[-5] == b[-5] for a, b, _ in crops if "turned" not in b), (
        "crops of other frames were taken for this one's"
    )
    turned = [p for p in found["copies"] if p["how"].startswith("turned")]
    assert [(p["a"], p["b"], p["same_group"]) for p in turned] == [
        ("txl_pbc/frame4.png", "txl_pbc/turned.png", False)
    ]
    assert found["groups_across_folders"] == {
        "listed": 5,
        "found": 5,
        "by_sets": {"pbc + txl_pbc": {"listed": 5, "found": 5}},
    }


@pytest.mark.parametrize("how", range(8))
def test_turned_copies_knows_every_attitude_and_no_strangers(how: int) -> None:
    images = [smooth(s, 200, 260) for s in range(12)]
    plain = images[0] if how < 4 else images[0][:, ::-1]
    copy = cv2.resize(np.rot90(plain, how % 4), (180, 180)) // 2
    names = [str(i) for i in range(12)] + ["copy"]
    found = turned_copies(names, [thumbnail(i) for i in [*images, copy]])
    assert [(a, b) for a, b, *_ in found] == [("0", "copy")]


def test_blank_images_are_no_copies() -> None:
    blank = [np.full((THUMB, THUMB), v, np.uint8) for v in (10, 200)]
    assert turned_copies(["a", "b"], blank) == []
    patch = middle_patch(np.full((200, 200), 90, np.uint8), 0.1, 1)
    assert patch is not None
    assert crops_in_frames([("c", patch[2:-2, 2:-2])], [("f", patch)]) == []


def test_an_image_smaller_than_the_patch_has_none() -> None:
    assert middle_patch(smooth(1), 0.1) is None


def test_odd_ones_are_told_and_a_tight_site_is_not() -> None:
    held = {f"{i}": 100.0 + i % 7 for i in range(50)} | {"dark": 30.0}
    assert odd_ones(held) == ["dark"]
    assert odd_ones({"a": 1.0, "b": 99.0}) == []


@pytest.mark.parametrize("seed", range(5))
def test_the_hash_ignores_brightness(seed: int) -> None:
    image = smooth(seed)
    darker = (image * 0.8).astype(np.uint8)
    assert (difference_hash(image) ^ difference_hash(darker)).bit_count() <= 3


def test_the_report_names_what_was_found(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    made = Folder(tmp_path)
    made.add("pbc/ly/a.png", png(smooth(1)), "LY", "1")
    made.add("pbc/mo/b.png", png(smooth(1)), "MO", "2")
    found = audit(made.done())
    seen = found.pop("_looks")
    text = markdown(found)
    assert "pbc/ly/a.png = pbc/mo/b.png" in text
    assert "Identical files in different groups of the manifest: 1." in text
    plot(found, seen.brightness, seen.size, dict.fromkeys(seen.size, "pbc/pbc"), tmp_path / "plot.png")
    mosaic(tmp_path, found["label_conflicts_among_identical_files"], tmp_path / "sheet.png")
    for name in ("plot.png", "sheet.png"):
        image = cv2.imread(str(tmp_path / name))
        assert image is not None
        assert image.std() > 5


@pytest.mark.realdata
@pytest.mark.slow
def test_the_real_images_hold_the_duplicates_that_the_study_found(real_data: Path) -> None:
    found = audit(real_data)
    assert found["broken"] == found["missing"] == []
    assert found["exact_duplicate_pairs_within_pbc"] == 17
    assert found["label_conflicts_among_identical_files"] == [
        ["pbc/eosinophil/EO_225902.jpg", "pbc/neutrophil/BNE_191112.jpg"]
    ]
    across = found["groups_across_folders"]["by_sets"]
    assert across["pbc + txl_pbc"] == {"listed": 337, "found": 337}

"""The stored left-out networks go where the other commands look for them, and load."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scripts.training import stored_networks


def test_what_is_stored_is_unpacked_once_and_replaces_nothing(tmp_path: Path) -> None:
    mine = tmp_path / "without-raabin" / "final.pt"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    copied = stored_networks.unpack(tmp_path)
    assert mine not in copied
    assert mine.read_bytes() == b"mine"
    assert len(copied) == len(stored_networks.PLACES) - 1
    assert stored_networks.unpack(tmp_path) == []
    assert {p.name for p in stored_networks.STORED.iterdir()} == {*stored_networks.PLACES, "README.md"}


@pytest.mark.parametrize("site", stored_networks.SITES)
def test_stored_answers_are_numbers_of_one_length(site: str) -> None:
    with np.load(stored_networks.STORED / f"answers-without-{site}.npz", allow_pickle=False) as answers:
        cells = len(answers["path"])
        assert cells > 100
        for name in ("logits", "embedding", "allowed", "measurements"):
            assert len(answers[name]) == cells
        assert np.isfinite(answers["logits"]).all()


def test_stored_weights_fit_the_networks() -> None:
    torch = pytest.importorskip("torch")
    from scripts.training.classifier_net import ClassifierNet
    from scripts.training.data import LEAVES
    from scripts.training.detector_net import DetectorNet

    for name in stored_networks.PLACES:
        if not name.endswith(".pt"):
            continue
        state = torch.load(stored_networks.STORED / name, map_location="cpu", weights_only=True)
        if name.startswith("classifier"):
            net = ClassifierNet(len(LEAVES))
            net.load_state_dict(state)
        else:
            net = DetectorNet()
            net.load_state_dict(state["averaged"])
        assert all(p.dtype == torch.float32 and torch.isfinite(p).all() for p in net.parameters())

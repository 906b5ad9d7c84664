"""Networks of detector and segmenter: thresholds chosen, exported weights taken up again."""

from __future__ import annotations

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("onnx", reason="needs the train extra")

from bloodcells_gui.domain.detections import NUCLEATED, RED_CELL, Detections  # noqa: E402
from scripts.training.evaluate_left_out import choose_thresholds  # noqa: E402
from scripts.training.export_fields import fold_batch_norm  # noqa: E402
from scripts.training.fields_data import Field  # noqa: E402
from scripts.training.masks_data import SIZE  # noqa: E402
from scripts.training.resume_exported import unfold  # noqa: E402
from scripts.training.segmenter_net import SegmenterNet  # noqa: E402


@pytest.mark.parametrize(("kind", "above_wrong", "of_all"), [(NUCLEATED, 0.5, 0.3), (RED_CELL, 0.55, 0.45)])
def test_lowest_scores_are_chosen_where_right_and_wrong_part(
    kind: int, above_wrong: float, of_all: float
) -> None:
    boxes = np.array(
        [[x - 15, y - 15, 30, 30] for x, y in ((50, 50), (150, 60), (60, 150), (140, 140))], np.float32
    )
    image = np.full((200, 200, 3), 235, np.uint8)
    truth = Field("f", "s", "train", 0.5, image, boxes, np.full(4, kind), (True, True, True))
    wrong = np.array([[10, 100, 30, 30]], np.float32)
    found = Detections(
        np.concatenate([truth.boxes, wrong]),
        np.full(5, kind, np.int8),
        np.array([0.9, 0.8, 0.7, 0.56, 0.47], np.float32),
    )
    assert choose_thresholds([([found], [truth])])[kind] == above_wrong
    assert choose_thresholds([([found.take(np.arange(4))], [truth])])[kind] == of_all


def test_each_laboratory_weighs_alike_however_many_fields_it_has() -> None:
    box = np.array([[35, 35, 30, 30]], np.float32)
    image = np.full((100, 100, 3), 235, np.uint8)
    field = Field("f", "s", "train", 0.5, image, box, np.zeros(1, np.int64), (True, True, True))
    weak = Detections(box, np.zeros(1, np.int8), np.array([0.4], np.float32))
    beside = np.array([[0, 0, 25, 25]], np.float32)
    strong = Detections(
        np.concatenate([box, beside]), np.zeros(2, np.int8), np.array([0.9, 0.48], np.float32)
    )
    many, few = ([strong] * 50, [field] * 50), ([weak], [field])
    assert choose_thresholds([many])[NUCLEATED] == 0.5
    assert choose_thresholds([many, few])[NUCLEATED] == 0.3


def test_exported_weights_are_taken_up_again() -> None:
    torch.manual_seed(1)
    net = SegmenterNet()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.3)
    images = np.random.default_rng(1).integers(0, 256, (4, SIZE, SIZE, 3)).astype(np.uint8)
    x = torch.from_numpy(images).permute(0, 3, 1, 2).float()
    net(x)
    net.eval()
    with torch.no_grad():
        wanted = net(x)
    folded = {f"net.{k}": v.numpy() for k, v in fold_batch_norm(copy.deepcopy(net)).state_dict().items()}
    again = unfold(folded, SegmenterNet(), images)
    with torch.no_grad():
        torch.testing.assert_close(again(x), wanted, atol=1e-4, rtol=1e-3)
    norm = again.get_submodule("entry.0.1")
    assert norm.running_var.std() > 0  # statistics of the images, not the ones it was made with

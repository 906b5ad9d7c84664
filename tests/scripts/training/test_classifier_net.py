"""The classifier's network and its loss."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from bloodcells_gui.inference.explain import grad_cam, mixed_weights  # noqa: E402
from scripts.training.augment import HED, INPUT_PX, augment, nothing, stain  # noqa: E402
from scripts.training.average_weights import averaged  # noqa: E402
from scripts.training.classifier_net import ClassifierNet, FrozenConv  # noqa: E402
from scripts.training.leave_one_out import arguments, trainings  # noqa: E402
from scripts.training.train_classifier import marginal_loss, one_cycle  # noqa: E402


@pytest.mark.parametrize("kernel", [3, 5])
def test_same_padding_at_stride_two_is_tensorflows(kernel: int) -> None:
    torch.manual_seed(0)
    conv = FrozenConv(2, 3, kernel, 2)
    x = torch.rand(1, 2, 8, 8)
    before = (kernel - 2) // 2
    padded = F.pad(x, (before, kernel - 2 - before, before, kernel - 2 - before))
    out = conv(x)
    assert out.shape == (1, 3, 4, 4)
    torch.testing.assert_close(out, F.conv2d(padded, conv.weight, conv.bias, 2))


def test_frozen_gain_is_a_batch_norm_in_evaluation() -> None:
    torch.manual_seed(0)
    plain = torch.nn.Conv2d(4, 6, 1, bias=False)
    norm = torch.nn.BatchNorm2d(6, eps=1e-3)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    norm.weight.data.normal_()
    norm.eval()
    conv = FrozenConv(4, 6, 1)
    state = {"c.weight": plain.weight.data} | {f"n.{k}": v for k, v in norm.state_dict().items()}
    conv.load(state, "c", "n")
    x = torch.rand(2, 4, 5, 5)
    torch.testing.assert_close(conv(x), norm(plain(x)), rtol=1e-4, atol=1e-5)


def test_grad_cam_equals_autograd_through_the_whole_network() -> None:
    torch.manual_seed(1)
    net = ClassifierNet(14).eval()
    logits, embedding, feature_map = net(torch.rand(1, 3, INPUT_PX, INPUT_PX) * 255)
    assert feature_map.shape[2:] == (8, 8)
    torch.testing.assert_close(feature_map.mean((2, 3)), embedding)
    leaves = [2, 3, 4]
    (gradient,) = torch.autograd.grad(torch.logsumexp(logits[0, leaves], 0), feature_map)
    cam = torch.relu((gradient.mean((2, 3))[..., None, None] * feature_map).sum(1))[0]
    cam = cam / cam.max().clamp(min=1e-12)
    weights = mixed_weights(net.head.weight.detach().numpy(), logits[0].detach().numpy(), leaves)
    found = grad_cam(feature_map[0].detach().numpy(), weights)
    np.testing.assert_allclose(found, cam.detach().numpy(), atol=1e-3)


def test_partial_labels_marginalise() -> None:
    logits = torch.tensor([[3.0, 3.0, -9.0]])
    both = torch.tensor([[True, True, False]])
    one = torch.tensor([[True, False, False]])
    assert float(marginal_loss(logits, both, 0)) == pytest.approx(0, abs=1e-4)
    assert float(marginal_loss(logits, one, 0)) == pytest.approx(np.log(2), abs=1e-4)


def test_the_learning_rate_rises_and_falls() -> None:
    rates = [one_cycle(p) for p in np.linspace(0, 1, 50)]
    assert max(rates) == pytest.approx(1, abs=0.01)
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] < 0.01


def test_augmentation_is_repeatable_and_keeps_the_shape() -> None:
    image = np.random.default_rng(0).integers(0, 256, (208, 208, 3), dtype=np.uint8)
    stats = np.array([150, 128, 128, 40, 10, 10], np.float32)
    views = [augment(image, 0.16, 14.0, stats, stats + 5, np.random.default_rng(3)) for _ in range(2)]
    np.testing.assert_array_equal(views[0], views[1])
    assert views[0].shape == (INPUT_PX, INPUT_PX, 3)
    for seed in range(40):
        assert nothing(np.random.default_rng(seed), []).shape == (INPUT_PX, INPUT_PX, 3)


def test_stain_vectors_are_unit_and_no_jitter_changes_nothing() -> None:
    np.testing.assert_allclose(np.linalg.norm(HED, axis=1), 1, rtol=1e-5)
    image = np.random.default_rng(0).integers(5, 250, (16, 16, 3), dtype=np.uint8)
    same = stain(image, np.random.default_rng(0), 0.0)
    assert np.abs(same.astype(int) - image).max() <= 1


def test_weights_of_one_descent_are_averaged_and_others_refused() -> None:
    a, b = ({"w": torch.full((2, 2), v), "n": torch.tensor([v])} for v in (1.0, 3.0))
    found = averaged([a, b])
    assert torch.equal(found["w"], torch.full((2, 2), 2.0))
    with pytest.raises(ValueError, match="one shape"):
        averaged([a, {"w": torch.zeros(3, 2), "n": torch.zeros(1)}])


def test_a_site_is_left_out_of_both_trainings_of_the_mean_that_is_judged() -> None:
    args = arguments().parse_args(["--sites", "raabin", "--images", "64", "--further", "64"])
    first, further, mean = trainings(args, "raabin")
    for command in (first, further):
        assert command[command.index("--leave-out") + 1] == "raabin"
    names = [c[c.index("--name") + 1] for c in (first, further, mean)]
    assert names[2] == "without-raabin"
    assert mean[1:3] == names[:2]
    assert further[further.index("--start") + 1].endswith(f"{names[0]}/final.pt")
    args.further = 0
    assert [c[c.index("--name") + 1] for c in trainings(args, "raabin")] == ["without-raabin"]

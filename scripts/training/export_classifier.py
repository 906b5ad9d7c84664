"""Export a trained classifier as a bundle: ONNX fp32 and INT8, head, uncertainty, golden data, card.

python -m scripts.training.export_classifier --name ship --id classifier-lite0
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from scripts.training.augment import INPUT_PX, INPUT_UM
from scripts.training.cards import training_data, weaknesses, write_card
from scripts.training.classifier_net import ClassifierNet, FrozenConv
from scripts.training.data import LEAVES, Cache
from scripts.training.golden import PICTURE_UM, golden_pictures, write_calibrated
from scripts.training.morphometry_fit import fit as fit_measured
from scripts.training.morphometry_fit import morphometry_model
from scripts.training.precision import autocast
from scripts.training.uncertainty_fit import embed_pool, fit_uncertainty, methods_with
from scripts.training.views import central_views

# Share of the colour that the second view keeps; see docs/models-training.md for how it was chosen.
PALE = 0.4
OUTPUTS = ("logits", "embedding", "feature_map", "disagreement")
TOLERANCE = {"fp32": 2e-3, "int8": 0.6}


class Served(nn.Module):
    """The network as it is served: uint8 (n, h, w, 3) in; logits, embedding, feature map and disagreement out.

    Each crop is seen twice, as it is and mirrored with its colours faded to `PALE`, and the two maps are averaged after
    mirroring back: shapes vote beside colours, which differ more between laboratories. Embedding and logits stay the
    mean of the map and linear in it, so Grad-CAM stays exact. The disagreement is the total variation distance of the two
    views' leaf probabilities.
    """

    def __init__(self, net: ClassifierNet) -> None:
        super().__init__()
        self.net = net
        fade = PALE * torch.eye(3) + (1 - PALE) / 3
        self.register_buffer("fade", fade.view(3, 3, 1, 1))

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = image.permute(0, 3, 1, 2)
        x = x.float()
        pale = torch.nn.functional.conv2d(x.flip(3), self.fade)
        maps = self.net(torch.cat([x, pale]))[2]
        n = image.shape[0]
        plain, mirrored = maps[:n], maps[n:]
        feature_map = (plain + mirrored.flip(3)) * 0.5
        embedding = feature_map.mean((2, 3))
        apart = [torch.softmax(self.net.head(part.mean((2, 3))), 1) for part in (plain, mirrored)]
        disagreement = (apart[0] - apart[1]).abs().sum(1) * 0.5
        return self.net.head(embedding), embedding, feature_map, disagreement


def fold_gains(net: ClassifierNet) -> ClassifierNet:
    """Multiply the frozen gains into the weights, so that the graph holds plain convolutions."""
    for module in net.modules():
        if isinstance(module, FrozenConv):
            module.weight.data *= module.gain.view(-1, 1, 1, 1)
            module.gain.fill_(1.0)
    return net


def load_net(path: Path) -> ClassifierNet:
    """A trained network from `final.pt` or from the averaged weights of a checkpoint."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    net = ClassifierNet(len(LEAVES))
    net.load_state_dict(state.get("averaged", state))
    return net.eval()


@torch.no_grad()
def serve(net: ClassifierNet, views: np.ndarray) -> list[np.ndarray]:
    """Logits (n, K), embeddings (n, D) and disagreement (n,) of a trained network as it will be served, in torch."""
    served = Served(net).eval()
    parts = []
    for k in range(0, len(views), 128):
        with autocast():
            logits, embedding, _, disagreement = served(torch.from_numpy(views[k : k + 128]))
        parts.append([t.float().numpy() for t in (logits, embedding, disagreement)])
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def foldable_pads(node: Any, constants: Mapping[str, np.ndarray]) -> list[int] | None:
    """What a node pads an image (n, c, h, w) by, where a convolution can do it: top, left, bottom, right."""
    pads = constants.get(node.input[1]) if node.op_type == "Pad" else None
    if pads is None or len(pads) != 8 or any(pads[[0, 1, 4, 5]]):
        return None
    mode = next((a.s for a in node.attribute if a.name == "mode"), b"constant")
    return [int(v) for v in pads[[2, 3, 6, 7]]] if mode == b"constant" else None


def fold_products(graph: Any, constants: dict[str, np.ndarray]) -> None:
    """Multiply products of constants out, the gains folded into weights; `constants` gets what is new."""
    from onnx import numpy_helper

    for node in list(graph.node):
        if node.op_type == "Mul" and all(name in constants for name in node.input):
            product = constants[node.input[0]] * constants[node.input[1]]
            constants[node.output[0]] = product
            graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(product), node.output[0]))
            graph.node.remove(node)


def tidy(path: Path) -> None:
    """Multiply constants out, merge padding into convolutions, strip notes of the exporter."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    graph = model.graph
    constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    fold_products(graph, constants)
    users = Counter(name for node in graph.node for name in node.input)
    made_by = {o: n for n in graph.node for o in n.output}
    drop = []
    for node in graph.node:
        source = made_by.get(node.input[0]) if node.op_type == "Conv" else None
        if source is None or users[source.output[0]] != 1:
            continue
        pads = foldable_pads(source, constants)
        if pads is None:
            continue
        for attribute in [a for a in node.attribute if a.name in ("pads", "auto_pad")]:
            node.attribute.remove(attribute)
        node.attribute.append(onnx.helper.make_attribute("pads", pads))
        node.input[0] = source.input[0]
        drop.append(source)
    for node in drop:
        graph.node.remove(node)
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in [*graph.value_info, *graph.input, *graph.output]:
        del value.metadata_props[:]
    del model.metadata_props[:]
    del graph.metadata_props[:]
    used = {name for node in graph.node for name in node.input}
    for tensor in list(graph.initializer):
        if tensor.name not in used:
            graph.initializer.remove(tensor)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def standard_domains(path: Path) -> None:
    """Drop the operator sets that a tool declared but no operator uses: bundles allow the ONNX standard alone."""
    import onnx

    model = onnx.load(path)
    used = {node.domain for node in model.graph.node} | {""}
    kept = [o for o in model.opset_import if o.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    onnx.save(model, path)


def export_onnx(net: ClassifierNet, path: Path) -> None:
    """Write the network as ONNX (opset 18, dynamic batch)."""
    served = Served(fold_gains(net)).eval()
    example = torch.zeros(3, INPUT_PX, INPUT_PX, 3, dtype=torch.uint8)
    program = torch.onnx.export(
        served, (example,), dynamo=True, opset_version=18, input_names=["image"],
        output_names=list(OUTPUTS),
        dynamic_shapes={"image": {0: torch.export.Dim("n", min=1, max=4096)}},
    )  # fmt: skip
    program.optimize()
    program.save(str(path), external_data=False)
    tidy(path)


def quantise(source: Path, target: Path, views: np.ndarray) -> None:
    """Static INT8 (QDQ, per channel, U8 activations, S8 weights) with the ranges of `views`."""
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.left = iter(np.array_split(views, max(1, len(views) // 16)))

        def get_next(self):
            batch = next(self.left, None)
            return None if batch is None else {"image": batch}

    prepared = target.with_suffix(".pre.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    graph = onnx.load(prepared).graph
    # The head stays in float: it costs nothing and its rounding would show in every probability.
    keep = [n.name for n in graph.node if n.op_type in ("Gemm", "MatMul", "ReduceMean")]
    tiny = {t.name for t in graph.initializer if tuple(t.dims) == (3, 3, 1, 1)}
    keep += [
        n.name for n in graph.node if n.op_type == "Conv" and n.input[1] in tiny
    ]  # the fading of colours
    quantize_static(
        str(prepared), str(target), Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax,
        nodes_to_exclude=keep, op_types_to_quantize=["Conv", "Add", "Resize", "Clip"],
        extra_options={"ActivationSymmetric": False, "WeightSymmetric": True, "CalibMovingAverage": True},
    )  # fmt: skip
    prepared.unlink()
    standard_domains(target)


def onnx_session(path: Path, threads: int = 1) -> Any:
    """An ONNX file ready to run on the CPU."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run_onnx(path: Path, views: np.ndarray, outputs: list[str], threads: int = 1) -> list[np.ndarray]:
    """Outputs of an ONNX file on network inputs."""
    session = onnx_session(path, threads)
    parts = [session.run(outputs, {"image": views[k : k + 64]}) for k in range(0, len(views), 64)]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def save_array(folder: Path, name: str, array: np.ndarray) -> str:
    """A `.npy` file without pickles; returns its name."""
    np.save(folder / name, np.ascontiguousarray(array), allow_pickle=False)
    return name


def golden_views() -> np.ndarray:
    """Inputs of the golden test: drawn, so that no image of a data set travels with the bundle."""
    import cv2

    rng = np.random.default_rng(11)
    views = np.empty((3, INPUT_PX, INPUT_PX, 3), np.uint8)
    for i in range(3):
        canvas = np.full((INPUT_PX, INPUT_PX, 3), (244, 226, 206), np.uint8)
        for _ in range(6):
            at = tuple(int(v) for v in rng.integers(0, INPUT_PX, 2))
            cv2.circle(canvas, at, 17, (206, 168, 166), -1, cv2.LINE_AA)
            cv2.circle(canvas, at, 7, (226, 200, 192), -1, cv2.LINE_AA)
        cv2.circle(canvas, (64, 64), 30 + 3 * i, (196, 170, 206), -1, cv2.LINE_AA)
        for _ in range(3 - i):
            at = tuple(int(v) for v in 64 + rng.integers(-13, 13, 2))
            cv2.circle(canvas, at, 12 + 5 * i, (96, 62, 134), -1, cv2.LINE_AA)
        noise = rng.normal(0, 4, canvas.shape)
        views[i] = np.clip(cv2.GaussianBlur(canvas, (0, 0), 1.0) + noise, 0, 255).astype(np.uint8)
    return views


def hash_files(folder: Path) -> dict[str, dict]:
    """Name, SHA-256 and size of every file of a bundle but its card."""
    out = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name not in ("card.json", "README.md"):
            out[path.name] = {
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "bytes": path.stat().st_size,
            }
    return out


def fit_calibration(folder: Path, cache: Path, away: Path | None) -> dict:
    """Fit the uncertainty of a bundle's network and what measurements say, write their arrays, return the card's "calibration"."""
    found = fit_measured(cache)
    left_out = (
        [str(s) for s in np.unique(np.load(away, allow_pickle=False)["site"])]
        if away is not None and away.is_file()
        else []
    )
    methods = {site: methods_with(morphometry_model(cache, site)) for site in ["", *left_out]}
    arrays, numbers = fit_uncertainty(embed_pool(cache, folder / "model.onnx"), away, methods)
    names = {
        key: save_array(folder, f"distance-{key}.npy", value.astype(np.float32))
        for key, value in arrays.items()
    }
    if found is None:
        return {**numbers, "arrays": names}
    measured, values = found
    measured["arrays"] = {
        key: save_array(folder, f"measured-{key}.npy", value.astype(np.float32))
        for key, value in values.items()
    }
    return {**numbers, "measured": measured, "arrays": names}


def refit_uncertainty(folder: Path, cache: Path, version: str, away: Path | None) -> None:
    """Fit the uncertainty of an existing bundle again; its networks stay as they are."""
    card = json.loads((folder / "card.json").read_text())
    card["calibration"] = fit_calibration(folder, cache, away)
    card["version"] = version
    card["weaknesses"] = weaknesses(cache)
    card["files"] = hash_files(folder)
    write_card(folder, card)
    write_calibrated(folder, golden_pictures(), PICTURE_UM)


def views_for_ranges(cache: Path) -> np.ndarray:
    """(n, s, s, 3) training views of every site and label, for the ranges of the INT8 network."""
    real = Cache(cache, "real")
    rng = np.random.default_rng(3)
    pools: dict[str, list[int]] = {}
    for i, m in enumerate(real.meta):
        if m["use"] == "train+ship" and m["split"] == "train" and m["leaves"]:
            pools.setdefault(m["site"] + m["label"], []).append(i)
    rows = sorted(int(i) for ids in pools.values() for i in rng.permutation(ids)[:8])
    return central_views(real.images[rows], [real.meta[i].get("half_um", 99) for i in rows])


def difference_from_torch(net: ClassifierNet, path: Path, golden: np.ndarray) -> float:
    """The largest difference of an exported network's outputs; SystemExit where it is too large."""
    with torch.no_grad():
        wanted = [t.numpy() for t in Served(net)(torch.from_numpy(golden))]
    found = run_onnx(path, golden, list(OUTPUTS))
    worst = max(float(np.abs(a - b).max()) for a, b in zip(wanted, found, strict=True))
    print(f"ONNX against torch: largest difference {worst:.2e}")
    if worst > TOLERANCE["fp32"]:
        raise SystemExit("the exported network differs from torch")
    return worst


def export(
    cache: Path, checkpoint: Path, folder: Path, bundle_id: str, version: str, away: Path | None
) -> None:
    """Write the whole bundle but its evaluation."""
    folder.mkdir(parents=True, exist_ok=True)
    net = load_net(checkpoint)
    fp32, int8 = folder / "model.onnx", folder / "model.int8.onnx"
    golden = golden_views()
    export_onnx(net, fp32)
    worst = difference_from_torch(net, fp32, golden)
    quantise(fp32, int8, views_for_ranges(cache))
    outputs: dict[str, dict[str, str]] = {}
    save_array(folder, "golden-input.npy", golden)
    for precision, path in (("fp32", fp32), ("int8", int8)):
        logits, embedding = run_onnx(path, golden, ["logits", "embedding"])
        outputs[precision] = {
            "logits": save_array(folder, f"golden-{precision}-logits.npy", logits),
            "embedding": save_array(folder, f"golden-{precision}-embedding.npy", embedding),
        }
    head = {
        "weights": save_array(folder, "head-weights.npy", net.head.weight.detach().numpy()),
        "bias": save_array(folder, "head-bias.npy", net.head.bias.detach().numpy()),
    }
    calibration = fit_calibration(folder, cache, away)
    card = {
        "schema": 1,
        "id": bundle_id,
        "version": version,
        "task": "classify",
        "title": "White blood cell classifier (EfficientNet-Lite0, 128 px)",
        "licence": "Weights: Apache-2.0 for the code and the ImageNet initialisation; trained on data under the licences "
        "listed in training_data, Raabin-WBC being free for research: for research use only.",
        "classes": list(LEAVES),
        "input": {
            "name": "image", "axes": "nhwc", "dtype": "uint8", "colours": "rgb", "size_px": INPUT_PX, "um_per_px": INPUT_UM,
            "steps": [
                {"name": "crop_at_scale", "size_px": INPUT_PX, "um_per_px": INPUT_UM, "border": "background"},
                {"name": "to_float32", "in_graph": True},
                {"name": "nhwc_to_nchw", "in_graph": True},
                {"name": "normalise", "in_graph": True, "mean": [127, 127, 127], "std": [128, 128, 128]},
            ],
        },
        "views": f"each crop, and its mirror image with {PALE:.0%} of its colour, averaged inside the network",
        "outputs": list(OUTPUTS),
        "models": {"fp32": "model.onnx", "int8": "model.int8.onnx"},
        "default_model": "fp32",
        "head": head,
        "calibration": calibration,
        "golden": {"input": "golden-input.npy", "outputs": outputs, "tolerance": TOLERANCE},
        "export": {"onnx_against_torch_max_difference": worst, "opset": 18},
    }  # fmt: skip
    card["files"] = hash_files(folder)
    card["training_data"] = training_data(cache)
    card["weaknesses"] = weaknesses(cache)
    recipe = checkpoint.parent / "done.json"
    if recipe.is_file():
        card["recipe"] = json.loads(recipe.read_text())
    write_card(folder, card)
    write_calibrated(folder, golden_pictures(), PICTURE_UM)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--name", default="ship")
    parser.add_argument("--id", default="classifier-lite0")
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--out", type=Path, default=Path("models"))
    parser.add_argument(
        "--away", type=Path, default=None, help="predictions of leave-one-site-out runs (.npz)"
    )
    parser.add_argument(
        "--uncertainty-only", action="store_true", help="fit the uncertainty of an existing bundle again"
    )
    args = parser.parse_args()
    if args.uncertainty_only:
        refit_uncertainty(args.out / args.id, args.cache, args.version, args.away)
        return
    final = args.cache / args.name / "final.pt"
    checkpoint = final if final.is_file() else args.cache / args.name / "checkpoint.pt"
    export(args.cache, checkpoint, args.out / args.id, args.id, args.version, args.away)


if __name__ == "__main__":
    main()

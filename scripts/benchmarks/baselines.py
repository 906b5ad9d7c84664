"""What a user would pick instead, for the same cells from the same files in the same run.

Speed depends on the shape of a network, not on its weights, so the rivals carry random ones. Each does less than
our analysis (no measurements, no case on disk, no thumbnails), which favours it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bloodcells_gui.app.engine import Engine
from bloodcells_gui.imaging.io.decode import load_image

BATCH = 32
VGG_SIDE = 224
# Configuration D of Simonyan and Zisserman 2015: channels of the 13 convolutions, 0 = 2x2 max pooling.
VGG16 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)


def timed(paths: Sequence[Path], classify: Callable[[Sequence[Path]], Any]) -> dict[str, float]:
    """Cells per second and CPU seconds a cell over `paths` in batches, after one batch to warm up."""
    classify(paths[:BATCH])
    started, cpu = time.perf_counter(), time.process_time()
    for i in range(0, len(paths), BATCH):
        classify(paths[i : i + BATCH])
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {"cells_per_s": len(paths) / wall, "cpu_s_per_cell": cpu / len(paths)}


def eager_torch(paths: Sequence[Path], engine: Engine, threads: int) -> dict[str, Any]:
    """The same two networks in eager PyTorch, images read and resized by Pillow, as in most tutorials."""
    try:
        import torch
        from PIL import Image

        from scripts.training.classifier_net import ClassifierNet
        from scripts.training.segmenter_net import SegmenterNet
    except ImportError as missing:
        return {"skipped": f"{missing.name} is not installed (extra: train)"}
    side = engine.classifier.size_px
    mirrored = "mirror" in str(engine.classifier.bundle.card.get("views", ""))
    torch.set_num_threads(threads)
    classifier, segmenter = ClassifierNet(classes=16).eval(), SegmenterNet().eval()

    def classify(chunk: Sequence[Path]) -> None:
        images = []
        for path in chunk:
            with Image.open(path) as image:
                images.append(
                    np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR))
                )
        batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()
        with torch.inference_mode():
            segmenter(batch).argmax(1)
            classifier(batch)
            if mirrored:  # our network averages two views inside
                classifier(batch.flip(3))

    return {**timed(paths, classify), "does": "decode, resize, segment, classify", "threads": threads}


def opencv_dnn(paths: Sequence[Path], engine: Engine, threads: int) -> dict[str, Any]:
    """Our ONNX classifier in OpenCV's own inference module."""
    import cv2

    side = engine.classifier.size_px
    try:
        _, model = engine.classifier.bundle.model("fp32")
        net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
        names = net.getUnconnectedOutLayersNames()

        def classify(chunk: Sequence[Path]) -> None:
            images = [
                cv2.resize(load_image(p).rgb, (side, side), interpolation=cv2.INTER_AREA) for p in chunk
            ]
            net.setInput(np.stack(images))
            net.forward(names)

        before = cv2.getNumThreads()
        cv2.setNumThreads(threads)
        try:
            return {**timed(paths, classify), "does": "decode, resize, classify", "threads": threads}
        finally:
            cv2.setNumThreads(before)
    except cv2.error as refused:
        reason = str(refused).split("error: ")[-1].splitlines()[0]
        return {"skipped": f"OpenCV {cv2.__version__} cannot run this network: {reason[:160]}"}


def vgg16_onnx(folder: Path) -> Path:
    """A network of the shape of VGG16 (13 convolutions, global pooling, 8 classes) with random weights."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(16)
    nodes, weights, last, channels = [], [], "image", 3
    for i, width in enumerate(VGG16):
        name = f"layer{i}"
        if width == 0:
            nodes.append(helper.make_node("MaxPool", [last], [name], kernel_shape=[2, 2], strides=[2, 2]))
        else:
            kernel = rng.normal(0, (2 / (9 * channels)) ** 0.5, (width, channels, 3, 3)).astype(np.float32)
            weights.append(numpy_helper.from_array(kernel, f"w{i}"))
            weights.append(numpy_helper.from_array(np.zeros(width, np.float32), f"b{i}"))
            nodes.append(
                helper.make_node(
                    "Conv", [last, f"w{i}", f"b{i}"], [f"c{i}"], kernel_shape=[3, 3], pads=[1] * 4
                )
            )
            nodes.append(helper.make_node("Relu", [f"c{i}"], [name]))
            channels = width
        last = name
    nodes.append(helper.make_node("GlobalAveragePool", [last], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"]))
    weights.append(numpy_helper.from_array(rng.normal(0, 0.05, (512, 8)).astype(np.float32), "head"))
    nodes.append(helper.make_node("MatMul", ["flat", "head"], ["logits"]))
    graph = helper.make_graph(
        nodes, "vgg16_shaped",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, VGG_SIDE, VGG_SIDE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 8])], weights,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = folder / "vgg16_shaped.onnx"
    onnx.save(model, str(path))
    return path


def vgg16(paths: Sequence[Path], threads: int) -> dict[str, Any]:
    """The study's VGG16 in onnxruntime with our decoder; its two dense layers are left out, which favours it."""
    try:
        import onnx  # noqa: F401
    except ImportError:
        return {"skipped": "onnx is not installed (extra: train)"}
    import cv2
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    with tempfile.TemporaryDirectory() as folder:
        session = ort.InferenceSession(
            str(vgg16_onnx(Path(folder))), options, providers=["CPUExecutionProvider"]
        )

        def classify(chunk: Sequence[Path]) -> None:
            images = [cv2.resize(load_image(p).rgb, (VGG_SIDE, VGG_SIDE)) for p in chunk]
            batch = np.stack(images).transpose(0, 3, 1, 2).astype(np.float32)
            for i in range(0, len(batch), 8):
                session.run(None, {"image": np.ascontiguousarray(batch[i : i + 8])})

        some = paths[: max(BATCH, min(len(paths), 64))]
        return {**timed(some, classify), "does": "decode, resize, classify", "threads": threads}


def precisions(crops: np.ndarray, engine: Engine, threads: int) -> dict[str, Any]:
    """Classifier alone, fp32 beside INT8, on ready windows."""
    from bloodcells_gui.inference.classifier import Classifier

    found: dict[str, Any] = {}
    bundle = engine.classifier.bundle
    for precision in bundle.models:
        classifier = Classifier(bundle, threads=1, precision=precision)
        chunks = [crops[i : i + BATCH] for i in range(0, len(crops), BATCH)]
        classifier.predict(chunks[0])
        with ThreadPoolExecutor(threads) as pool:
            started = time.perf_counter()
            list(pool.map(classifier.predict, chunks))
            found[precision] = {"cells_per_s": len(crops) / (time.perf_counter() - started)}
    return found


def whole_in_both_precisions(
    paths: Sequence[Path], engine: Engine, mpp: float, threads: int
) -> dict[str, Any]:
    """The whole analysis with the classifier's fp32 and INT8 networks, in turn, twice; the better of each."""
    from bloodcells_gui.inference.classifier import Classifier
    from scripts.benchmarks.stages import end_to_end

    bundle = engine.classifier.bundle
    engines = {
        p: replace(engine, classifier=Classifier(bundle, threads=1, precision=p)) for p in bundle.models
    }
    rates: dict[str, float] = {}
    for _ in range(2):
        for precision, one in engines.items():
            rates[precision] = max(
                rates.get(precision, 0.0), end_to_end(paths, one, mpp, threads)["cells_per_s"]
            )
    return {p: {"cells_per_s": rate} for p, rate in rates.items()}


def run(
    paths: Sequence[Path], crops: np.ndarray, engine: Engine, ours: dict[str, float], threads: int
) -> dict[str, Any]:
    """Every rival, and how many times faster our whole analysis (`ours`, of :func:`.stages.end_to_end`) is.

    By the clock, and by CPU seconds, which what else runs on the machine disturbs little.
    """
    found = {
        "eager PyTorch + Pillow, same networks": eager_torch(paths, engine, threads),
        "OpenCV DNN, same classifier": opencv_dnn(paths, engine, threads),
        "VGG16 shape at 224 px, onnxruntime": vgg16(paths, threads),
    }
    for entry in found.values():
        if "cells_per_s" in entry:
            entry["times_faster_ours"] = ours["cells_per_s"] / entry["cells_per_s"]
            entry["times_less_cpu_ours"] = entry["cpu_s_per_cell"] / ours["cpu_s_per_cell"]
    return {"whole_analysis_against": found, "classifier_alone": precisions(crops, engine, threads)}

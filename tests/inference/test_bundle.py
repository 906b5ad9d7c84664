from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bloodcells_gui.domain.errors import EXIT_BUNDLE_REFUSED, BundleRefused
from bloodcells_gui.inference.bundle import load_bundle
from tests.support import tiny_onnx


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    card = json.loads((folder / "card.json").read_text())
    change(card)
    (folder / "card.json").write_text(json.dumps(card))


def test_a_good_bundle_loads(tmp_path: Path) -> None:
    bundle = load_bundle(tiny_onnx.write_bundle(tmp_path / "b"))
    assert (bundle.id, bundle.task, bundle.classes) == ("tiny", "classify", tiny_onnx.CLASSES)
    assert bundle.input.size_px == tiny_onnx.SIDE
    assert bundle.model()[0] == "fp32"
    assert bundle.array("head-w.npy").shape == (4, 3)


def test_the_hash_of_the_bundle_changes_with_its_card(tmp_path: Path) -> None:
    first = load_bundle(tiny_onnx.write_bundle(tmp_path / "a")).sha256
    assert load_bundle(tiny_onnx.write_bundle(tmp_path / "b", version="2")).sha256 != first


def test_a_changed_byte_is_refused_with_exit_code_4(tmp_path: Path) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b")
    data = bytearray((folder / "model.onnx").read_bytes())
    data[-1] ^= 1
    (folder / "model.onnx").write_bytes(data)
    with pytest.raises(BundleRefused, match="changed or damaged") as caught:
        load_bundle(folder)
    assert caught.value.exit_code == EXIT_BUNDLE_REFUSED


def test_a_file_changed_after_loading_is_refused(tmp_path: Path) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b")
    bundle = load_bundle(folder)
    data = bytearray((folder / "model.onnx").read_bytes())
    data[-1] ^= 1
    (folder / "model.onnx").write_bytes(data)
    with pytest.raises(BundleRefused):
        bundle.model()


WRONG: dict[str, Callable[[dict[str, Any]], None]] = {
    "schema": lambda c: c.update(schema=99),
    "task": lambda c: c.update(task="mine bitcoin"),
    "id": lambda c: c.update(id="../up"),
    "class": lambda c: c.update(classes=["SNE", "UNICORN"]),
    "class twice": lambda c: c.update(classes=["SNE", "SNE"]),
    "no files": lambda c: c.update(files={}),
    "path escape": lambda c: c["files"].update({"../../etc/passwd": {"sha256": "0" * 64, "bytes": 1}}),
    "size limit": lambda c: c["files"]["model.onnx"].update(bytes=10**12),
    "size wrong": lambda c: c["files"]["model.onnx"].update(bytes=1),
    "no hash": lambda c: c["files"]["model.onnx"].update(sha256="yes"),
    "model not listed": lambda c: c.update(models={"fp32": "other.onnx"}),
    "default": lambda c: c.update(default_model="int4"),
    "step": lambda c: c["input"].update(steps=[{"name": "exec"}]),
    "scale": lambda c: c["input"].update(um_per_px=0),
    "scale text": lambda c: c["input"].update(um_per_px="0.2"),
    "colours": lambda c: c["input"].update(colours="bgr"),
    "axes": lambda c: c["input"].update(axes="hwcn"),
    "licence": lambda c: c.pop("licence"),
    "table of proposals": lambda c: c.update(proposals=[{"code": "SNE", "how": "guesses"}]),
    "proposals that leave a class out": lambda c: c.update(proposals=[]),
    "outputs": lambda c: c.update(outputs="logits"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_card_is_refused(tmp_path: Path, name: str) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b")
    edit(folder, WRONG[name])
    with pytest.raises(BundleRefused):
        load_bundle(folder)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[" * 100_000, "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")]
)
def test_a_card_that_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b")
    (folder / "card.json").write_text(text)
    with pytest.raises(BundleRefused):
        load_bundle(folder)


def test_a_huge_card_is_refused_unread(tmp_path: Path) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b")
    (folder / "card.json").write_bytes(b" " * 2_000_000)
    with pytest.raises(BundleRefused, match="too large"):
        load_bundle(folder)


def test_missing_card_and_missing_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused):
        load_bundle(tmp_path / "nowhere")


def test_a_link_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b")
    (folder / "model.onnx").rename(tmp_path / "elsewhere.onnx")
    (folder / "model.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    with pytest.raises(BundleRefused):
        load_bundle(folder)


def test_foreign_operators_and_external_data_are_refused_though_hashes_match(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match=r"evil\.ops"):
        load_bundle(
            tiny_onnx.write_bundle(tmp_path / "a", tiny_onnx.classifier_model(node_domain="evil.ops"))
        )
    outside = tiny_onnx.classifier_model(tensor_extra=tiny_onnx.number(14, 1))
    with pytest.raises(BundleRefused, match="other files"):
        load_bundle(tiny_onnx.write_bundle(tmp_path / "b", outside))
    with pytest.raises(BundleRefused, match="no ONNX model"):
        load_bundle(tiny_onnx.write_bundle(tmp_path / "c", b"MZ not a model"))


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b")
    np.save(folder / "means.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    tiny_onnx.reseal(folder)
    with pytest.raises(BundleRefused, match="plain array"):
        load_bundle(folder)

"""INT8 only where the card allows it, the processor computes it exactly and its golden test passes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bloodcells_gui.app.models import check_networks
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.inference import processor, session
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.session import CPU, OnnxSession, choices
from scripts.training.golden import write_calibrated
from tests.support import tiny_onnx


def two_networks(folder: Path, **changes: Any) -> Path:
    """The tiny classifier with an "int8" network, which is the same one under another name."""
    tiny_onnx.write_bundle(folder)
    shutil.copyfile(folder / "model.onnx", folder / "model.int8.onnx")
    shutil.copyfile(folder / "golden-out.npy", folder / "golden-int8.npy")
    card = json.loads((folder / "card.json").read_text())
    card["models"]["int8"] = "model.int8.onnx"
    card["golden"]["outputs"]["int8"] = {"logits": "golden-int8.npy"}
    card["golden"]["tolerance"]["int8"] = 0.001
    card["files"] |= {"model.int8.onnx": {}, "golden-int8.npy": {}}
    card |= {"auto_precision": "int8"} | changes
    (folder / "card.json").write_text(json.dumps(card))
    tiny_onnx.reseal(folder)
    write_calibrated(folder, np.load(folder / "golden-pixels.npy"), 0.2)
    return folder


@pytest.fixture
def capable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "int8_unit", lambda: "AVX-VNNI")
    monkeypatch.setattr(session, "int8_is_exact", lambda: True)


def test_a_capable_processor_takes_int8(tmp_path: Path, capable: None) -> None:
    opened = OnnxSession(load_bundle(two_networks(tmp_path / "b")))
    assert (opened.precision, str(opened.why)) == ("int8", "this processor has AVX-VNNI")
    assert OnnxSession(load_bundle(tmp_path / "b"), precision="fp32").precision == "fp32"


def test_a_card_that_does_not_say_so_keeps_its_default(tmp_path: Path, capable: None) -> None:
    folder = two_networks(tmp_path / "b")
    card = json.loads((folder / "card.json").read_text())
    del card["auto_precision"]
    (folder / "card.json").write_text(json.dumps(card))
    opened = OnnxSession(load_bundle(folder))
    assert (opened.precision, str(opened.why)) == ("fp32", "its card's default")


@pytest.mark.parametrize(
    ("unit", "exact", "precision", "why"),
    [("", True, "fp32", "no VNNI"), (None, False, "fp32", "overflow"),
     ("AVX-VNNI", False, "fp32", "overflow"), (None, True, "int8", "exact")],
)  # fmt: skip
def test_the_processor_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unit: str | None, exact: bool, precision: str, why: str
) -> None:
    monkeypatch.setattr(session, "int8_unit", lambda: unit)
    monkeypatch.setattr(session, "int8_is_exact", lambda: exact)
    opened = OnnxSession(load_bundle(two_networks(tmp_path / "b")))
    assert opened.precision == precision
    assert why in str(opened.why)


def test_a_failed_golden_test_falls_back_to_fp32_and_says_so(tmp_path: Path, capable: None) -> None:
    folder = two_networks(tmp_path / "b")
    np.save(folder / "golden-int8.npy", np.load(folder / "golden-int8.npy") + 1)
    tiny_onnx.reseal(folder)
    opened = OnnxSession(load_bundle(folder))
    assert (opened.precision, str(opened.why)) == ("fp32", "int8 failed its golden test on this machine")
    with pytest.raises(BundleRefused, match="golden test failed"):
        OnnxSession(load_bundle(folder), precision="int8")


@pytest.mark.parametrize("wrong", ["int4", "", 8, None])
def test_a_card_that_asks_for_another_network_is_refused(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(BundleRefused, match="auto_precision"):
        load_bundle(two_networks(tmp_path / "b", auto_precision=wrong))


def test_an_accelerator_comes_first_with_fp32_and_the_processor_stays_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capable: None
) -> None:
    bundle = load_bundle(two_networks(tmp_path / "b"))
    present = ["CoreMLExecutionProvider", "AzureExecutionProvider", "CUDAExecutionProvider", CPU]
    monkeypatch.setattr(session.ort, "get_available_providers", lambda: present)
    found = [(c.provider, c.precision) for c in choices(bundle)]
    assert found == [
        ("CUDAExecutionProvider", "fp32"), ("CoreMLExecutionProvider", "fp32"), (CPU, "int8"), (CPU, "fp32")
    ]  # fmt: skip
    with pytest.warns(UserWarning, match="not in available provider"):  # neither is really here
        opened = OnnxSession(bundle)
    assert (opened.provider, opened.precision) == (CPU, "int8")


def test_the_probe_is_the_model_that_the_comment_says() -> None:
    int8, int32 = 3, 6
    built = tiny_onnx.model(
        [tiny_onnx.node("MatMulInteger", ["a", "b"], ["y"])], [],
        [tiny_onnx.value("a", tiny_onnx.UINT8, ["n", "k"]), tiny_onnx.value("b", int8, ["k", "m"])],
        [tiny_onnx.value("y", int32, ["n", "m"])],
    )  # fmt: skip
    assert built == session._INT8_PRODUCT  # noqa: SLF001  # what the processor can do


def test_an_overflow_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Overflowing:
        def __init__(self, *_: object, **__: object) -> None: ...

        def run(self, *_: object) -> list[np.ndarray]:
            return [np.full((8, 16), 32 * 32767, np.int32)]

    monkeypatch.setattr(session.ort, "InferenceSession", Overflowing)
    session.int8_is_exact.cache_clear()
    try:
        assert not session.int8_is_exact()
    finally:
        session.int8_is_exact.cache_clear()


@pytest.mark.parametrize(
    ("text", "unit"),
    [("processor\t: 0\nflags\t\t: fpu avx2 avx_vnni\n", "AVX-VNNI"),
     ("flags\t\t: fpu avx2 avx512_vnni amx_int8\n", "AMX-INT8"),
     ("flags\t\t: fpu sse4_2 avx2 fma\n", ""),
     ("processor: 0\nFeatures\t: fp asimd asimdhp asimddp\n", "ARM dot product"),
     ("Features\t: fp asimd\n", "")],
)  # fmt: skip
def test_linux_names_the_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, unit: str) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "cpuinfo")
    assert processor.int8_unit() == unit


@pytest.mark.parametrize(
    ("system", "machine", "numpy", "unit"),
    [("win32", "AMD64", {"AVX512VNNI": True}, "AVX-512 VNNI"), ("win32", "AMD64", {"AVX2": True}, None),
     ("win32", "AMD64", {}, None), ("darwin", "arm64", {}, "ARM dot product"),
     ("darwin", "x86_64", {"AVX512VNNI": False}, None)],
)  # fmt: skip
def test_other_systems_are_asked_through_numpy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, machine: str, numpy: dict[str, bool],
    unit: str | None,
) -> None:  # fmt: skip
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "none")
    monkeypatch.setattr(processor.sys, "platform", system)
    monkeypatch.setattr(processor.platform, "machine", lambda: machine)
    monkeypatch.setattr(processor, "_numpy_features", lambda: numpy)
    assert processor.int8_unit() == unit


def test_numpy_still_tells() -> None:
    assert len(processor._numpy_features()) > 10  # noqa: SLF001  # what the processor can do


def test_verify_names_the_choice_and_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "int8_unit", lambda: "")
    lines = [check.line for check in check_networks(load_bundle(two_networks(tmp_path / "b")))]
    assert lines[-1] == (
        "auto  tiny runs as fp32 on CPUExecutionProvider: "
        "this processor has no VNNI, AMX-INT8 or dot-product instructions"
    )


def spoil_int8(folder: Path) -> Path:
    """Let the INT8 network of a bundle answer otherwise than its golden data, as an overflow does."""
    np.save(folder / "golden-int8.npy", np.load(folder / "golden-int8.npy") + 5)
    tiny_onnx.reseal(folder)
    return folder


def test_verify_skips_int8_where_the_processor_computes_it_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "int8_unit", lambda: "")
    lines = [check.line for check in check_networks(load_bundle(spoil_int8(two_networks(tmp_path / "b"))))]
    assert [line.split(":")[0] for line in lines] == [
        "ok    tiny fp32", "skip  tiny int8", "auto  tiny runs as fp32 on CPUExecutionProvider",
    ]  # fmt: skip


def test_verify_refuses_int8_that_is_wrong_on_a_capable_processor(tmp_path: Path, capable: None) -> None:
    with pytest.raises(BundleRefused, match="golden"):
        check_networks(load_bundle(spoil_int8(two_networks(tmp_path / "b"))))


def test_verify_refuses_int8_where_it_is_the_only_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "int8_unit", lambda: "")
    folder = spoil_int8(two_networks(tmp_path / "b", default_model="int8"))
    with pytest.raises(BundleRefused, match="golden"):
        check_networks(load_bundle(folder))

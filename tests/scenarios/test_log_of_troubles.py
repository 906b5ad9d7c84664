"""What the program copes with by itself is in the log, with figures and without names."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.app.log import FILE_NAME, logging_to
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.imaging.io.limits import DEFAULT_LIMITS
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.io.sandbox import handle, images
from bloodcells_gui.imaging.io.sandbox.pool import DecoderPool
from bloodcells_gui.inference import session as inference
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.session import CPU, Choice, OnnxSession
from bloodcells_gui.storage import settings
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.worklist import INDEX_NAME, Worklist
from tests.support import tiny_onnx
from tests.support.case_tools import a_case

ROOT = Path(__file__).resolve().parents[2]
NAME = "Mustermann"
BAD_DECODER = [
    sys.executable, "-c",
    f"import sys, runpy; sys.path.insert(0, {str(ROOT)!r}); "
    "runpy.run_module('tests.support.bad_decoder', run_name='__main__')",
]  # fmt: skip


class Log:
    """A log that is open during the test."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME

    def text(self) -> str:
        """What was written so far; it names nobody."""
        text = self._file.read_text("utf-8") if self._file.exists() else ""
        assert NAME not in text
        return text


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with logging_to(tmp_path / "log"):
        yield Log(tmp_path / "log")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / NAME
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("crash", "past its time: False"),
        ("spin", "past its time: True"),
        ("babble", "a decoder gave no proper answer and is replaced"),
    ],
)
def test_a_decoder_that_dies(log: Log, folder: Path, what: str, said: str) -> None:
    pool = DecoderPool(1, lambda: BAD_DECODER, cpu_s=0.3, wall_s=3.0)
    image = folder / f"{what}.jpg"
    try:
        with pytest.raises(ImageRefused):
            pool.run(handle.load_request(image, NAME, DEFAULT_LIMITS), lambda *_: None)
    finally:
        pool.close()
    assert said in log.text()
    if what != "babble":
        assert "a decoder is lost: exit code -" in log.text()


def test_a_machine_that_starts_no_decoder(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, NAME)

    monkeypatch.setattr(DecoderPool, "run", refuse)
    images.isolation_available.cache_clear()
    try:
        assert not images.isolation_available()
    finally:
        images.isolation_available.cache_clear()
    assert "no decoder can be started: images are decoded in this process" in log.text()
    assert "errno 1 EPERM" in log.text()


def test_a_network_that_does_not_run_in_the_best_way(
    log: Log, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = load_bundle(tiny_onnx.write_bundle(folder / "b"))
    tries = [Choice("CUDAExecutionProvider", "fp32", ""), Choice(CPU, "fp32", "")]
    monkeypatch.setattr(inference, "choices", lambda *_: tries)
    session = OnnxSession(bundle)
    text = log.text()
    assert session.provider == CPU
    assert "a network does not run as fp32 on CUDAExecutionProvider" in text
    assert f"runs as fp32 on {CPU}" in text
    assert f"bundle {bundle.sha256[:12]}" in text


def test_a_bundle_that_ends_its_trial(log: Log, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bloodcells_gui.app import bundle_trial

    monkeypatch.setattr(bundle_trial, "_command", lambda: [sys.executable, "-c", "raise SystemExit(7)"])
    with pytest.raises(BundleRefused):
        bundle_trial.try_bundle(folder)
    assert "ended without an answer: exit code 7" in log.text()


def test_settings_that_cannot_be_read(log: Log, folder: Path) -> None:
    path = folder / "settings.json"
    path.write_text(f'{{"reviewer": "{NAME}", "theme": "{NAME}"}}', "utf-8")
    settings.load(path)
    assert "1 settings are not used" in log.text()
    path.write_text(f"{{{NAME}", "utf-8")
    settings.load(path)
    assert "json.decoder.JSONDecodeError (its message is left out)" in log.text()


def test_an_index_that_is_damaged(log: Log, folder: Path) -> None:
    a_case(folder / f"{NAME}.bcs").close()
    (folder / INDEX_NAME).write_bytes(np.random.default_rng(1).bytes(5000))
    Worklist(folder).close()
    assert "the index of the work list is damaged and made anew" in log.text()
    assert "SQLITE_NOTADB" in log.text()


def test_a_case_that_was_not_closed(log: Log, folder: Path) -> None:
    path = folder / f"{NAME}.bcs"
    a_case(path).close()
    Path(f"{path}.lock").write_text("{", "utf-8")
    CaseStore.open(path).close()
    assert "a case was not closed properly" in log.text()

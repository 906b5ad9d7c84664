"""Check that every part of the program works on this machine, also inside the packaged program."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bloodcells_gui.app.data_folders import models_dir, resources_dir
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, is_template, ngettext, tr


def run_self_test(lang: str = "en") -> Iterator[tuple[str, bool, str]]:
    """Name, outcome and detail of each check in `lang`; a failing one does not stop the rest."""
    with tempfile.TemporaryDirectory(prefix="bloodcells-self-test-") as folder:
        base = Path(folder)
        for name, check in (
            (N_("program files"), lambda: _check_program_files(lang)),
            (N_("models"), lambda: _check_models(lang)),
            (N_("main job on a synthetic specimen"), lambda: _check_analysis(base, lang)),
            (N_("case file"), lambda: _check_case_file(base, lang)),
            (N_("image decoders"), lambda: _check_decoders(lang)),
            (N_("slide reader"), lambda: _check_slide_reader(base)),
            (N_("window"), lambda: _check_window(lang)),
        ):
            passed, detail = _run_check(check, lang)
            yield tr(name, lang), passed, detail


def _run_check(check: Callable[[], str], lang: str) -> tuple[bool, str]:
    try:
        return True, check()
    except UserError as e:
        return False, e.text(lang)
    except Exception as e:  # a self-test reports whatever goes wrong
        return False, f"{type(e).__name__}: {e}"


def _check_program_files(lang: str) -> str:
    fonts = list((resources_dir() / "fonts").rglob("*.ttf"))
    if not fonts:
        raise FileNotFoundError("no fonts")
    if not is_template("Differential count"):
        raise FileNotFoundError("no French catalogue")
    return ngettext("{n} font", "{n} fonts", len(fonts), lang)


def _check_models(lang: str) -> str:
    from bloodcells_gui.app.models import verify_models

    ok, checks = verify_models(models_dir(), lang)
    if not ok:
        raise RuntimeError("; ".join(c.line for c in checks if c.outcome == "FAIL"))
    networks = sum(c.outcome == "ok" for c in checks)
    counted = ngettext("{n} network", "{n} networks", networks, lang)
    return "; ".join([counted, *(c.text for c in checks if c.outcome == "auto")])


def _check_analysis(base: Path, lang: str) -> str:
    from bloodcells_gui.app.batch import CASE_NAME, AnalyzeRequest, analyze_all
    from bloodcells_gui.app.demo import make_demo
    from bloodcells_gui.domain.progress import CancelToken

    specimen = make_demo("crops", base / "specimen", cells=12, seed=7)
    request = AnalyzeRequest((specimen,), base / "out", save_masks=True)
    (outcome,) = analyze_all(request, token=CancelToken(), progress=lambda _: None)
    if outcome.error is not None:
        raise outcome.error
    for name in ("cells.csv", "differential.csv", "skipped.csv", "report.pdf", CASE_NAME):
        if not (base / "out" / name).stat().st_size:
            raise RuntimeError(f"{name} is empty")
    return ngettext("{n} cell", "{n} cells", outcome.cells, lang)


def _check_case_file(base: Path, lang: str) -> str:
    from bloodcells_gui.app.batch import CASE_NAME, verify_case

    ok, lines = verify_case(base / "out" / CASE_NAME, lang=lang)
    if not ok:
        raise RuntimeError("; ".join(lines))
    return lines[0] if lines else ""


def _check_decoders(lang: str) -> str:
    """Check that a truncated JPEG is refused; return where images are decoded, at best in child processes."""
    import numpy as np

    from bloodcells_gui.imaging.io.refusal import ImageRefused
    from bloodcells_gui.imaging.io.sandbox.images import isolation_available, load_image
    from bloodcells_gui.pipeline.encoding import encode_jpeg

    # OpenCV decodes a truncated JPEG without an error; only a line of libjpeg on standard error tells of it.
    noise = np.random.default_rng(7).integers(0, 256, (64, 64, 3), np.uint8)
    jpeg = encode_jpeg(noise, 90)
    with tempfile.TemporaryDirectory(prefix="bloodcells-half-") as folder:
        path = Path(folder) / "half.jpg"
        path.write_bytes(jpeg[: len(jpeg) * 2 // 3] + jpeg[-2:])
        try:
            load_image(path)
        except ImageRefused:
            pass
        else:
            raise RuntimeError("a JPEG whose data end early was read")
    if isolation_available():
        return tr("in child processes", lang)
    return tr("in this process: no child process could be started", lang)


def _check_slide_reader(base: Path) -> str:
    from bloodcells_gui.app.demo import make_demo
    from bloodcells_gui.imaging.io.sandbox.images import open_image

    slide = make_demo("slide", base / "slide", size_px=(2048, 1536), seed=7)
    with open_image(slide) as reader:
        return f"{reader.size_px[0]}x{reader.size_px[1]} px, {reader.format}"


def _check_window(lang: str) -> str:
    """Draw the window in a child process, because this layer must not import Qt."""
    import os
    import subprocess
    import sys

    command = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "bloodcells_gui"]
    with tempfile.TemporaryDirectory(prefix="bloodcells-window-") as folder:
        picture = Path(folder) / "window.png"
        completed = subprocess.run(
            [*command, "gui", "--screenshot", str(picture)],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "BLOODCELLS_HOME": folder},
            capture_output=True,
            timeout=120,
            check=False,
            text=True,
        )
        if completed.returncode != 0 or not picture.is_file():
            raise RuntimeError(
                completed.stderr.strip().splitlines()[-1] if completed.stderr.strip() else "no picture"
            )
        return tr("{size} KB drawn", lang, size=picture.stat().st_size // 1024)

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
            (N_("program files"), lambda: _program_files(lang)),
            (N_("models"), lambda: _models(lang)),
            (N_("main job on a synthetic specimen"), lambda: _main_job(base, lang)),
            (N_("case file"), lambda: _case(base, lang)),
            (N_("image decoders"), lambda: _decoders(lang)),
            (N_("slide reader"), lambda: _slide(base)),
            (N_("window"), lambda: _window(lang)),
        ):
            passed, detail = _checked(check, lang)
            yield tr(name, lang), passed, detail


def _checked(check: Callable[[], str], lang: str) -> tuple[bool, str]:
    try:
        return True, check()
    except UserError as e:
        return False, e.text(lang)
    except Exception as e:  # a self-test reports whatever goes wrong
        return False, f"{type(e).__name__}: {e}"


def _program_files(lang: str) -> str:
    fonts = list((resources_dir() / "fonts").rglob("*.ttf"))
    if not fonts:
        raise FileNotFoundError("no fonts")
    if not is_template("Differential count"):
        raise FileNotFoundError("no French catalogue")
    return ngettext("{n} font", "{n} fonts", len(fonts), lang)


def _models(lang: str) -> str:
    from bloodcells_gui.app.models import verify_models

    ok, lines = verify_models(models_dir(), lang)
    if not ok:
        raise RuntimeError("; ".join(line for line in lines if line.startswith("FAIL")))
    networks = sum(line.startswith("ok") for line in lines)
    counted = ngettext("{n} network", "{n} networks", networks, lang)
    return "; ".join([counted, *(line[6:] for line in lines if line.startswith("auto"))])


def _main_job(base: Path, lang: str) -> str:
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


def _case(base: Path, lang: str) -> str:
    from bloodcells_gui.app.batch import CASE_NAME, verify_case

    ok, lines = verify_case(base / "out" / CASE_NAME, lang=lang)
    if not ok:
        raise RuntimeError("; ".join(lines))
    return lines[0] if lines else ""


def _decoders(lang: str) -> str:
    """Where untrusted images are decoded; in this process works too, but shields it less."""
    import numpy as np

    from bloodcells_gui.imaging.io.refusal import ImageRefused
    from bloodcells_gui.imaging.io.sandbox.images import isolation, load_image
    from bloodcells_gui.pipeline.encoding import encode_jpeg

    # Half a picture: that it is one, only libjpeg's line on standard error says.
    noise = np.random.default_rng(7).integers(0, 256, (64, 64, 3), np.uint8)
    whole = encode_jpeg(noise, 90)
    with tempfile.TemporaryDirectory(prefix="bloodcells-half-") as folder:
        path = Path(folder) / "half.jpg"
        path.write_bytes(whole[: len(whole) * 2 // 3] + whole[-2:])
        try:
            load_image(path)
        except ImageRefused:
            pass
        else:
            raise RuntimeError("a JPEG whose data end early was read")
    if isolation():
        return tr("in child processes", lang)
    return tr("in this process: no child process could be started", lang)


def _slide(base: Path) -> str:
    from bloodcells_gui.app.demo import make_demo
    from bloodcells_gui.imaging.io.sandbox.images import open_image

    slide = make_demo("slide", base / "slide", size_px=(2048, 1536), seed=7)
    with open_image(slide) as reader:
        return f"{reader.size_px[0]}x{reader.size_px[1]} px, {reader.format}"


def _window(lang: str) -> str:
    """Qt is asked through a child process, so that this layer stays free of it."""
    import os
    import subprocess
    import sys

    command = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "bloodcells_gui"]
    with tempfile.TemporaryDirectory(prefix="bloodcells-window-") as folder:
        picture = Path(folder) / "window.png"
        done = subprocess.run(
            [*command, "gui", "--screenshot", str(picture)],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "BLOODCELLS_HOME": folder},
            capture_output=True,
            timeout=120,
            check=False,
            text=True,
        )
        if done.returncode != 0 or not picture.is_file():
            raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no picture")
        return tr("{size} KB drawn", lang, size=picture.stat().st_size // 1024)

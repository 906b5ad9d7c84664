"""Whatever patients, specimens, files and people are called: the log and the report for support name none."""

from __future__ import annotations

import base64
import io
import logging
import shutil
import urllib.parse
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from bloodcells_gui.app import analysis as app_analysis
from bloodcells_gui.app import engine as app_engine
from bloodcells_gui.app.log import log_files, log_folder, logging_to
from bloodcells_gui.app.settings_file import export_settings
from bloodcells_gui.app.support_report import support_report
from bloodcells_gui.app.workspace import Workspace, load_settings, settings_path
from bloodcells_gui.cli import run, verbs
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import FieldSpec, LabSettings, ReportHeader
from bloodcells_gui.storage.case import CaseStore
from tests.support.hostile_names import (
    FILES,
    FOLDER,
    LABORATORY,
    PATIENT,
    PROFILE,
    REVIEWER,
    SPECIMEN,
    assert_names_nobody,
)  # fmt: skip


@pytest.fixture
def laboratory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A laboratory whose folder, settings and images carry names."""
    home = tmp_path / FOLDER / "home"
    monkeypatch.setenv("BLOODCELLS_HOME", str(home))
    settings = replace(
        LabSettings(),
        reviewer=REVIEWER,
        header=ReportHeader(LABORATORY.replace("\n", " "), (PATIENT,), str(tmp_path / FOLDER / "logo.png")),
        comments=(f"{PATIENT} again",),
        fields=(*LabSettings().fields, FieldSpec("ehrenfeld_lukasz", PATIENT, choices=(REVIEWER,))),
    )
    settings_path().parent.mkdir(parents=True)
    export_settings(settings, settings_path())
    assert load_settings().reviewer == REVIEWER
    return tmp_path / FOLDER


def commands(*lines: list[object]) -> str:
    """What the commands print, whose exit codes do not matter here."""
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        for line in lines:
            try:
                run([*map(str, line), *(["--verbose"] if line[0] != "lab" else [])])
            except (SystemExit, ZeroDivisionError, UserError):
                continue
    return printed.getvalue()


def log_bytes() -> bytes:
    return b"".join(p.read_bytes() for p in log_files(log_folder()) if p.is_file())


def images_in(folder: Path) -> Path:
    """Three crops with names, beside files that are none and one that is cut off."""
    demo = folder / "demo"
    commands(["demo", "--out", demo, "--cells", "3", "--seed", "5"])
    crops = sorted(demo.rglob("*.png"))
    target = folder / PATIENT
    target.mkdir()
    for crop, name in zip(crops, FILES, strict=True):
        shutil.copyfile(crop, target / name)
    for name in FILES:
        (target / f"broken {name}").write_bytes(crops[0].read_bytes()[:300])
    (target / f"{SPECIMEN.replace('/', '-')}.jpg").write_bytes(b"\xff\xd8\xff" + SPECIMEN.encode() * 50)
    return target


def test_runs_of_the_command_line_log_no_name(laboratory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, out = images_in(laboratory), laboratory / f"out {PATIENT}"
    case = out / "case.bcs"
    printed = commands(
        ["analyze", images, "--out", out, "--specimen-id", SPECIMEN, "--profile", PROFILE],
        ["analyze", images, "--out", out, "--specimen-id", SPECIMEN, "--wbc", "7"],
        ["analyze", images, "--out", out, "--resume", "--specimen-id", PATIENT],
        ["analyze", laboratory / "none" / PATIENT, "--out", out],
        ["analyze", images, "--out", images / FILES[0]],
        ["verify", case],
        ["verify", laboratory / f"{PATIENT}.bcs"],
        ["report", case, "--out", laboratory / "again"],
        ["evaluate", images, "--out", laboratory / "evaluated"],
        ["calibrate", images, "--name", PROFILE],
        ["calibrate", "use", PROFILE],
        ["models", "verify", images],
        ["lab", "backup", laboratory / f"{PATIENT}.bca"],
        ["lab", "restore", laboratory / f"{PATIENT}.bca"],
    )
    assert "Mustermann" in printed  # names are printed for the person, not logged
    damaged = bytearray(case.read_bytes())
    damaged[2000:6000] = PATIENT.encode() * (4000 // len(PATIENT.encode()))
    (laboratory / f"damaged {PATIENT}.bcs").write_bytes(damaged)
    commands(["verify", laboratory / f"damaged {PATIENT}.bcs"], ["verify", images / FILES[0]])

    def explode(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"{PATIENT} {images}")

    with monkeypatch.context() as patch:
        patch.setattr(app_analysis.AnalysisJob, "_source", explode)
        commands(["analyze", images, "--out", laboratory / "exploded"])
    with monkeypatch.context() as patch:
        patch.setitem(verbs.VERBS, "verify", explode)
        commands(["verify", case])
    text = log_bytes()
    assert text.count(b" begins") >= 16
    assert text.count(b"ZeroDivisionError (its message is left out)") >= 2
    assert_names_nobody(text, "ehrenfeld_lukasz")
    assert_names_nobody(support_report(load_settings()).encode(), "ehrenfeld_lukasz")


def test_careless_lines_anywhere_in_the_program_log_no_name(laboratory: Path) -> None:
    """Every object of the program that carries names, handed to the log as it is."""
    images = images_in(laboratory)
    commands(["analyze", images, "--out", laboratory / "out", "--specimen-id", SPECIMEN])
    workspace = Workspace()
    with CaseStore.open(laboratory / "out" / "case.bcs", read_only=True) as store:
        carriers = [
            store, store.specimen, store.runs, store.load_cells()[:1], workspace, workspace.settings,
            workspace.settings_file, UserError(PATIENT, FOLDER, REVIEWER), {PATIENT: SPECIMEN}, [PATIENT],
            SimpleNamespace(name=PATIENT), type(f"{PATIENT}"), PATIENT.encode(), PATIENT,
        ]  # fmt: skip
        with logging_to(log_folder()):
            logger = logging.getLogger(app_engine.__name__)
            for carrier in carriers:
                careless = {"__name__": app_engine.__name__, "log": logger, "it": carrier}
                exec(
                    "def say(): log.warning('it is %s', it); log.info(f'it is {it}'); log.info(it)", careless
                )
                careless["say"]()
    text = log_bytes()
    assert text.count(b"it is ") >= len(carriers) - 3  # what comes again is counted
    assert_names_nobody(text)


def test_the_search_finds_names_in_every_spelling() -> None:
    for hidden in (
        PATIENT.encode(), repr(FILES[0]).encode(), ascii(FOLDER).encode(),
        urllib.parse.quote(SPECIMEN).encode(), b"MUSTERMANN",
        PATIENT.encode("utf-16-le"), base64.b64encode(b"Mustermann"), b"field \x1b",
    ):  # fmt: skip
        with pytest.raises(AssertionError):
            assert_names_nobody(b"2026 INFO " + hidden)
    assert_names_nobody(b"2026 INFO read 3 files\n")

"""The report for support: what it says, and that no setting which can hold a name is in it."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path

import pytest

from bloodcells_gui.app import support_report as support
from bloodcells_gui.app.log import FILE_NAME, logging_to, read_log
from bloodcells_gui.domain.errors import OutputNotWritable
from bloodcells_gui.domain.grading import GradeItem
from bloodcells_gui.domain.ranges import Range
from bloodcells_gui.domain.settings import (
    FieldSpec,
    LabSettings,
    QualityRules,
    ReportHeader,
    SigningRules,
    WatchSettings,
)
from bloodcells_gui.storage.atomic_io import write_whole

NAME = "Mustermann"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / NAME
    monkeypatch.setenv("BLOODCELLS_HOME", str(home))
    return home


def test_it_names_versions_machine_models_and_settings(home: Path) -> None:
    text = support.support_report(replace(LabSettings(), theme="dark", target_cells=400))
    for part in (
        "bloodcells: 0.", "Python: 3.", "numpy: 2.", "onnxruntime: 1.", "processors: ", "memory, MB: ",
        "classifier-lite0: classify ", "theme: dark", "target_cells: 400", "target_counts: 100 200 400",
        "BLOODCELLS_HOME is set: True", "rules, changed: False", "rare_cells.one_in: 400",
        "red_cells: False", "red_cell_count: 1000",
        "reader_matrix is set: False", "lab_database is set: False", "cluster is set: False",
        "cases_folder is set: False",
        "signing.unreviewed: ask", "[Log]\n(empty)",
    ):  # fmt: skip
        assert part in text
    assert NAME not in text


def test_every_setting_is_in_it_or_left_out_on_purpose(home: Path) -> None:
    """A setting that is added later has to be put into one of the lists."""
    parts = {
        "signing",
        "privacy",
        "cell_pictures",
        "quality",
        "rare_cells",
        "reader_matrix",
        "watch",
        "lab_database",
        "cluster",
        "cases_folder",
    }
    shown = {*support._NUMBERS, *support._CHOICES, *support._COUNTED, *parts}  # noqa: SLF001  # the lists that it is held against
    assert shown | {"reviewer", "header"} == {f.name for f in dataclasses.fields(LabSettings)}


def test_no_text_of_the_laboratory_is_in_it(home: Path) -> None:
    """Every setting that can hold a text holds a name; also where it could not have come from a file."""
    texts = {f.name: NAME for f in dataclasses.fields(LabSettings) if isinstance(f.default, str)}
    named = replace(
        LabSettings(**texts),  # type: ignore[arg-type]
        header=ReportHeader(NAME, (NAME,), NAME),
        comments=(NAME, NAME),
        fields=(FieldSpec(NAME, NAME, choices=(NAME,), unit=NAME),),
        own_ranges=(Range(NAME, 1, 2, NAME, NAME),),
        grading=(replace(LabSettings().grading[0], id=NAME, name=NAME),),
        rules=(replace(LabSettings().rules[0], id=NAME, name=NAME),),
        keys=((NAME, NAME),),
        cell_tags=(NAME,),
        quality=QualityRules(controls=(NAME,)),
        watch=WatchSettings(folder=NAME),
        signing=replace(SigningRules(), unreviewed=NAME, critical_classes=(NAME, "BL")),
    )
    assert isinstance(named.grading[0], GradeItem)
    for settings in (named, replace(LabSettings(), reviewer=NAME, header=ReportHeader(NAME, (NAME,), NAME))):
        text = support.support_report(settings, [("screen", NAME), ("theme", (NAME, 3))])
        assert NAME not in text
        assert "screen: (text of 10)" in text
        assert "theme: (text of 10) 3" in text


def test_the_log_is_in_it_newest_last_and_only_what_the_program_wrote(home: Path) -> None:
    folder = home / "log"
    with logging_to(folder):
        from bloodcells_gui.app import log

        log.log_start()
    with (folder / FILE_NAME).open("a", encoding="utf-8") as file:
        file.write(f"{NAME} by hand\n2026-11-29 {NAME}\n\x1b]0;{NAME}\x07\n")
    (folder / f"{FILE_NAME}.1").write_text(
        "2026-01-01T00:00:00.000Z 7 INFO bloodcells_gui.app.log:1: before\n", "utf-8"
    )
    text = support.support_report(LabSettings())
    before, after = text.index(": before"), text.index(": bloodcells 0.")
    assert before < after
    assert NAME not in text


def test_a_long_log_is_cut_to_its_newest_part(home: Path) -> None:
    folder = home / "log"
    folder.mkdir(parents=True)
    line = "2026-01-01T00:00:00.000Z 7 INFO bloodcells_gui.app.log:1: {:08d}\n"
    for n, path in enumerate((f"{FILE_NAME}.2", f"{FILE_NAME}.1", FILE_NAME)):
        (folder / path).write_text("".join(line.format(10_000 * n + i) for i in range(10_000)), "utf-8")
    found = read_log(folder)
    assert 14_000 < len(found) < 16_000
    assert found[-1].endswith("00029999")
    (folder / FILE_NAME).unlink()
    (folder / FILE_NAME).symlink_to(folder / f"{FILE_NAME}.2")
    assert read_log(folder)[-1].endswith("00019999")


def test_a_refused_bundle_says_why_without_its_folder(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / NAME / "models"
    (models / NAME).mkdir(parents=True)
    (models / NAME / "card.json").write_text(f'{{"id": "{NAME}"}}', "utf-8")
    monkeypatch.setenv("BLOODCELLS_MODELS", str(models))
    text = support.support_report(LabSettings())
    assert "refused: BundleRefused; exit code 4; “The model bundle" in text
    assert NAME not in text


def test_a_bundle_from_elsewhere_is_named_by_its_hash(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support import tiny_onnx

    tiny_onnx.write_bundle(tmp_path / NAME / "models" / "b")
    monkeypatch.setenv("BLOODCELLS_MODELS", str(tmp_path / NAME / "models"))
    text = support.support_report(LabSettings())
    assert "another bundle to classify: classify " in text


def test_it_is_written_whole_or_refused_in_words(home: Path, tmp_path: Path) -> None:
    support.save_support_report(tmp_path / "a.txt", "text\n")
    assert (tmp_path / "a.txt").read_text("utf-8") == "text\n"
    with pytest.raises(OutputNotWritable):
        support.save_support_report(tmp_path / "a.bcs", "text\n")
    assert support.write_whole is write_whole

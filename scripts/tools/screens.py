"""Photograph every screen for criticism: both themes, both languages, 100 % and 200 %, long names.

``python -m scripts.tools.screens OUT [--lang en fr] [--theme light dark] [--scale 1 2]``: each combination runs in a
process of its own, offscreen, on a synthetic specimen that the shipped models analyse once. OUT receives a
folder a combination and ``sheet-*.png`` contact sheets.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONG = "Laboratoire d’hématologie – Échantillon 2026-0417/B, Anne-Marie Wojciechowska-Lefèvre"
COLUMNS, THUMB = 3, 900


def analyse(work: Path) -> Path:
    """A case of synthetic crops, analysed by the shipped models."""
    program = [sys.executable, "-m", "bloodcells_gui"]
    for arguments in (
        ["demo", "--out", work / "specimen", "--kind", "crops", "--cells", "90", "--quiet"],
        ["analyze", work / "specimen", "--out", work / "out", "--specimen-id", LONG, "--wbc", "12.4",
         "--wbc-corrected", "no", "--quiet"],
    ):  # fmt: skip
        subprocess.run([*program, *map(str, arguments)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return work / "out" / "case.bcs"


def photograph(case: Path, out: Path, lang: str, theme: str) -> None:
    """Every screen of one combination; runs in a process of its own."""
    from dataclasses import replace

    from PySide6.QtWidgets import QWidget

    from bloodcells_gui.app.case_details import set_analyser, set_analyser_cells
    from bloodcells_gui.app.retention import Retention
    from bloodcells_gui.app.signing import sign, signing_checks
    from bloodcells_gui.app.signing_checks import answer_finding, findings
    from bloodcells_gui.app.support_report import support_report
    from bloodcells_gui.app.worklist import WorkList
    from bloodcells_gui.app.workspace import Workspace
    from bloodcells_gui.domain.analysis import Progress
    from bloodcells_gui.domain.errors import UserError
    from bloodcells_gui.domain.findings import CONFIRMED, FindingAnswer
    from bloodcells_gui.domain.settings import Privacy, ReportHeader
    from bloodcells_gui.storage.connection import unreachable
    from bloodcells_gui.ui import start
    from bloodcells_gui.ui.dialogs.export import ExportDialog
    from bloodcells_gui.ui.dialogs.open_options import OpenOptionsDialog
    from bloodcells_gui.ui.dialogs.reviewer import ReviewerDialog
    from bloodcells_gui.ui.dialogs.sign import AmendDialog, SignDialog
    from bloodcells_gui.ui.dialogs.support import SupportDialog
    from bloodcells_gui.ui.main_window import MainWindow
    from bloodcells_gui.ui.reference_library.window import NoteDialog
    from bloodcells_gui.ui.retention.window import RetentionWindow
    from bloodcells_gui.ui.settings.dialog import SettingsDialog
    from bloodcells_gui.ui.window_memory import Memory
    from bloodcells_gui.ui.workbench.tool_windows import ToolWindows

    home = Path(os.environ["BLOODCELLS_HOME"])
    app = start.make_application()
    workspace = Workspace(home=home, config=home / "config")
    workspace.author = "Dr Anne-Marie Wojciechowska-Lefèvre"
    workspace.save_settings(
        replace(
            workspace.settings, language=lang, theme=theme, privacy=Privacy(30, True), target_cells=100,
            header=ReportHeader("Laboratoire d’hématologie du Centre hospitalier", ("1 rue de l’Hôpital",)),
        )
    )  # fmt: skip
    context = start.make_context(app, workspace, lang, theme)
    cases = WorkList(workspace)
    window = MainWindow(context, workspace, Memory(home / "window.ini"))
    bench = ToolWindows(window, context, workspace, cases, Memory(home / "window.ini"))
    window.resize(1440, 860)
    window.show()
    out.mkdir(parents=True, exist_ok=True)
    taken = 0

    def shoot(name: str, widget: QWidget | None = None, wait: int = 350) -> None:
        nonlocal taken
        taken += 1
        shown = widget or window
        shown.show()
        start.wait_ms(wait)
        shown.grab().save(str(out / f"{taken:02d} {name}.png"))

    shoot("empty")
    workspace.cases_dir.mkdir(parents=True, exist_ok=True)
    paths = [workspace.cases_dir / f"{n}.bcs" for n in range(4)]
    for path in paths:
        shutil.copy(case, path)
    for n, path in enumerate(paths[1:]):
        session = workspace.open_case(path)
        session.author = "B. Moreau"
        session.relabel([c.id for c in session.cells if session.state.label(c.id) == "UNI"], "LY")
        for label, share in (("NEUTROPHIL", 60 + n), ("LYMPHOCYTE", 25 - n), ("MONOCYTE", 8)):
            try:
                set_analyser(session, label, str(share))
            except (UserError, KeyError):
                continue
        set_analyser_cells(session, 10_000)
        if n == 2:
            session.clock = lambda: "2026-01-02T08:00:00Z"
            session.confirm([c.id for c in session.cells])
            for finding in findings(session):
                answer_finding(session, finding, FindingAnswer(CONFIRMED, "Dr. Lefèvre, by telephone"))
            sign(session, "B. Moreau", "Reviewed and reported", "Synthetic.")
        session.close()
    window.opener.open_path(paths[0])
    page, reviewed = window.page, bench.session
    assert page is not None
    assert reviewed is not None
    page.gallery.view.select_ids([reviewed.cells[0].id])
    window.progress.begin("")
    window.progress.show_progress(Progress(412, 1200, "images", 388, 96.2, 8.0))
    shoot("analysing", wait=800)
    window.progress.end()
    page.inspector.heat_button.setChecked(True)
    window.banners.error(unreachable(Path("/srv") / f"{LONG}.bcs"))
    shoot("review with explanation", wait=1500)
    for banner in window.banners.banners:
        banner.dismissed.emit()
    for index in range(page.inspector.tabs.count()):
        page.inspector.tabs.setCurrentIndex(index)
        shoot(f"inspector tab {index}")
    for name, value in {
        "patient_name": "Anne-Marie Wojciechowska-Lefèvre de la Tour d’Auvergne", "patient_id": "P-778-12/2026",
        "birth_date": "1961-07-14", "sex": "F", "clinical_information": "Fièvre depuis deux semaines, splénomégalie. " * 3,
    }.items():  # fmt: skip
        reviewed.set_field(name, value)
    reviewed.grade("anisocytosis", "2+")
    reviewed.grade("rouleaux", "present")
    reviewed.note("Frottis relu au microscope ; quelques érythroblastes. " * 4)
    reviewed.set_field("platelets_per_field", "14")
    for number, name in enumerate(("fields", "grades", "comments", "analyser")):
        bench.show_case_details(number)
        shoot(name)
    bench.show_counter()
    shoot("counter")
    page.views.setCurrentIndex(
        next(i for i in range(page.views.count()) if page.views.widget(i) is page.views.map_place)
    )
    shoot("map", wait=9000)
    page.views.setCurrentIndex(0)
    page.gallery.view.select_ids([c.id for c in reviewed.cells[:6]])
    page.compare()
    shoot("comparison", page._comparisons[-1], 1200)
    page._comparisons[-1].close()
    shoot("work list", bench.show_worklist(), 2500)
    reviewed.confirm([c.id for c in reviewed.cells[:12]])
    bench.keep(
        [c.id for c in reviewed.cells[:12]],
        "Belle cellule d’enseignement, à montrer aux étudiants de deuxième année",
    )
    shoot("library", bench.show_library())
    reading = bench.read_again("Second Reader")
    assert reading is not None
    shoot("second reader", reading, 1200)
    for cell_id in reading.reading.cells:
        reading._given(reviewed.decision(cell_id).final if cell_id % 3 else "BL")
    shoot("second reader, result", reading)
    reading.close()
    shoot("agreement over cases", bench.show_agreement(), 3000)
    preview = bench.show_preview()
    assert preview is not None
    for _ in range(100):
        if preview.pages.count:
            break
        start.wait_ms(200)
    shoot("preview", preview)
    preview.close()
    audit = bench.show_audit()
    assert audit is not None
    audit.verify()
    shoot("audit", audit, 2500)
    audit.close()
    shoot("calibration", bench.show_calibration(), 1000)
    retention = RetentionWindow(
        context, Retention(workspace, cases, lambda: "2027-12-01T00:00:00Z"), "Ana", window.pool, window
    )
    shoot("retention", retention, 2500)
    retention.close()
    settings = SettingsDialog(context, workspace.settings, "/somewhere", window)
    for row in range(settings.stack.count()):
        settings.list.setCurrentIndex(settings.list.model().index(row, 0))
        shoot(f"settings {row}", settings)
    settings.close()
    for name, dialog in (
        ("sign, blocked", SignDialog(context, workspace.author, signing_checks(reviewed), window)),
        ("amend", AmendDialog(window)),
        ("export", ExportDialog(context, workspace.settings, bench.window.reporter.proposal(reviewed), 12, window)),
        ("new analysis", OpenOptionsDialog(context, Path("/srv/images") / LONG, reviewed.specimen, window)),
        ("who", ReviewerDialog(workspace.author, window)), ("note", NoteDialog(window, count=12)),
        ("support", SupportDialog(support_report(workspace.settings), window)),
    ):  # fmt: skip
        shoot(name, dialog)
        dialog.close()
    window.close()
    cases.close()


def contact_sheets(folder: Path, target: Path) -> None:
    """Several screens on a sheet, each with its name."""
    from PIL import Image, ImageDraw

    images = sorted(folder.glob("*.png"))
    for first in range(0, len(images), COLUMNS * 3):
        part = images[first : first + COLUMNS * 3]
        cell = THUMB, round(THUMB * 0.64)
        sheet = Image.new("RGB", (COLUMNS * (cell[0] + 8), 3 * (cell[1] + 24)), "#777777")
        pen = ImageDraw.Draw(sheet)
        for n, path in enumerate(part):
            x, y = n % COLUMNS * (cell[0] + 8), n // COLUMNS * (cell[1] + 24)
            with Image.open(path) as image:
                image.thumbnail(cell)
                sheet.paste(image, (x, y + 18))
            pen.text((x + 4, y + 3), f"{folder.name}: {path.stem}", fill="white")
        sheet.save(target.with_name(f"{target.name}-{first // (COLUMNS * 3) + 1}.png"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--lang", nargs="+", default=["en", "fr"])
    parser.add_argument("--theme", nargs="+", default=["light", "dark"])
    parser.add_argument("--scale", nargs="+", default=["1", "2"])
    parser.add_argument("--case", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case is not None:
        photograph(options.case, options.out, options.lang[0], options.theme[0])
        return 0
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        # The offscreen platform's own screen is 800 x 800 dots: at 200 % no dialog would fit.
        screen = {"name": "wide", "x": 0, "y": 0, "width": 3840, "height": 2400, "logicalDpi": 96,
                  "logicalBaseDpi": 96, "dpr": 1.0}  # fmt: skip
        (work / "screen.json").write_text(json.dumps({"screens": [screen]}))
        platform = f"offscreen:configfile={work / 'screen.json'}"
        environment = {**os.environ, "QT_QPA_PLATFORM": platform, "BLOODCELLS_HOME": str(work / "home")}
        os.environ |= environment
        case = analyse(work)
        combine: Callable[[str, str, str], str] = lambda *parts: "-".join(parts)  # noqa: E731
        for lang in options.lang:
            for theme in options.theme:
                for scale in options.scale:
                    name = combine(lang, theme, scale)
                    home = {"QT_SCALE_FACTOR": scale, "BLOODCELLS_HOME": str(work / name)}
                    subprocess.run(
                        [sys.executable, "-m", "scripts.tools.screens", str(options.out / name), "--case", str(case),
                         "--lang", lang, "--theme", theme], cwd=ROOT, check=True, env={**environment, **home},
                    )  # fmt: skip
                    contact_sheets(options.out / name, options.out / f"sheet-{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

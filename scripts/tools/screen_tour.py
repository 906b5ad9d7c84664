"""A walk through every screen of the window, each photographed; run in a process of its own by `screens`."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from bloodcells_gui.app.account_management import AccountDesk
from bloodcells_gui.app.accounts import Accounts
from bloodcells_gui.app.case_details import set_analyser, set_analyser_cells
from bloodcells_gui.app.lab_database import init
from bloodcells_gui.app.lab_link import LabLink
from bloodcells_gui.app.models import installed_models
from bloodcells_gui.app.retention import Retention
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import sign, signing_checks
from bloodcells_gui.app.signing_checks import answer_finding, findings
from bloodcells_gui.app.support_report import support_report
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.accounts import Role
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.findings import CONFIRMED, FindingAnswer
from bloodcells_gui.domain.settings import Privacy, ReportHeader
from bloodcells_gui.domain.shared_settings import SettingsVersion
from bloodcells_gui.domain.taxonomy import CLASSES
from bloodcells_gui.storage.connection import unreachable
from bloodcells_gui.ui import start
from bloodcells_gui.ui.accounts.forms import AccountDialog, ResetDialog
from bloodcells_gui.ui.accounts.sign_in import MyAccountDialog, PasswordDialog, PinDialog, SignInDialog
from bloodcells_gui.ui.accounts.window import AccountsWindow
from bloodcells_gui.ui.counter.dialog import CountDialog
from bloodcells_gui.ui.dialogs.about import AboutDialog
from bloodcells_gui.ui.dialogs.cell_comment import CellCommentDialog
from bloodcells_gui.ui.dialogs.cell_pictures import CellPicturesDialog
from bloodcells_gui.ui.dialogs.export import ExportDialog
from bloodcells_gui.ui.dialogs.key_sheet import KeySheetDialog
from bloodcells_gui.ui.dialogs.keys import KeyMapDialog
from bloodcells_gui.ui.dialogs.models import ModelsDialog
from bloodcells_gui.ui.dialogs.open_options import OpenOptionsDialog
from bloodcells_gui.ui.dialogs.reason import ReasonDialog
from bloodcells_gui.ui.dialogs.reviewer import ReviewerDialog
from bloodcells_gui.ui.dialogs.sign import AmendDialog, SignDialog
from bloodcells_gui.ui.dialogs.support import SupportDialog
from bloodcells_gui.ui.earlier_films.window import EarlierFilmsWindow
from bloodcells_gui.ui.help.window import ManualWindow
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.reference_library.window import NoteDialog
from bloodcells_gui.ui.retention.window import RetentionWindow
from bloodcells_gui.ui.screen_fit import resize_within_screen
from bloodcells_gui.ui.settings.dialog import SettingsDialog
from bloodcells_gui.ui.two_classes import TwoClassesWindow
from bloodcells_gui.ui.watched.assign import AssignDialog
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from scripts.tools.screen_check import elided_names, problems, without_focus_mark
from scripts.tools.screens import LONG


class Tour:
    """The window with four cases, and the pictures taken of it.

    Parameters
    ----------
    case, film : Path
        An analysed case, and one of fields whose red cells were examined; copied.
    out : Path or None
        Folder of the pictures, numbered in the order of the walk; None for none.
    size : QSize, optional
        Of the window, cut to the screen.
    focus : bool
        Whether to look also for what does not show that it has the keyboard.

    Attributes
    ----------
    problems : list of str
        What `screen_check` found on the way.
    """

    def __init__(
        self,
        case: Path,
        film: Path,
        out: Path | None,
        lang: str,
        theme: str,
        *,
        size: QSize | None = None,
        focus: bool = False,
    ) -> None:
        home = Path(os.environ["BLOODCELLS_HOME"])
        app = start.make_application()
        self.workspace = Workspace(home=home, config=home / "config")
        self.workspace.author = "Dr Anne-Marie Wojciechowska-Lefèvre"
        self.workspace.save_settings(
            replace(
                self.workspace.settings, language=lang, theme=theme, privacy=Privacy(30, True), target_cells=100,
                header=ReportHeader("Laboratoire d’hématologie du Centre hospitalier", ("1 rue de l’Hôpital",)),
            )
        )  # fmt: skip
        self.context = start.make_context(app, self.workspace, lang, theme)
        self.cases = WorkList(self.workspace)
        self.window = MainWindow(self.context, self.workspace, WindowMemory(home / "window.ini"))
        self.tools = ToolWindows(
            self.window, self.context, self.workspace, self.cases, WindowMemory(home / "window.ini")
        )
        resize_within_screen(self.window, *(size or QSize(1440, 900)).toTuple())
        self.window.show()
        self._case, self._film, self._out, self._taken, self._focus = case, film, out, 0, focus
        self.problems: list[str] = []
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)

    def walk(self) -> None:
        """Photograph everything."""
        self._shoot("empty")
        first = self._fill_folder()
        self.window.opener.open_path(first)
        reviewed = self.tools.session
        assert reviewed is not None
        self._review(reviewed)
        self._details(reviewed)
        self._views(reviewed)
        self._tool_windows(reviewed)
        self._newer_windows(reviewed)
        self._dialogs(reviewed)
        self._accounts(reviewed)
        self._film_windows()
        self.window.close()
        self.cases.close()

    def _shoot(self, name: str, widget: QWidget | None = None, wait: int = 350) -> None:
        self._taken += 1
        shown = widget or self.window
        shown.show()
        start.wait_ms(wait)
        names = {self.context.language.class_name(c.code) for c in CLASSES}
        with elided_names(names) as cut:
            picture = shown.grab()
        self.problems += [f"{name}: {problem}" for problem in problems(shown.window())]
        if self._focus:
            shown.activateWindow()
            self.problems += [f"{name}: {problem}" for problem in without_focus_mark(shown.window())]
        self.problems += [f"{name}: class name cut: {text}" for text in dict.fromkeys(cut)]
        if self._out is not None:
            picture.save(str(self._out / f"{self._taken:02d} {name}.png"))

    def _fill_folder(self) -> Path:
        """Put four cases into the folder of cases, one of them signed; returns the one to open."""
        folder = self.workspace.cases_dir
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{n}.bcs" for n in range(4)]
        for path in paths:
            shutil.copy(self._case, path)
        for n, path in enumerate(paths[1:]):
            session = self.workspace.open_case(path)
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
        return paths[0]

    def _review(self, reviewed: CaseSession) -> None:
        page = self.window.page
        assert page is not None
        page.gallery.view.select_ids([reviewed.cells[0].id])
        self.window.progress.begin("")
        self.window.progress.show_progress(Progress(412, 1200, "images", 388, 96.2, 8.0))
        self._shoot("analysing", wait=800)
        self.window.progress.end()
        page.inspector.heat_button.setChecked(True)
        self.window.banners.error(unreachable(Path("/srv") / f"{LONG}.bcs"))
        self._shoot("review with explanation", wait=1500)
        for banner in self.window.banners.banners:
            banner.dismissed.emit()
        for index in range(page.inspector.tabs.count()):
            page.inspector.tabs.setCurrentIndex(index)
            self._shoot(f"inspector tab {index}")

    def _details(self, reviewed: CaseSession) -> None:
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
            self.tools.show_case_details(number)
            self._shoot(name)
        self.tools.show_counter()
        self._shoot("counter")

    def _views(self, reviewed: CaseSession) -> None:
        page = self.window.page
        assert page is not None
        page.views.setCurrentIndex(
            next(i for i in range(page.views.count()) if page.views.widget(i) is page.views.map_place)
        )
        self._shoot("map", wait=9000)
        page.views.setCurrentIndex(0)
        page.gallery.view.select_ids([c.id for c in reviewed.cells[:6]])
        page.compare()
        self._shoot("comparison", page.comparisons.windows[-1], 1200)
        page.comparisons.windows[-1].close()

    def _tool_windows(self, reviewed: CaseSession) -> None:
        self._shoot("work list", self.tools.show_worklist(), 2500)
        reviewed.confirm([c.id for c in reviewed.cells[:12]])
        self.tools.keep(
            [c.id for c in reviewed.cells[:12]],
            "Belle cellule d’enseignement, à montrer aux étudiants de deuxième année",
        )
        self._shoot("library", self.tools.show_library())
        reading = self.tools.read_again("Second Reader")
        assert reading is not None
        self._shoot("second reader", reading, 1200)
        for cell_id in reading.reading.cells:
            reading.give(reviewed.decision(cell_id).final if cell_id % 3 else "BL")
        self._shoot("second reader, result", reading)
        reading.close()
        self._shoot("agreement over cases", self.tools.show_agreement(), 3000)
        self._papers()

    def _papers(self) -> None:
        preview = self.tools.show_preview()
        assert preview is not None
        for _ in range(100):
            if preview.pages.count:
                break
            start.wait_ms(200)
        self._shoot("preview", preview)
        preview.close()
        audit = self.tools.show_audit()
        assert audit is not None
        audit.verify()
        self._shoot("audit", audit, 2500)
        audit.close()
        self._shoot("calibration", self.tools.show_calibration(), 1000)
        site_check = self.tools.site_check.show()
        assert site_check is not None
        self._shoot("site_check", site_check, 2500)
        site_check.close()
        retention = RetentionWindow(
            self.context,
            Retention(self.workspace, self.cases, lambda: "2027-12-01T00:00:00Z"),
            "Ana",
            self.window.pool,
            self.window,
        )
        self._shoot("retention", retention, 2500)
        retention.close()

    def _newer_windows(self, reviewed: CaseSession) -> None:
        page = self.window.page
        assert page is not None
        over, context, controller = self.window, self.context, page.controller
        keys = dict(context.keymap.items())
        ids = [cell.id for cell in reviewed.cells[:12]]
        self._shoot("known cells", self.tools.films.show_known_cells(), 800)
        self._shoot("connections", self.tools.connections.show(), 800)
        self._shoot("quality", self.tools.films.show_quality(), 1500)
        self._shoot("red cells, none", self.tools.films.red_cells.show(), 800)
        for name, window in (
            ("two classes", TwoClassesWindow(context, controller, over.pool, "SNE", over)),
            ("manual", ManualWindow(context, over)),
            ("earlier films", EarlierFilmsWindow(context, controller, over)),
            ("keys", KeyMapDialog(context, self.workspace.settings, over)),
            ("key sheet", KeySheetDialog(context, over.menuBar(), keys, over)),
            ("pictures of cells", CellPicturesDialog(context, reviewed, ids, over)),
            ("comment on cells", CellCommentDialog(12, over)), ("reason", ReasonDialog(12, over)),
            ("new count", CountDialog(over)), ("about", AboutDialog(over)),
            ("unassigned pictures", AssignDialog([f"{n:02d} {LONG}.png" for n in range(12)], [], over)),
        ):  # fmt: skip
            self._shoot(name, window, 600)
            window.close()
        for left in QApplication.topLevelWidgets():
            if left is not over and isinstance(left, QDialog):
                left.close()

    def _film_windows(self) -> None:
        """What only a film has: red cells, platelets, the search for rare cells."""
        film = self.workspace.cases_dir / "film.bcs"
        shutil.copy(self._film, film)
        self.window.opener.open_path(film)
        start.wait_ms(500)  # the windows of the former case go with the next turn of the event loop
        films = self.tools.films
        red_cells = films.red_cells.show()
        assert red_cells is not None
        for row in range(3):
            red_cells.classes.selectRow(row)
        self._shoot("red cells", red_cells, 2500)
        red_cells.close()
        films.show_platelets()
        films.show_rare_cells()
        for name, window in (("platelets", films.platelets), ("rare cells", films.rare)):
            assert window is not None
            self._shoot(name, window, 2000)
            window.close()

    def _dialogs(self, reviewed: CaseSession) -> None:
        settings = SettingsDialog(self.context, self.workspace.settings, "/somewhere", self.window)
        for row in range(settings.stack.count()):
            settings.list.setCurrentIndex(settings.list.model().index(row, 0))
            self._shoot(f"settings {row}", settings)
        settings.close()
        shared = replace(self.workspace.settings, lab_database="sqlite:///lab.db")
        version = SettingsVersion(7, 1.79e9, LONG, "Dr Anne-Marie Wojciechowska", "1.0", "", {})
        refused = SettingsDialog(
            self.context, shared, parent=self.window, version=version, refusal=f"{LONG}. " * 3
        )
        for row in range(refused.stack.count()):
            refused.list.setCurrentIndex(refused.list.model().index(row, 0))
            self._shoot(f"settings of a laboratory {row}", refused)
        refused.close()
        for name, dialog in (
            ("sign, blocked", SignDialog(self.context, self.workspace.author, signing_checks(reviewed), self.window)),
            ("amend", AmendDialog(self.context, self.window)),
            ("export", ExportDialog(self.context, self.workspace.settings, self.tools.window.reporter.proposal(reviewed), 12, self.window)),
            ("new analysis", OpenOptionsDialog(self.context, Path("/srv/images") / LONG, reviewed.specimen, self.window)),
            ("support", SupportDialog(support_report(self.workspace.settings), self.window)),
            ("models", ModelsDialog(self.context, installed_models(lang=self.context.language.lang), self.window)),
            ("who", ReviewerDialog(self.workspace.author, self.window)), ("note", NoteDialog(self.window, count=12)),
        ):  # fmt: skip
            self._shoot(name, dialog)
            dialog.close()

    def _accounts(self, reviewed: CaseSession) -> None:
        """Windows of a laboratory with accounts, which the rest of the walk has none of."""
        context, over = self.context, self.window
        address = f"sqlite:///{self.workspace.home / 'lab.db'}"
        init(address)
        accounts = Accounts(LabLink(lambda: address), self.workspace.home)
        desk, password = AccountDesk(accounts), "correct horse"
        long = "Dr Anne-Marie Wojciechowska-Lefèvre de Saint-Aubin"
        desk.add("awl", long, Role.ADMINISTRATOR, may_sign=True, password=password)
        accounts.sign_in("awl", password)
        desk.add(
            "b.muller-grossmann", "Bärbel Müller-Großmann", Role.VALIDATOR, os_account="bmuellergrossmann"
        )
        accounts.choose_pin(password, "4711")
        window = AccountsWindow(context, accounts, over)
        for tab in range(3):
            window.tabs.setCurrentIndex(tab)
            self._shoot(f"accounts {tab}", window)
        window.close()
        refused = SignInDialog(context, accounts, over)
        refused.show()
        refused.login.setText("awl")
        refused.password.setText("wrong one")
        refused.accept()
        for name, dialog in (
            ("sign in", SignInDialog(context, accounts, over)), ("sign in, wrong", refused),
            ("own account", MyAccountDialog(context, accounts, over)), ("own PIN", PinDialog(context, accounts, over)),
            ("own password", PasswordDialog(context, accounts, over)),
            ("new account", AccountDialog(context, desk, None, over)),
            ("change account", AccountDialog(context, desk, desk.find("awl"), over)),
            ("reset", ResetDialog(context, desk, desk.find("b.muller-grossmann"), over)),
            ("sign with PIN", SignDialog(context, accounts.author, signing_checks(reviewed), over, account=accounts.author)),
            ("second person", SignDialog(context, accounts.author, (), over, account=accounts.author, first=long)),
            ("amend with PIN", AmendDialog(context, over, pin=True)),
        ):  # fmt: skip
            self._shoot(name, dialog)
            dialog.close()
        accounts.lock()
        locked = SignInDialog(context, accounts, over)
        self._shoot("locked", locked)
        locked.other.click()
        self._shoot("locked, another person", locked)
        locked.close()

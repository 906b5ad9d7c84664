"""The preferences: pages beside a list, checked before they are kept, passed on as one file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPlainTextEdit,
    QScrollArea,
    QStackedWidget,
    QTableView,
    QWidget,
)

from bloodcells_gui.app.lab_settings import ChangedElsewhere
from bloodcells_gui.app.settings_file import export_settings, read_settings, validate_round_trip
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.shared_settings import SettingsVersion
from bloodcells_gui.domain.times import local_text
from bloodcells_gui.domain.validation import SettingProblem
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.labels import PlainLabel, plain_tip
from bloodcells_gui.ui.screen_fit import resize_within_screen
from bloodcells_gui.ui.settings.form_pages import FieldsPage, GradingPage
from bloodcells_gui.ui.settings.pages import (
    CountingPage,
    GeneralPage,
    KeysPage,
    Page,
    PrivacyPage,
    RangesPage,
    ReportPage,
    RulesPage,
)
from bloodcells_gui.ui.settings.quality_page import QualityPage
from bloodcells_gui.ui.settings.signing_page import SigningPage
from bloodcells_gui.ui.settings.watch_page import WatchPage
from bloodcells_gui.ui.waiting import while_it_answers

PAGES = (
    GeneralPage, CountingPage, KeysPage, RangesPage, RulesPage, FieldsPage, GradingPage, ReportPage,
    SigningPage, WatchPage, QualityPage, PrivacyPage,
)  # fmt: skip


class SettingsDialog(Form):
    """Every setting of the laboratory.

    Nothing is kept before OK; `answer` gives settings that read back as they are.

    Parameters
    ----------
    keep : callable
        Keeps the settings, made from those that were seen; what it refuses is said here and nothing is lost.
    version : SettingsVersion or None
        Of the laboratory's settings, where workstations share them.
    refusal : str
        Why this person may change the workstation's settings alone; "" for all.
    """

    def __init__(
        self,
        context: UiContext,
        settings: LabSettings,
        where: str = "",
        parent: QWidget | None = None,
        *,
        keep: Callable[[LabSettings, LabSettings], None] | None = None,
        version: SettingsVersion | None = None,
        refusal: str = "",
    ) -> None:
        super().__init__(tr("Preferences"), "", parent)
        self._context = context
        self._settings = settings
        self._seen = settings
        self._keep = keep
        self._shared = bool(settings.lab_database)
        self._refusal = refusal
        self.banners = BannerStack(context)
        self.pages: list[Page] = []
        self.list = QListView()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setAccessibleName(tr("Pages"))
        self.list.setFixedWidth(180)
        self.list.setSpacing(2)
        self.stack = QStackedWidget()
        row = QHBoxLayout()
        row.setSpacing(18)
        row.addWidget(self.list)
        row.addWidget(self.stack, 1)
        self.outer.insertWidget(1, self.banners)
        self.outer.insertLayout(2, row, 1)
        for text, act in (
            (tr("&Import…"), self._choose_import), (tr("&Export…"), self._choose_export),
        ):  # fmt: skip
            button = self.buttons.addButton(text, QDialogButtonBox.ButtonRole.ResetRole)
            button.clicked.connect(act)
        self._whose = PlainLabel("")
        self._whose.setObjectName("muted")
        self._whose.setWordWrap(True)
        self._whose.hide()
        self.outer.insertWidget(1, self._whose)
        if version is not None:
            self._say_version(version)
        if refusal:
            said = tr("You may change the settings of this workstation only.")
            self.banners.show_banner("info", said, refusal)
        if where:
            self.list.setToolTip(plain_tip(where))
        self.fill(settings)
        self._as_opened = self.answer()
        resize_within_screen(self, 1060, 640)

    def fill(self, settings: LabSettings) -> None:
        """Build the pages anew, with these settings in them."""
        at = max(0, self.list.currentIndex().row())
        while (old := self.stack.widget(0)) is not None:
            self.stack.removeWidget(old)
            old.deleteLater()
        self._settings = settings
        self.pages = [kind(self._context, settings) for kind in PAGES]
        for page in self.pages if self._shared else ():
            page.say_whose()
            if self._refusal and page.laboratory_alone:
                _forbid(page, self._refusal)
        for page in self.pages:
            area = _scrolled(page)
            if self._refusal:
                area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # no field of it can be reached
            self.stack.addWidget(area)
        model = QStringListModel([p.title for p in self.pages], self.list)
        self.list.setModel(model)
        self.list.selectionModel().currentChanged.connect(
            lambda index, _: self.stack.setCurrentIndex(index.row())
        )
        self.list.setCurrentIndex(model.index(at))

    def answer(self) -> LabSettings:
        """The settings as changed."""
        settings = self._settings
        for page in self.pages:
            settings = replace(settings, **page.changes())
        return settings

    def loses_changes(self) -> bool:
        return self.answer() != self._as_opened

    def accept(self) -> None:
        settings, problems = validate_round_trip(self.answer())
        if problems:
            self.show_problems(problems)
            return
        try:
            if self._keep is not None:
                keep, seen = self._keep, self._seen
                while_it_answers(self, lambda: keep(settings, seen))
        except ChangedElsewhere as error:
            self._seen = error.newest
            self.fill(error.merged)
            self._say_version(error.version)
            text = self._context.language.text
            self.banners.show_banner(
                "warning", text(error.what, **error.params), text(error.why, **error.params),
                tr("The form shows what is in force, with your own change on top. Press OK to keep that."),
                stays=True,
            )  # fmt: skip
            return
        except UserError as error:
            self.banners.error(error, stays=True)
            return
        self._settings = settings
        super().accept()

    def _say_version(self, version: SettingsVersion) -> None:
        text = tr("The laboratory's settings, version {n}, of {time} at {station}.")
        if version.reviewer:
            text = tr("The laboratory's settings, version {n}, of {time} by {reviewer} at {station}.")
        lang = self._context.language.lang
        time = local_text(datetime.fromtimestamp(version.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), lang)
        said = text.format(n=version.number, time=time, reviewer=version.reviewer, station=version.station)
        self._whose.setText(said)
        self._whose.show()

    def show_problems(self, problems: Sequence[SettingProblem]) -> None:
        """Say what would fall back, and on which page it is put right."""
        lang = self._context.language.lang
        self.banners.show_banner(
            "warning",
            ngettext("{n} setting cannot be used.", "{n} settings cannot be used.", len(problems)),
            "\n".join(p.text(lang) for p in problems[:6]),
        )

    def _choose_import(self) -> None:
        names = tr("Settings")
        title, filters = tr("Settings file"), f"{names} (*.json)"
        path = self._context.files.choose_file(FileKind.SETTINGS, self, title, filters)
        if path is not None:
            self.bring(path)

    def bring(self, path: Path) -> None:
        """Show the settings of a file; they are kept by OK only."""
        try:
            settings, problems = read_settings(path)
        except UserError as error:
            self.banners.error(error)
            return
        self.fill(settings)
        if problems:
            self.show_problems(problems)
        else:
            self.banners.show_banner(
                "info", tr("The settings of {name} are shown.").format(name=path.name),
                tr("Press OK to keep them."),
            )  # fmt: skip

    def _choose_export(self) -> None:
        names = tr("Settings")
        title, filters = tr("Settings file"), f"{names} (*.json)"
        path = self._context.files.choose_target(
            FileKind.SETTINGS, self, title, "bloodcells-settings.json", filters
        )
        if path is not None:
            self.pass_on(path)

    def pass_on(self, path: Path) -> None:
        """Write what is shown into a file."""
        settings, problems = validate_round_trip(self.answer())
        if problems:
            self.show_problems(problems)
            return
        try:
            export_settings(settings, path)
        except UserError as error:
            self.banners.error(error)
            return
        self.banners.show_banner("ok", tr("The settings were written."), str(path))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Enter ends the editing of a table's cell, and chooses a page; in a field it means OK as everywhere.
        entered = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not (entered and isinstance(self.focusWidget(), QAbstractItemView)):
            super().keyPressEvent(event)


def _scrolled(page: Page) -> QScrollArea:
    """A page that scrolls where the screen has no room for it, so that the buttons stay in sight."""
    area = QScrollArea()
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setWidget(page)
    for each in (page, area.viewport()):
        each.setAutoFillBackground(False)
    area.setMinimumWidth(page.minimumSizeHint().width() + area.verticalScrollBar().sizeHint().width())
    return area


def _forbid(page: Page, why: str) -> None:
    """Let a page be read and scrolled, not changed; each field says why."""
    for kind in (QLineEdit, QPlainTextEdit, QComboBox, QAbstractButton, QAbstractSpinBox, QTableView):
        for field in page.findChildren(kind):
            field.setEnabled(False)
            field.setToolTip(plain_tip(why))

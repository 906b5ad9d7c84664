"""The pages of the preferences; each edits its part of the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.domain.ranges import ITEMS, OWN, PUBLISHED
from bloodcells_gui.domain.red_cells import FEWEST_EXAMINED, MOST_HINTED
from bloodcells_gui.domain.settings import (
    CODES,
    NEITHER,
    RING,
    STOP,
    WORDS,
    CellPictures,
    LabSettings,
    Privacy,
    ReportHeader,
)
from bloodcells_gui.domain.shared_settings import WORKSTATION_NAMES, names_in_words
from bloodcells_gui.domain.tags import DEFAULT_TAGS
from bloodcells_gui.domain.taxonomy import ROLLUPS
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.keys import KeyMapModel, PresetBox
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import csv_choices, tr
from bloodcells_gui.ui.settings.tables import RangesModel, RulesModel


class Page(QWidget):
    """One page.

    Parameters
    ----------
    title : str
        Its name in the list.
    """

    def __init__(self, context: UiContext, title: str) -> None:
        super().__init__()
        self.context = context
        self.title = title
        self.outer = QVBoxLayout(self)
        self.outer.setContentsMargins(0, 0, 0, 0)
        self.form = QFormLayout()
        self.form.setHorizontalSpacing(16)
        self.form.setVerticalSpacing(9)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.outer.addLayout(self.form)
        self._readers: dict[str, Callable[[], Any]] = {}

    def changes(self) -> dict[str, Any]:
        """Names of settings and their values as this page shows them."""
        return {name: read() for name, read in self._readers.items()}

    def reads(self, name: str, read: Callable[[], Any]) -> None:
        """Setting `name` is what `read` gives."""
        self._readers[name] = read

    def combo(self, label: str, entries: list[tuple[str, str]], current: str, name: str = "") -> QComboBox:
        """A choice."""
        made = QComboBox()
        for text, value in entries:
            made.addItem(text, value)
        made.setCurrentIndex(max(0, made.findData(current)))
        self.form.addRow(label, made)
        if name:
            self.reads(name, lambda: str(made.currentData()))
        return made

    def whole(self, label: str, value: int, most: int, name: str = "", *, zero: str = "") -> QSpinBox:
        """A whole number; `zero` is said instead of 0."""
        made = QSpinBox()
        made.setRange(0, most)
        made.setSpecialValueText(zero)
        made.setValue(value)
        self.form.addRow(label, made)
        if name:
            self.reads(name, made.value)
        return made

    def real(self, label: str, value: float, low: float, most: float, name: str, unit: str = "") -> None:
        """A number."""
        made = QDoubleSpinBox()
        made.setRange(low, most)
        made.setDecimals(2)
        made.setSuffix(f" {unit}" if unit else "")
        made.setValue(value)
        self.form.addRow(label, made)
        self.reads(name, made.value)

    def box(self, text: str, on: bool, name: str = "") -> QCheckBox:
        """Yes or no."""
        made = QCheckBox(text)
        made.setChecked(on)
        self.form.addRow("", made)
        if name:
            self.reads(name, made.isChecked)
        return made

    def line(self, label: str, value: str, longest: int) -> QLineEdit:
        """One line of text."""
        made = QLineEdit(value)
        made.setMaxLength(longest)
        self.form.addRow(label, made)
        return made

    def lines(self, label: str, value: str) -> QPlainTextEdit:
        """Several lines of text."""
        made = QPlainTextEdit(value)
        made.setTabChangesFocus(True)
        made.setAccessibleName(label.replace("&", ""))
        self.form.addRow(label, made)
        return made

    def note(self, text: str) -> None:
        """A remark at the foot."""
        made = QLabel(text)
        made.setObjectName("muted")
        made.setWordWrap(True)
        self.outer.addWidget(made)

    @property
    def laboratory_alone(self) -> bool:
        """Whether nothing of this page is the workstation's own."""
        return "header" not in self._readers and WORKSTATION_NAMES.isdisjoint(self._readers)

    def say_whose(self) -> None:
        """Say which settings of this page hold for every workstation, and which for this one alone."""
        names = tuple(self._readers)
        here = [name for name in names if name in WORKSTATION_NAMES]
        if len(here) == len(names):
            self.note(tr("All of this page is for this workstation alone."))
        elif not here and "header" not in names:
            self.note(tr("All of this page is the laboratory's, the same at every workstation."))
        else:
            lang = self.context.language.lang
            said = names_in_words([*here, *(["logo"] if "header" in names else [])], lang)
            text = tr("The laboratory's, the same at every workstation. For this one alone: {names}.")
            self.note(text.format(names=said))

    def table(self, model: Any, name: str, stretched: int) -> QTableView:
        """A list of records."""
        made = QTableView()
        made.setModel(model)
        made.setAccessibleName(name)
        made.setShowGrid(False)
        made.setObjectName("pairs")
        made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        made.verticalHeader().hide()
        made.verticalHeader().setDefaultSectionSize(made.fontMetrics().height() + 10)
        made.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        made.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        made.horizontalHeader().setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
        self.outer.addWidget(made, 1)
        return made


class GeneralPage(Page):
    """Language, appearance, counting."""

    def __init__(self, context: UiContext, s: LabSettings) -> None:
        super().__init__(context, "")
        self.title = tr("General")
        desktop = (tr("As the desktop"), "system")
        self.combo(tr("&Language"), [desktop, ("English", "en"), ("Français", "fr")], s.language, "language")
        self.combo(
            tr("&Appearance"),
            [desktop, (tr("Light"), "light"), (tr("Dark"), "dark")],
            s.theme,
            "theme",
        )
        self.box(tr("A sound with every counted cell"), s.count_sound, "count_sound")
        reviewer = self.line(tr("Usual &reviewer"), s.reviewer, 80)
        self.reads("reviewer", lambda: " ".join(reviewer.text().split()))
        database = self.line(tr("&Database of the laboratory"), s.lab_database, 400)
        database.setPlaceholderText(tr("Address, as postgresql://USER@HOST/DATABASE"))
        self.reads("lab_database", lambda: database.text().strip())
        folder = self.line(tr("&Folder of cases"), s.cases_folder, 4096)
        folder.setPlaceholderText(tr("As the laboratory's database names it"))
        self.reads("cases_folder", lambda: folder.text().strip())
        self.note(
            tr(
                "Only where several workstations share their cases: the database then tells who has a case"
                " open and holds the work list and the laboratory's settings. The IT person makes it once"
                " (bloodcells lab init). The folder is for a workstation that has the share elsewhere. Leave"
                " both empty on a single workstation."
            )
        )
        self.cluster = cluster = self.line(tr("&Cluster for analyses"), s.cluster, 200)
        cluster.setPlaceholderText(tr("Address: local:N, or tcp://HOST:PORT"))
        self.reads("cluster", lambda: cluster.text().strip())
        self.note(
            tr(
                "The work list hands analyses over to it, for many slides overnight: workers of this computer"
                " (local:4 for four), or a Dask scheduler of the department. Leave it empty otherwise."
            )
        )
        self.outer.addStretch(1)


class CountingPage(Page):
    """Rows, target, uncertainty, correction."""

    def __init__(self, context: UiContext, s: LabSettings) -> None:
        super().__init__(context, "")
        self.title = tr("Counting")
        text = context.language.text
        self.combo(
            tr("&Rows of the table"),
            [(text(r.name), r.id) for r in ROLLUPS.values()],
            s.rollup,
            "rollup",
        )
        self.whole(tr("Leukocytes to &count"), s.target_cells, 100_000, "target_cells", zero=tr("none"))
        steps = self.line(tr("&Steps offered"), ", ".join(str(n) for n in s.target_counts), 80)
        self.reads(
            "target_counts",
            lambda: tuple(int(p) if p.isdigit() else p for p in steps.text().replace(",", " ").split()),
        )
        ends = [(tr("Stop and ring"), STOP), (tr("Ring"), RING), (tr("Neither"), NEITHER)]
        self.combo(tr("The counter at the &target"), ends, s.counter_at_target, "counter_at_target")
        own = QCheckBox(tr("A probability of its own below which a cell waits as unidentified"))
        own.setChecked(s.abstention is not None)
        limit = QDoubleSpinBox()
        limit.setRange(0, 1)
        limit.setSingleStep(0.05)
        limit.setValue(0.5 if s.abstention is None else s.abstention)
        limit.setEnabled(own.isChecked())
        own.toggled.connect(limit.setEnabled)
        self.form.addRow(own)
        self.form.addRow(tr("&Probability"), limit)
        self.reads("abstention", lambda: limit.value() if own.isChecked() else None)
        self.real(
            tr("Correct the white cell count from"), s.nrbc_threshold, 0, 1000, "nrbc_threshold",
            tr("NRBC per 100 WBC"),
        )  # fmt: skip
        self.real(
            tr("Left shift from bands of"),
            s.left_shift_bands_percent,
            0,
            100,
            "left_shift_bands_percent",
            "%",
        )
        self.box(
            tr("Count cells that only the left or top edge cuts (analyses to come)"),
            s.count_cut_left_top,
            "count_cut_left_top",
        )
        self.real(tr("Platelets per field times"), s.platelet_factor, 1, 100, "platelet_factor", "10⁹/L")
        self.box(tr("Examine red cells too (one laboratory's model)"), s.red_cells, "red_cells")
        count = tr("Red cells to examine on a slide")
        self.whole(count, s.red_cell_count, MOST_HINTED, "red_cell_count").setMinimum(FEWEST_EXAMINED)
        self.outer.addStretch(1)


class KeysPage(Page):
    """One key a class."""

    def __init__(self, context: UiContext, s: LabSettings) -> None:
        super().__init__(context, "")
        self.title = tr("Keys")
        self.model = KeyMapModel(context, dict(context.keymap.items()) | s.key_map, self)
        self.presets = PresetBox(self.model)
        self.outer.addWidget(self.presets)
        self.table(self.model, self.title, 0)
        self.note(tr("Double click a key to change it; the two classes exchange theirs."))
        self.reads("keys", lambda: tuple(self.model.keys.items()))


class RangesPage(Page):
    """A published set, or the laboratory's own by sex and age."""

    def __init__(self, context: UiContext, s: LabSettings) -> None:
        super().__init__(context, "")
        self.title = tr("Reference ranges")
        text = context.language.text
        entries = [(text(r.name), r.id) for r in PUBLISHED.values()]
        self.sets = self.combo(
            tr("&Set"), [*entries, (tr("The laboratory's own"), OWN)], s.range_set, "range_set"
        )
        self._own = list(s.own_ranges)
        self.model = RangesModel(context, (), self)
        self.view = self.table(self.model, self.title, 0)
        self.copy = QPushButton(tr("&Begin with these as the laboratory's own"))
        self.copy.clicked.connect(self._copy)
        self.item = QComboBox()
        self.item.setAccessibleName(tr("Item"))
        for item in ITEMS.values():
            self.item.addItem(text(item.name), item.code)
        self.add = QPushButton(tr("A&dd"))
        self.add.clicked.connect(lambda: self.model.add(str(self.item.currentData())))
        self.remove = QPushButton(tr("Re&move"))
        self.remove.clicked.connect(lambda: self.model.remove(self.view.currentIndex().row()))
        row = QHBoxLayout()
        for widget in (self.copy, self.item, self.add, self.remove):
            row.addWidget(widget)
        row.addStretch(1)
        self.outer.addLayout(row)
        self.sets.currentIndexChanged.connect(lambda _: self._show_ranges())
        self.reads("own_ranges", self._own_now)
        self._showing_own = False
        self._show_ranges()

    def _own_now(self) -> tuple[Any, ...]:
        return tuple(self.model.ranges) if self._showing_own else tuple(self._own)

    def _show_ranges(self) -> None:
        self._own = list(self._own_now())
        chosen = str(self.sets.currentData())
        self._showing_own = chosen == OWN
        self.model.show_ranges(
            self._own if self._showing_own else PUBLISHED[chosen].ranges, editable=self._showing_own
        )
        self.copy.setVisible(not self._showing_own)
        for widget in (self.item, self.add, self.remove):
            widget.setVisible(self._showing_own)

    def _copy(self) -> None:
        self._own = list(self.model.ranges)
        self.sets.setCurrentIndex(self.sets.findData(OWN))


class RulesPage(Page):
    """Review rules on and off, and their thresholds."""

    def __init__(self, context: UiContext, s: LabSettings) -> None:
        super().__init__(context, "")
        self.title = tr("Review rules")
        self.model = RulesModel(context, s.rules, self)
        self.table(self.model, self.title, RulesModel.WHAT)
        self.note(tr("After the ISLH consensus rules, recalled: check the thresholds for your laboratory."))
        self.reads("rules", lambda: tuple(self.model.rules))


class ReportPage(Page):
    """Head, logo, paper, pictures, canned texts."""

    def __init__(self, context: UiContext, s: LabSettings) -> None:
        super().__init__(context, "")
        self.title = tr("Report")
        name = self.line(tr("&Laboratory"), s.header.laboratory, 120)
        address = self.lines(tr("A&ddress"), "\n".join(s.header.address))
        address.setFixedHeight(5 * self.fontMetrics().height())
        self.logo = QLineEdit(s.header.logo)
        choose = QPushButton(tr("Choose…"))
        choose.clicked.connect(self._choose)
        row = QHBoxLayout()
        row.addWidget(self.logo, 1)
        row.addWidget(choose)
        label = QLabel(tr("Lo&go (PNG or JPEG)"))
        label.setBuddy(self.logo)
        self.form.addRow(label, row)
        self.combo(tr("&Paper"), [("A4", "a4"), ("Letter", "letter")], s.paper, "paper")
        self.combo(tr("Ta&bles"), list(csv_choices()), s.csv, "csv")
        self.whole(tr("Pictures per &class"), s.thumbnails_per_class, 400, "thumbnails_per_class")
        self.whole(tr("&Explained pictures"), s.gradcam_in_report, 60, "gradcam_in_report")
        words = [(tr("Words of the language"), WORDS), (tr("Keys and codes, for scripts"), CODES)]
        self.combo(tr("&Names in the tables"), words, s.csv_names, "csv_names")
        pictures = s.cell_pictures
        sheet = self.box(tr("Save cells on one contact &sheet"), pictures.sheet)
        name_class = self.box(tr("Class in the names of saved pictures"), pictures.name_class)
        name_number = self.box(tr("Number in the names of saved pictures"), pictures.name_number)
        self.reads(
            "cell_pictures",
            lambda: CellPictures(sheet.isChecked(), name_class.isChecked(), name_number.isChecked()),
        )
        comments = self.lines(tr("Canned &texts, one a line"), "\n".join(s.comments))

        def header() -> ReportHeader:
            lines = [t.strip() for t in address.toPlainText().splitlines() if t.strip()]
            return ReportHeader(name.text().strip(), tuple(lines), self.logo.text().strip())

        self.reads("header", header)
        self.reads(
            "comments", lambda: tuple(t.strip() for t in comments.toPlainText().splitlines() if t.strip())
        )
        # Those that the program ships are kept by their keys, so that each language shows its own.
        text = context.language.text
        keys = {text(tag): tag for tag in DEFAULT_TAGS}
        tags = self.lines(tr("Ta&gs of cells, one a line"), "\n".join(text(t) for t in s.cell_tags))
        self.reads(
            "cell_tags",
            lambda: tuple(
                keys.get(t.strip(), t.strip()) for t in tags.toPlainText().splitlines() if t.strip()
            ),
        )

    def _choose(self) -> None:
        names = tr("Pictures")
        filters = f"{names} (*.png *.jpg *.jpeg)"
        path = self.context.files.choose_file(FileKind.LOGO, self, tr("Logo"), filters)
        if path is not None:
            self.logo.setText(str(path))


class PrivacyPage(Page):
    """Retention and anonymous export."""

    def __init__(self, context: UiContext, s: LabSettings) -> None:
        super().__init__(context, "")
        self.title = tr("Privacy")
        days = self.whole(tr("&Keep cases for days"), s.privacy.retention_days, 36500, zero=tr("for ever"))
        anonymous = self.box(
            tr("Leave out whatever identifies the patient when exporting"), s.privacy.anonymised_export
        )
        reading = self.box(tr("Cases can be read without signing in"), s.privacy.read_without_account)
        self.note(
            tr(
                "Counted from the last act of a person. Nothing is removed by itself: cases past "
                "their time are shown first, signed ones need a confirmation of their own, and a "
                "record remains (menu Laboratory)."
            )
        )
        self.note(
            tr(
                "An anonymised export leaves out fields marked as identifying, the specimen number, "
                "names of files and comments in free text. Names and numbers of patients are in case "
                "files and reports only, never in logs."
            )
        )
        self.outer.addStretch(1)
        self.reads("privacy", lambda: Privacy(days.value(), anonymous.isChecked(), reading.isChecked()))

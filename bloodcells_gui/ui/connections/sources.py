"""The sources of orders: a list, a form, and the trial of one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QStringListModel, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.connection_test import Tried, trial_lines
from bloodcells_gui.app.order_lookup import TRIAL_NUMBER, try_source
from bloodcells_gui.domain.connecting import (
    ASTM,
    HL7,
    Connections,
    OrderSource,
    connections_to_json,
    parse_connections,
)
from bloodcells_gui.domain.errors import reason_of
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.ui.connections.kept_form import form_values, transcript
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup, UnawaitedThreads

_FORMATS = ((HL7, "HL7 v2.5.1, QBP^Q11"), (ASTM, "ASTM E1394"))
Trial = Callable[[OrderSource, str], Tried]


class SourcesForm(QWidget):
    """Each source of orders by its name, and what is set of the chosen one.

    Signals
    -------
    saved(tuple)
        The sources as they are now to be kept.
    refused(object)
        Why what was typed is no source, a Reason.
    """

    saved = Signal(tuple)
    refused = Signal(object)

    def __init__(
        self,
        context: UiContext,
        threads: UnawaitedThreads,
        parent: QWidget | None = None,
        trial: Trial = try_source,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._trial = trial
        self._sources: list[OrderSource] = []
        self._noted: tuple[object, ...] = ()
        self._before = ""
        self._trials = Lookup(threads, self)
        self._trials.answered.connect(self._on_trial)
        self._trials.failed.connect(self._on_trial_failed)
        self.names = QListView()
        self.names.setAccessibleName(tr("Sources of orders"))
        self.names.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._list = QStringListModel(self)
        self.names.setModel(self._list)
        self.names.selectionModel().currentChanged.connect(lambda *_: self._show_chosen())
        self.names.setFixedWidth(190)
        self.add_button = self._button(tr("&New source"), self.add)
        self.remove_button = self._button(tr("Remo&ve"), self.remove)
        left = QVBoxLayout()
        left.addWidget(self.names, 1)
        left.addWidget(self.add_button)
        left.addWidget(self.remove_button)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(left)
        layout.addLayout(self._form(), 1)

    @staticmethod
    def _button(text: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: act())
        return button

    def _form(self) -> QVBoxLayout:
        self.name, self.host = QLineEdit(), QLineEdit()
        self.application, self.facility = QLineEdit(), QLineEdit()
        self.ca_file, self.certificate = QLineEdit(), QLineEdit()
        self.specimen = QLineEdit()
        self.name.setMaxLength(40)
        self.format = QComboBox()
        for value, text in _FORMATS:
            self.format.addItem(text, value)
        self.port, self.timeout, self.answer_port = QSpinBox(), QSpinBox(), QSpinBox()
        self.port.setRange(1, 65535)
        self.answer_port.setRange(0, 65535)
        self.answer_port.setSpecialValueText(tr("on the connection of the question"))
        self.timeout.setRange(1, 60)
        self.timeout.setSuffix(" s")
        self.tls = QCheckBox(tr("By &TLS"))
        self.tls.toggled.connect(lambda _: self._enable())
        self.on = QCheckBox(tr("&On: it is asked for each specimen number"))
        form = QFormLayout()
        for label, widget in (
            (tr("Na&me"), self.name), (tr("&Format"), self.format), (tr("&Host"), self.host),
            (tr("Po&rt"), self.port), ("", self.tls), (tr("&Authority of the peer (PEM)"), self.ca_file),
            (tr("Own &certificate and key (PEM)"), self.certificate),
            (tr("Receiving a&pplication"), self.application), (tr("Receiving fac&ility"), self.facility),
            (tr("The order comes to por&t"), self.answer_port),
            (tr("&Wait for an answer"), self.timeout), ("", self.on),
            (tr("Ask for the &specimen"), self.specimen),
        ):  # fmt: skip
            form.addRow(label, widget)
        self.specimen.setPlaceholderText(TRIAL_NUMBER)
        self.save_button = self._button(tr("&Keep"), self.save)
        self.test_button = self._button(tr("&Ask"), self.test)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.test_button)
        buttons.addWidget(self.save_button)
        self.shown = QPlainTextEdit()
        self.shown.setReadOnly(True)
        self.shown.setAccessibleName(tr("What was asked and answered"))
        self.shown.setMinimumHeight(4 * self.fontMetrics().height())
        self.shown.setMaximumHeight(90)
        right = QVBoxLayout()
        right.addLayout(form)
        right.addLayout(buttons)
        right.addWidget(self.shown)
        return right

    def _enable(self) -> None:
        for field in (self.ca_file, self.certificate):
            field.setEnabled(self.tls.isChecked())

    # -- what is there ---------------------------------------------------------------------------------

    def show_sources(self, sources: tuple[OrderSource, ...]) -> None:
        """Replace the list; the chosen one stays chosen by its place."""
        at = max(0, self.names.currentIndex().row())
        self._sources = list(sources)
        self._list.setStringList([s.name for s in sources])
        if sources:
            self.names.setCurrentIndex(self._list.index(min(at, len(sources) - 1)))
        self._show_chosen()

    @property
    def chosen(self) -> OrderSource | None:
        """The source that is chosen in the list; None for a new one."""
        row = self.names.currentIndex().row()
        return self._sources[row] if 0 <= row < len(self._sources) else None

    def _show_chosen(self) -> None:
        chosen = self.chosen
        s = chosen or OrderSource(tr("Laboratory system"), host="-")
        self.name.setText(s.name)
        self.format.setCurrentIndex(max(0, self.format.findData(s.format)))
        self.host.setText(s.host if chosen is not None else "")
        self.port.setValue(s.port)
        self.tls.setChecked(s.tls)
        self.ca_file.setText(s.ca_file)
        self.certificate.setText(s.certificate)
        self.application.setText(s.application)
        self.facility.setText(s.facility)
        self.answer_port.setValue(s.answer_port)
        self.timeout.setValue(s.timeout_s)
        self.on.setChecked(s.on)
        self.remove_button.setEnabled(chosen is not None)
        self._enable()
        self._noted = form_values(self, [self.specimen])

    @property
    def changed(self) -> bool:
        """Whether something stands in the form that was not kept."""
        return form_values(self, [self.specimen]) != self._noted

    def discard(self) -> None:
        """Show again what is kept."""
        self._show_chosen()

    def _typed(self) -> OrderSource | None:
        """What the form says; None, and `refused`, where it is no source."""
        try:
            typed = OrderSource(
                name=self.name.text().strip(), format=str(self.format.currentData()),
                host=self.host.text().strip(), port=self.port.value(), tls=self.tls.isChecked(),
                ca_file=self.ca_file.text().strip(), certificate=self.certificate.text().strip(),
                application=self.application.text().strip(), facility=self.facility.text().strip(),
                answer_port=self.answer_port.value(), timeout_s=self.timeout.value(), on=self.on.isChecked(),
            )  # fmt: skip
        except ValueError as error:
            self.refused.emit(reason_of(error))
            return None
        # What could not be read back must not be kept.
        read, problems = parse_connections(connections_to_json(Connections(sources=(typed,))))
        if problems or read.sources != (typed,):
            self.refused.emit(problems[0].reason if problems else Reason("not a record"))
            return None
        return typed

    # -- acts ------------------------------------------------------------------------------------------

    def add(self) -> None:
        """Empty the form for a new source."""
        self.names.clearSelection()
        self.names.setCurrentIndex(self._list.index(-1))
        self._show_chosen()
        self.name.setFocus()
        self.name.selectAll()

    def save(self) -> None:
        """Keep what the form says, in the place of the chosen one or as a new one."""
        typed = self._typed()
        if typed is None:
            return
        chosen = self.chosen
        if any(s.name == typed.name for s in self._sources if s is not chosen):
            self.refused.emit(Reason("is there twice"))
            return
        kept = [typed if s is chosen else s for s in self._sources]
        self.saved.emit(tuple(kept if chosen is not None else [*kept, typed]))

    def remove(self) -> None:
        """Remove the chosen source."""
        chosen = self.chosen
        if chosen is not None:
            self.saved.emit(tuple(s for s in self._sources if s is not chosen))

    def test(self) -> None:
        """Ask as the form says, and show both sides."""
        typed = self._typed()
        if typed is None:
            return
        self.test_button.setEnabled(False)
        self._before = self.shown.toPlainText()
        self._say([tr("Waiting for the answer…")])
        trial, number = self._trial, self.specimen.text().strip() or TRIAL_NUMBER
        self._trials.ask(None, lambda: trial(typed, number))

    def _on_trial(self, _tag: object, tried: Tried) -> None:
        self.test_button.setEnabled(True)
        self._say(trial_lines(tried, self._context.language.lang))

    def _on_trial_failed(self, _tag: object, error: object) -> None:
        self.test_button.setEnabled(True)
        self._say([str(error)])

    def _say(self, lines: list[str]) -> None:
        """Show the newest trial below those before it."""
        self.shown.setPlainText(transcript(self._before, lines))
        self.shown.moveCursor(QTextCursor.MoveOperation.End)

    def stop(self) -> None:
        """Deliver nothing any more."""
        self._trials.close()

"""The page of the destinations: a list, a form, and the trial of a connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

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

from bloodcells_gui.app.connection_test import Tried, trial_lines, try_connection
from bloodcells_gui.domain.connecting import (
    ASTM,
    FHIR,
    FOLDER,
    HL7,
    ORU,
    OUL,
    TCP,
    Destination,
    connections_to_json,
    parse_connections,
)
from bloodcells_gui.domain.connecting import Connections as AllConnections
from bloodcells_gui.domain.errors import reason_of
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.ui.connections.kept_form import form_values, transcript
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup, UnawaitedThreads

_FORMATS = ((HL7, "HL7 v2.5.1"), (ASTM, "ASTM E1394"), (FHIR, "FHIR R4"))


class DestinationsPage(QWidget):
    """Each destination by its name, and what is set of the chosen one.

    Signals
    -------
    saved(tuple)
        The destinations as they are now to be kept.
    refused(object)
        Why what was typed is no destination, a Reason.
    """

    saved = Signal(tuple)
    refused = Signal(object)

    def __init__(
        self,
        context: UiContext,
        threads: UnawaitedThreads,
        parent: QWidget | None = None,
        trial: Callable[[Destination], Tried] = try_connection,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._trial = trial
        self._destinations: list[Destination] = []
        self._noted: tuple[object, ...] = ()
        self._before = ""
        self._trials = Lookup(threads, self)
        self._trials.answered.connect(self._on_trial)
        self._trials.failed.connect(self._on_trial_failed)
        self.names = QListView()
        self.names.setAccessibleName(tr("Destinations"))
        self.names.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._list = QStringListModel(self)
        self.names.setModel(self._list)
        self.names.selectionModel().currentChanged.connect(lambda *_: self._show_chosen())
        self.add_button = self._button(tr("&New destination"), self.add)
        self.remove_button = self._button(tr("Remo&ve"), self.remove)
        left = QVBoxLayout()
        left.addWidget(self.names, 1)
        left.addWidget(self.add_button)
        left.addWidget(self.remove_button)
        layout = QHBoxLayout(self)
        layout.addLayout(left)
        layout.addLayout(self._form(), 1)
        self.names.setFixedWidth(190)

    @staticmethod
    def _button(text: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: act())
        return button

    def _form(self) -> QVBoxLayout:
        self.name, self.host, self.folder = QLineEdit(), QLineEdit(), QLineEdit()
        self.application, self.facility = QLineEdit(), QLineEdit()
        self.ca_file, self.certificate = QLineEdit(), QLineEdit()
        self.name.setMaxLength(40)
        self.format, self.transport, self.message = QComboBox(), QComboBox(), QComboBox()
        for value, text in _FORMATS:
            self.format.addItem(text, value)
        self.transport.addItem(tr("files in a folder"), FOLDER)
        self.transport.addItem(tr("the network"), TCP)
        for value in (ORU, OUL):
            self.message.addItem(value, value)
        self.port, self.timeout = QSpinBox(), QSpinBox()
        self.port.setRange(1, 65535)
        self.timeout.setRange(1, 120)
        self.timeout.setSuffix(" s")
        self.tls = QCheckBox(tr("By &TLS"))
        self.pdf = QCheckBox(tr("With the report as &PDF"))
        self.on = QCheckBox(tr("&On: each signed report is sent there"))
        form = QFormLayout()
        for label, widget in (
            (tr("Na&me"), self.name), (tr("&Format"), self.format), (tr("Me&ssage"), self.message),
            (tr("B&y"), self.transport), (tr("Fol&der"), self._with_choice(self.folder)),
            (tr("&Host"), self.host), (tr("Po&rt"), self.port), ("", self.tls),
            (tr("&Authority of the peer (PEM)"), self.ca_file),
            (tr("Own &certificate and key (PEM)"), self.certificate),
            (tr("Receiving app&lication"), self.application), (tr("Receiving fac&ility"), self.facility),
            (tr("&Wait for an answer"), self.timeout), ("", self.pdf), ("", self.on),
        ):  # fmt: skip
            form.addRow(label, widget)
        self.save_button = self._button(tr("&Keep"), self.save)
        self.test_button = self._button(tr("Test the conn&ection"), self.test)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.test_button)
        buttons.addWidget(self.save_button)
        self.shown = QPlainTextEdit()
        self.shown.setReadOnly(True)
        self.shown.setAccessibleName(tr("What was sent and answered"))
        self.shown.setMinimumHeight(4 * self.fontMetrics().height())
        self.shown.setMaximumHeight(110)
        right = QVBoxLayout()
        right.addLayout(form)
        right.addLayout(buttons)
        right.addWidget(self.shown)
        for box in (self.format, self.transport):
            box.currentIndexChanged.connect(lambda _: self._enable())
        self.tls.toggled.connect(lambda _: self._enable())
        return right

    def _with_choice(self, field: QLineEdit) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(field, 1)
        layout.addWidget(self._button(tr("Choose…"), self._choose_folder))
        row.setFocusProxy(field)
        return row

    def _choose_folder(self) -> None:
        path = self._context.files.choose_folder(FileKind.MESSAGES, self, tr("Folder of outgoing messages"))
        if path is not None:
            self.folder.setText(str(Path(path)))

    def _enable(self) -> None:
        network = self.transport.currentData() == TCP
        self.message.setEnabled(self.format.currentData() == HL7)
        self.pdf.setEnabled(self.format.currentData() != ASTM)
        for widget in (self.host, self.port, self.tls, self.timeout):
            widget.setEnabled(network)
        for field in (self.ca_file, self.certificate):
            field.setEnabled(network and self.tls.isChecked())
        self.folder.setEnabled(not network)

    # -- what is there ---------------------------------------------------------------------------------

    def show_destinations(self, destinations: tuple[Destination, ...]) -> None:
        """Replace the list; the chosen one stays chosen by its place."""
        at = max(0, self.names.currentIndex().row())
        self._destinations = list(destinations)
        self._list.setStringList([d.name for d in destinations])
        if destinations:
            self.names.setCurrentIndex(self._list.index(min(at, len(destinations) - 1)))
        self._show_chosen()

    @property
    def chosen(self) -> Destination | None:
        """The destination that is chosen in the list; None for a new one."""
        row = self.names.currentIndex().row()
        return self._destinations[row] if 0 <= row < len(self._destinations) else None

    def _show_chosen(self) -> None:
        chosen = self.chosen
        d = chosen or Destination(tr("Laboratory system"), folder=".")
        self.name.setText(d.name)
        for box, value in ((self.format, d.format), (self.transport, d.transport), (self.message, d.message)):
            box.setCurrentIndex(max(0, box.findData(value)))
        self.folder.setText(d.folder if chosen is not None else "")
        self.host.setText(d.host)
        self.port.setValue(d.port)
        self.tls.setChecked(d.tls)
        self.ca_file.setText(d.ca_file)
        self.certificate.setText(d.certificate)
        self.application.setText(d.application)
        self.facility.setText(d.facility)
        self.pdf.setChecked(d.pdf)
        self.on.setChecked(d.on)
        self.timeout.setValue(d.timeout_s)
        self.remove_button.setEnabled(chosen is not None)
        self._enable()
        self._noted = form_values(self)

    @property
    def changed(self) -> bool:
        """Whether something stands in the form that was not kept."""
        return form_values(self) != self._noted

    def discard(self) -> None:
        """Show again what is kept."""
        self._show_chosen()

    def _typed(self) -> Destination | None:
        """What the form says; None, and `refused`, where it is no destination."""
        try:
            typed = Destination(
                name=self.name.text().strip(), format=str(self.format.currentData()),
                transport=str(self.transport.currentData()), message=str(self.message.currentData()),
                host=self.host.text().strip(), port=self.port.value(), tls=self.tls.isChecked(),
                ca_file=self.ca_file.text().strip(), certificate=self.certificate.text().strip(),
                folder=self.folder.text().strip(), application=self.application.text().strip(),
                facility=self.facility.text().strip(), pdf=self.pdf.isChecked(),
                timeout_s=self.timeout.value(), on=self.on.isChecked(),
            )  # fmt: skip
        except ValueError as error:
            self.refused.emit(reason_of(error))
            return None
        # What could not be read back must not be kept.
        read, problems = parse_connections(connections_to_json(AllConnections((typed,))))
        if problems or read.destinations != (typed,):
            self.refused.emit(problems[0].reason if problems else Reason("not a record"))
            return None
        return typed

    # -- acts ------------------------------------------------------------------------------------------

    def add(self) -> None:
        """Empty the form for a new destination."""
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
        others = [d for d in self._destinations if d is not chosen]
        if any(d.name == typed.name for d in others):
            self.refused.emit(Reason("is there twice"))
            return
        kept = [typed if d is chosen else d for d in self._destinations]
        self.saved.emit(tuple(kept if chosen is not None else [*kept, typed]))

    def remove(self) -> None:
        """Remove the chosen destination; what waits for it stays in the outbox."""
        chosen = self.chosen
        if chosen is not None:
            self.saved.emit(tuple(d for d in self._destinations if d is not chosen))

    def test(self) -> None:
        """Send a message without a result as the form says, and show both sides."""
        typed = self._typed()
        if typed is None:
            return
        self.test_button.setEnabled(False)
        self._before = self.shown.toPlainText()
        self._say([tr("Waiting for the answer…")])
        trial, tried = self._trial, replace(typed)
        self._trials.ask(None, lambda: trial(tried))

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

"""The chosen cell in words: what the program says of its look, and what a person corrects."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QThreadPool, QTimer
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from bloodcells_gui.app.describer import describe_cell
from bloodcells_gui.domain.attributes import ATTRIBUTES, Attribute, Description, Said, Word, corrected
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.run_messages import unfamiliar_remark
from bloodcells_gui.domain.taxonomy import BY_CODE, ROLLUPS
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.labels import PlainLabel, menu_text
from bloodcells_gui.ui.review import ReviewController

_MOST = 5
# Words that speak less for the class are left to the menu.
_TELLING = 0.1
_CLEAR = 0.8
# Who steps quickly from cell to cell wants no words.
_SETTLE_MS = 150
_DOUBT = N_("With doubt: stain or light differ from those of the laboratory that taught the words.")


class WordsLine(QWidget):
    """One paragraph, and a menu of every attribute in which a person chooses another word."""

    def __init__(self, context: UiContext, controller: ReviewController, pool: QThreadPool) -> None:
        super().__init__()
        self._context = context
        self._controller = controller
        self._session = controller.session
        self._cell: int | None = None
        self.description: Description | None = None
        self._asked = Lookup(pool, self)
        self._asked.answered.connect(self._arrived)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._describe)
        self.label = PlainLabel()
        self.label.setWordWrap(True)
        self.label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.button = QToolButton()
        self.button.setText(tr("Words"))
        self.button.setToolTip(tr("Every word with its probability; choose another one where it is wrong"))
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.setMenu(self.menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 2, 12, 6)
        row.addWidget(self.label, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def ask(self, cell_id: int) -> None:
        """Describe a cell in the background."""
        self.forget()
        self._cell = cell_id
        self._settle.start()

    def _describe(self) -> None:
        session, cell_id = self._session, self._cell
        if cell_id is not None:
            self._asked.ask(cell_id, lambda: describe_cell(session, cell_id))

    def forget(self) -> None:
        """Show nothing."""
        self._settle.stop()
        self._asked.forget()
        self._cell, self.description = None, None
        self.hide()

    def refresh(self) -> None:
        """Show what a person changed meanwhile."""
        if self.description is not None and self._cell is not None:
            self._show(self._cell, self.description)

    def close_case(self) -> None:
        """Ask for nothing any more."""
        self._settle.stop()
        self._asked.close()

    def _arrived(self, cell_id: object, found: Description | None) -> None:
        if cell_id != self._cell or self._cell is None:
            return
        self.description = found
        if found is None:
            self.hide()
        else:
            self._show(self._cell, found)

    def _corrected(self, cell_id: int, found: Description) -> Description:
        return corrected(found, self._session.state.tags.get(cell_id, ()))

    def _show(self, cell_id: int, found: Description) -> None:
        now = self._corrected(cell_id, found)
        lines = [tr("In words: {words}.").format(words=self._telling(now)), self._verdict(cell_id, now)]
        unsure = [self._context.language.text(s.attribute.name).lower() for s in now.said if not s.sure]
        if unsure:
            lines.append(tr("Unsure: {attributes}.").format(attributes=", ".join(unsure)))
        if found.unlike_taught or unfamiliar_remark(self._session.runs) is not None:
            lines.insert(0, tr(_DOUBT))  # first: on a low screen the end may be out of sight
        self.label.setText(" ".join(lines))
        self.show()

    def _telling(self, found: Description) -> str:
        sure = [s for s in found.said if s.sure]
        telling = [s for s in sure if s.weight >= _TELLING or s.by_person] or sure
        ranked = sorted(telling, key=lambda s: (not s.by_person, -s.weight))[:_MOST]
        return ", ".join(self._word(s) for s in ranked) or tr("nothing that is sure")

    def _word(self, said: Said) -> str:
        name = self._context.language.text(said.word.text)
        name = name[:1].lower() + name[1:]
        if said.by_person:
            return tr("{word} (by a person)").format(word=name)
        return f"{name} ({self._percent(said.probability)})"

    def _verdict(self, cell_id: int, found: Description) -> str:
        name = self._row_name(found.speaks_for)
        if found.share < _CLEAR:
            return tr("They speak clearly for no class.")
        decision = self._session.decision(cell_id)
        code = decision.final or self._session.cell(cell_id).predicted
        percent = self._percent(found.share)
        if code in BY_CODE and BY_CODE[code].row != found.speaks_for:
            return tr("They speak for {name} ({percent}), not for the class of the cell.").format(
                name=name, percent=percent
            )
        return tr("They speak for {name} ({percent}).").format(name=name, percent=percent)

    def _row_name(self, code: str) -> str:
        name = next((row.name for row in ROLLUPS["five"].rows if row.code == code), code)
        text = self._context.language.text(name)
        return text[:1].lower() + text[1:]

    def _percent(self, share: float) -> str:
        return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"

    def _fill_menu(self) -> None:
        self.menu.clear()
        if self.description is None or self._cell is None:
            return
        text = self._context.language.text
        now = self._corrected(self._cell, self.description)
        for attribute, said, shares in zip(ATTRIBUTES, now.said, now.probabilities, strict=True):
            mark = "" if said.sure else " ?"
            title = labelled(
                text(attribute.name), f"{text(said.word.text)}{mark}", self._context.language.lang
            )
            part = self.menu.addMenu(menu_text(title))
            for word, share in zip(attribute.words, shares, strict=True):
                act = part.addAction(menu_text(f"{text(word.text)} ({self._percent(share)})"))
                act.setCheckable(True)
                act.setChecked(said.by_person and said.word is word)
                act.triggered.connect(partial(self.choose, attribute, word))

    def choose(self, attribute: Attribute, word: Word, *_: object) -> None:
        """Keep a person's word for an attribute of the cell on show."""
        if self._cell is not None:
            self._controller.choose_word(self._cell, attribute, word)

"""The line above a case: its name, its state, and warnings about it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.two_persons import waits
from bloodcells_gui.domain.analysis import is_incomplete
from bloodcells_gui.domain.connecting import SendState
from bloodcells_gui.domain.formatting import labelled, remark_text
from bloodcells_gui.domain.priority import is_urgent
from bloodcells_gui.domain.run_messages import asks_for_scale, unfamiliar_remark
from bloodcells_gui.domain.scale_messages import SCALE_LIMITS
from bloodcells_gui.domain.specimen import ASKS_FOR_SCALE, ScaleEstimate, ScaleSource, SpecimenKind
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.labels import ElidedLabel, plain_tip
from bloodcells_gui.ui.reading import why_read_only
from bloodcells_gui.ui.scale_words import as_in_the_window


class Chip(QWidget):
    """A word in a rounded frame."""

    def __init__(self, context: UiContext, text: str, severity: str, tip: str = "") -> None:
        super().__init__()
        self._context = context
        self._text, self._severity = text, severity
        self.setToolTip(tip)
        self.setAccessibleName(text)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        m = self.fontMetrics()
        return QSize(m.horizontalAdvance(self._text) + 20, m.height() + 6)

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._context.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        strong = theme.colour(self._severity)
        painter.setPen(QPen(strong, 1))
        painter.setBrush(theme.colour(f"{self._severity}_ground"))
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(frame, frame.height() / 2, frame.height() / 2)
        painter.setPen(strong)
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), self._text)


class CaseHeader(QWidget):
    """Specimen, kind, number of images, scale; chips for synthetic, incomplete, preliminary, signed."""

    def __init__(self, context: UiContext, session: CaseSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._session = session
        self._scale: ScaleEstimate | None = None
        self.title_label = ElidedLabel()
        font = self.title_label.font()
        font.setPointSizeF(font.pointSizeF() * 1.15)
        font.setWeight(font.Weight.DemiBold)
        self.title_label.setFont(font)
        self.facts_label = QLabel()
        self.facts_label.setObjectName("muted")
        self._chips = QHBoxLayout()
        self._chips.setSpacing(6)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 7, 14, 7)
        row.setSpacing(14)
        row.addWidget(self.title_label, 1)
        row.addLayout(self._chips)
        row.addWidget(self.facts_label)
        self._shown: tuple[tuple[str, str, str], ...] | None = None
        self.running = False
        self.refresh()

    def scale_known(self, scale: ScaleEstimate) -> None:
        """The scale of a run that is under way."""
        self._scale = scale
        self.refresh()

    def refresh(self) -> None:
        """Show what holds now."""
        specimen = self._session.specimen
        self.title_label.show_text(specimen.id)
        if self._session.came_from:
            came_from = tr("Taken by itself from: {place}").format(
                place=f"{self._context.language.text(self._session.came_from)}, {specimen.root}"
            )
            self.title_label.setToolTip(plain_tip(f"{specimen.id}\n{came_from}"))
        kind = {
            SpecimenKind.CROPS: tr("Single cells"),
            SpecimenKind.FIELDS: tr("Fields"),
            SpecimenKind.SLIDE: tr("Slide"),
            SpecimenKind.COUNTER: tr("Counted by hand"),
        }[specimen.kind]
        facts = [kind]
        if specimen.images:
            facts.append(ngettext("{n} image", "{n} images", len(specimen.images)))
        scale = self._scale or next((r.scale for r in reversed(self._session.runs) if r.scale), None)
        if scale is not None and scale.mpp:
            facts.append(self._scale_text(scale))
            self.facts_label.setToolTip(self._scale_tip(scale))
        self.facts_label.setText("  ·  ".join(facts))
        chips = self._wanted_chips(scale)
        if chips != self._shown:
            self._shown = chips
            while (item := self._chips.takeAt(0)) is not None:
                widget = item.widget()
                if widget is not None:
                    widget.deleteLater()
            for text, severity, tip in chips:
                self._chips.addWidget(Chip(self._context, text, severity, tip))

    def _scale_text(self, scale: ScaleEstimate) -> str:
        source = {
            ScaleSource.PERSON: tr("given by hand"),
            ScaleSource.METADATA: tr("from the file"),
            ScaleSource.RED_CELLS: tr("from red cells"),
            ScaleSource.PRIOR: tr("estimated"),
            ScaleSource.CONTRADICTED: tr("from the cells, against the file"),
            ScaleSource.UNKNOWN: tr("not known"),
        }[scale.source]
        return f"{self._context.language.number(scale.mpp or 0.0, 3)} µm/px ({source})"

    def _scale_tip(self, scale: ScaleEstimate) -> str:
        """What the scale rests on, with its limits, and what is to be said of it."""
        language = self._context.language
        said = [language.text(scale.warning)] if scale.warning else []
        if scale.basis and scale.limits is not None:
            low, high = (language.number(limit, 3) for limit in scale.limits)
            said.insert(0, language.text(SCALE_LIMITS, low=low, high=high, basis=language.text(scale.basis)))
        return as_in_the_window("\n".join(said))

    def _chips_of_work(self) -> list[tuple[str, str, str]]:
        """What the laboratory's work says of the case, whatever its images are."""
        state = self._session.state
        if not is_urgent(state.data.fields) or state.signed:
            return []
        return [(tr("Urgent"), "critical", tr("Marked by a person (Ctrl+U)"))]

    def _chips_of_sending(self) -> list[tuple[str, str, str]]:
        """What became of the messages of the signed report, one chip for each state."""
        session, language = self._session, self._context.language
        lines = session.outbox.of_version(session) if session.outbox is not None else []
        words = {
            SendState.REFUSED: (tr("Result refused"), "critical"),
            SendState.WAITING: (tr("Result waits to be sent"), "warning"),
            SendState.SENT: (tr("Result sent"), "ok"),
        }
        chips = []
        for state, (word, severity) in words.items():
            said = [
                labelled(x.destination, x.words.text(language.lang) or language.text(x.state), language.lang)
                for x in lines
                if x.state is state
            ]
            if said:
                chips.append((word, severity, plain_tip("\n".join(said))))
        if session.outbox is not None and session.outbox.left_out(session):
            tip = tr("It was signed while no destination was on. bloodcells outbox send CASE sends it.")
            chips.append((tr("Result not in the outbox"), "info", tip))
        return chips

    def _chips_of_signature(self) -> list[tuple[str, str, str]]:
        if waits(self._session):
            return [(tr("Waits for the second person"), "warning", tr("Nothing is sent before."))]
        return [(tr("Signed"), "ok", ""), *self._chips_of_sending()]

    def _wanted_chips(self, scale: ScaleEstimate | None) -> tuple[tuple[str, str, str], ...]:
        session, chips = self._session, self._chips_of_work()
        if session.specimen.synthetic:
            chips.append((tr("Synthetic"), "info", tr("Drawn by the program; these cells belong to nobody")))
        if session.read_only:
            chips.append(
                (
                    tr("Read only"),
                    "warning",
                    plain_tip(why_read_only(session)),
                )
            )
        if is_incomplete(session.runs) and not self.running:
            chips.append(
                (
                    tr("Incomplete"),
                    "warning",
                    tr("The analysis did not reach its end; it can be continued"),
                )
            )
        asking = bool(session.runs) and asks_for_scale(session.runs[-1])
        if scale is not None and scale.warning and (asking or scale.source in ASKS_FOR_SCALE):
            word, severity = {
                ScaleSource.CONTRADICTED: (tr("Scale contradicted"), "critical"),
                ScaleSource.UNKNOWN: (tr("No scale"), "critical"),
            }.get(scale.source, (tr("Scale uncertain"), "warning"))
            chips.append((word, severity, self._scale_tip(scale)))
        unfamiliar = None if self.running else unfamiliar_remark(session.runs)
        if unfamiliar is not None:
            tip = remark_text(unfamiliar, self._context.language.lang)
            chips.append((tr("Unfamiliar look"), "warning", tip))
        profile = next((r.profile for r in reversed(session.runs) if r.profile), "")
        if profile:
            tip = tr("The classifier was calibrated with this profile of the laboratory")
            chips.append((tr("Profile {name}").format(name=profile), "info", tip))
        if session.state.signed:
            chips += self._chips_of_signature()
        elif session.state.amendments:
            began = session.state.amendments[-1]
            word = tr("Amending: version {version}").format(version=began.version)
            chips.append((word, "warning", plain_tip(began.reason)))
        if not session.state.signed and session.state.unidentified and not self.running:
            chips.append((tr("Preliminary"), "warning", tr("Cells still wait for a decision")))
        return tuple(chips)

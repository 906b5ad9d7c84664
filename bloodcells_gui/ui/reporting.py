"""Export, signature and amendment from the window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, QThreadPool, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from bloodcells_gui.app.drafts import COMMENT
from bloodcells_gui.app.export import export, folder_name, safe_folder_name
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import amend, sign, signing_checks
from bloodcells_gui.app.signing_checks import answer_draft, answer_finding
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.findings import Finding
from bloodcells_gui.ui.banner import Banner, BannerStack
from bloodcells_gui.ui.case_details.comments import LONGEST
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.contracts import Session
from bloodcells_gui.ui.dialogs.export import ExportDialog
from bloodcells_gui.ui.dialogs.finding import FindingDialog
from bloodcells_gui.ui.dialogs.sign import AmendDialog, CommentDialog, SignDialog
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Errands


class Reporter(QObject):
    """Asks, writes in the background, and says what came of it.

    Signals
    -------
    busy(str)
        Something is being written, and nothing may change meanwhile; "" when it is over.
    cells_wanted(tuple)
        The person wants to see these cells.
    draft_settled()
        The comment that was typed is in the report now, or discarded.
    """

    busy = Signal(str)
    cells_wanted = Signal(tuple)
    draft_settled = Signal()

    def __init__(self, context: UiContext, banners: BannerStack, pool: QThreadPool, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._banners = banners
        self._writes = Errands(pool, self)
        self._writes.answered.connect(self._written)
        self._writes.failed.connect(self._failed)
        self._signed: Banner | None = None
        # The case in front; what is told late about another one must not seem to be about it.
        self.case: Session | None = None

    def proposal(self, session: Session) -> Path:
        """A folder named after the specimen, in the person's documents."""
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        name = session.specimen.id
        if isinstance(session, CaseSession):
            name = folder_name(session)
        return Path(documents or Path.home()) / "bloodcells" / safe_folder_name(name)

    def export(self, session: Session, window: QWidget) -> None:
        """Ask, then write PDF and CSV."""
        dialog = ExportDialog(
            self._context, session.settings, self.proposal(session), session.state.unidentified, window
        )
        accepted = dialog.exec()
        dialog.deleteLater()
        if not accepted or session is not self.case or not isinstance(session, CaseSession):
            return
        folder, options = dialog.answer()
        self.busy.emit(tr("Writing the report"))
        self._writes.ask((session, folder), lambda: export(session, folder, options))

    def _written(self, tag: tuple[Session, Path], files: Sequence[Path]) -> None:
        self.busy.emit("")
        session, folder = tag
        if session is not self.case:
            return
        self._banners.show_banner(
            "ok",
            ngettext("The report was written: {n} file.", "The report was written: {n} files.", len(files)),
            str(folder),
            actions=((tr("Open the folder"), lambda: _open(str(folder))),),
        )

    def _failed(self, tag: tuple[Session, Path], error: BaseException) -> None:
        self.busy.emit("")
        session, _ = tag
        if session is self.case and isinstance(error, UserError):
            self._banners.error(error)
        elif isinstance(error, UserError):
            self._banners.error(error, of=" ".join(session.specimen.id.split())[:80])
        else:
            self._banners.crash(error)

    def sign(self, session: Session, window: QWidget) -> None:
        """Ask for the signature and freeze the report; a signed case is amended instead."""
        if not isinstance(session, CaseSession):
            return
        try:
            if session.state.signed:
                self._amend(session, window)
            else:
                self._sign(session, window)
        except UserError as error:
            self._banners.error(error)

    def _settle_comment(self, session: CaseSession, window: QWidget) -> bool:
        """Ask what becomes of a comment that was typed and not added; False to go back to the case."""
        text = session.drafts.text(COMMENT)
        if not text or len(text.strip()) > LONGEST:  # too long to be added: a check of the dialog says so
            return True
        dialog = CommentDialog(text, window)
        accepted = dialog.exec()
        dialog.deleteLater()
        if not accepted:
            return False
        if dialog.to_be_added:
            session.note(text.strip())
        session.drafts.keep(COMMENT, "")
        self.draft_settled.emit()
        return True

    def _sign(self, session: CaseSession, window: QWidget) -> None:
        if not self._settle_comment(session, window):
            return
        checks = signing_checks(session)
        drafts = {c.id: session.drafts.text(answer_draft(session, c.id)) for c in checks if c.id}
        dialog = SignDialog(
            self._context, session.author, checks, window, reviewed=self._reviewed(session), drafts=drafts
        )
        dialog.cells_wanted.connect(self.cells_wanted)
        dialog.finding_chosen.connect(lambda finding: self._answer(session, finding, dialog))
        accepted = dialog.exec()
        dialog.deleteLater()
        name, meaning, answers = dialog.answer()
        if session is not self.case:
            return
        # What was typed is there again when cells are looked at meanwhile, or the signature fails.
        typed = {answer_draft(session, id): text for id, text in answers.items()}
        for key, text in typed.items():
            session.drafts.keep(key, text)
        if not accepted:
            return
        sign(session, name, meaning, answers=answers)
        for key in typed:
            session.drafts.keep(key, "")
        self._signed = self._banners.show_banner(
            "ok",
            tr("The report is signed."),
            tr("It is frozen in the case file with its hash."),
            tr("Export it now, or amend it later as a new version."),
        )

    def _reviewed(self, session: CaseSession) -> str:
        cells = len(session.state) - session.state.absent
        if not cells:
            return ""
        integer = self._context.language.integer
        return tr("{reviewed} of {cells} cells were looked at by a person.").format(
            reviewed=integer(session.state.reviewed), cells=integer(cells)
        )

    def _answer(self, session: CaseSession, finding: Finding, dialog: SignDialog) -> None:
        """Ask what came of a critical finding, and keep it."""
        asked = FindingDialog(self._context, finding, dialog)
        accepted = asked.exec()
        asked.deleteLater()
        if not accepted:
            return
        try:
            answer_finding(session, finding, asked.answer())
        except UserError as error:
            self._banners.error(error)
        dialog.show_checks(signing_checks(session))

    def _amend(self, session: CaseSession, window: QWidget) -> None:
        dialog = AmendDialog(window)
        accepted = dialog.exec()
        dialog.deleteLater()
        if accepted and session is self.case:
            amend(session, session.author, dialog.answer())
            if self._signed is not None:
                self._banners.dismiss(self._signed)  # the new version is not signed

    def stop(self) -> None:
        """Deliver nothing any more."""
        self._writes.close()


def _open(folder: str) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(folder))

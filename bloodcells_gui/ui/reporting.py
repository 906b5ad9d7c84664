"""Export, signature and amendment from the window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QThreadPool, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from bloodcells_gui.app.drafts import COMMENT
from bloodcells_gui.app.earlier_films import FilmFinder
from bloodcells_gui.app.export import export, folder_name, safe_folder_name
from bloodcells_gui.app.outgoing import another_than_sent, order_of_another
from bloodcells_gui.app.report_explanations import map_preparation
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import signing_checks
from bloodcells_gui.app.signing_checks import answer_draft
from bloodcells_gui.app.two_persons import signs_second, waits
from bloodcells_gui.domain.accounts import account_login, plain_name
from bloodcells_gui.domain.earlier_films import not_looked_for
from bloodcells_gui.domain.errors import SECOND_WAITS, UserError
from bloodcells_gui.domain.film_messages import film_remark
from bloodcells_gui.domain.findings import Finding
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.ui.accounts.sign_command import has_pin, refusal_of
from bloodcells_gui.ui.banner import Banner, BannerStack
from bloodcells_gui.ui.case_details.comments import LONGEST
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.export import ExportDialog
from bloodcells_gui.ui.dialogs.finding import FindingDialog
from bloodcells_gui.ui.dialogs.sign import AmendDialog, SignDialog, UnsavedCommentDialog
from bloodcells_gui.ui.earlier_films.search import FilmSearch
from bloodcells_gui.ui.file_dialogs import FileKind, documents
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Lookup, QueuedLookup, UnawaitedThreads
from bloodcells_gui.ui.labels import menu_text
from bloodcells_gui.ui.review import ErrorHandler, ReviewController


class Reporter(QObject):
    """Asks, writes in the background, and says what came of it.

    Signals
    -------
    busy(str)
        Something is being written, and nothing may change meanwhile; "" when it is over.
    unsaved_wanted(str)
        What is typed and not saved is to be shown (`SigningCheck.unsaved`).
    cells_wanted(tuple)
        The person wants to see these cells.
    draft_settled()
        The comment that was typed is in the report now, or discarded.
    signed()
        The report was signed.
    next_wanted()
        The case is signed, and the person wants to go on with the next one.
    """

    busy = Signal(str)
    unsaved_wanted = Signal(str)
    cells_wanted = Signal(tuple)
    draft_settled = Signal()
    signed = Signal()
    next_wanted = Signal()

    def __init__(
        self,
        context: UiContext,
        banners: BannerStack,
        pool: QThreadPool,
        unawaited: UnawaitedThreads,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._unawaited = unawaited
        self._context = context
        self._banners = banners
        self._writes = QueuedLookup(pool, self)
        self._maps = Lookup(pool, self)
        self._writes.answered.connect(self._written)
        self._writes.failed.connect(self._on_report_failed)
        self._signed: Banner | None = None
        # The case in front; what is told late about another one must not seem to be about it.
        self.case: CaseSession | None = None

    def proposal(self, session: CaseSession) -> Path:
        """A folder named after the specimen, beside that of the last report or in the documents."""
        around = self._context.files.last(FileKind.REPORT) or documents() / "bloodcells"
        return around / safe_folder_name(folder_name(session))

    def export(self, session: CaseSession, window: QWidget) -> None:
        """Ask, then write PDF and CSV."""
        dialog = ExportDialog(
            self._context,
            session.settings,
            self.proposal(session),
            session.state.unidentified,
            window,
            red_cells=session.red_cells.examination is not None,
        )
        accepted = dialog.exec()
        dialog.deleteLater()
        if not accepted or session is not self.case:
            return
        folder, options = dialog.answer()
        self.busy.emit(tr("Writing the report"))
        self._writes.ask((session, folder), lambda: export(session, folder, options))

    def _written(self, tag: tuple[CaseSession, Path], files: Sequence[Path]) -> None:
        self.busy.emit("")
        session, folder = tag
        self._context.files.remember(FileKind.REPORT, folder.parent)
        if session is not self.case:
            return
        self._banners.show_banner(
            "ok",
            ngettext("The report was written: {n} file.", "The report was written: {n} files.", len(files)),
            str(folder),
            actions=((tr("Open the folder"), lambda: _open(str(folder))),),
        )

    def _on_report_failed(self, tag: tuple[CaseSession, Path], error: BaseException) -> None:
        self.busy.emit("")
        session, _ = tag
        if session is self.case and isinstance(error, UserError):
            self._banners.error(error)
        elif isinstance(error, UserError):
            self._banners.error(error, of=" ".join(session.specimen.id.split())[:80])
        else:
            self._banners.crash(error)

    def sign(self, controller: ReviewController, window: QWidget) -> None:
        """Ask for the signature and freeze the report; a signed case is amended instead.

        Whoever may sign as the second person does that.
        """
        session = controller.session
        refusal = refusal_of(session)
        if refusal is not None:
            self._banners.error(refusal)
        elif not has_pin(self._context, session, window):
            return
        elif signs_second(session):
            self._sign_second(controller, window)
        elif session.state.signed:
            self._amend(controller, window)
        else:
            cancel = CancelToken()
            self._maps.ask("maps", map_preparation(controller.session, cancel))  # while the name is typed
            try:
                self._sign(controller, window)
            finally:
                cancel.cancel()

    def _sign_second(self, controller: ReviewController, window: QWidget) -> None:
        """Ask for the second signature, under the very report that the first person signed."""
        session = controller.session
        first = plain_name(session.state.signatures[-1].author)
        author, checks = session.author, signing_checks(session)
        dialog = SignDialog(self._context, author, checks, window, account=author, first=first)

        def attempt(refused: ErrorHandler) -> bool:
            name, meaning, answers = dialog.answer()
            pin = dialog.pin.text()
            return session is self.case and (
                controller.sign(name, meaning, answers, None, pin, refused) is not None
            )

        dialog.attempt = attempt
        accepted = dialog.exec()
        dialog.deleteLater()
        if session is not self.case:
            return
        if dialog.amends:
            self._amend(controller, window)
        elif accepted:
            self._say_signed(session)

    def _settle_comment(self, controller: ReviewController, window: QWidget) -> bool:
        """Ask what becomes of a comment that was typed and not added; False to go back to the case."""
        text = controller.session.drafts.text(COMMENT)
        if not text or len(text.strip()) > LONGEST:  # too long to be added: a check of the dialog says so
            return True
        draft = controller.session.drafts.get(COMMENT)
        whose = plain_name(draft.author) if draft is not None else ""
        own = plain_name(controller.session.author)
        dialog = UnsavedCommentDialog(text, window, typed_by=whose if whose != own else "")
        accepted = dialog.exec()
        dialog.deleteLater()
        if not accepted:
            return False
        if dialog.to_be_added and controller.note(text.strip()) is None:
            return False
        if not controller.keep_draft(COMMENT, ""):
            return False
        self.draft_settled.emit()
        return True

    def _sign(self, controller: ReviewController, window: QWidget) -> None:
        if not self._settle_comment(controller, window):
            return
        search = FilmSearch(FilmFinder(controller.session), self._unawaited, self)
        try:
            self._ask_signature(controller, window, search)
        finally:
            search.close()
            search.deleteLater()

    def _tell_films(self, search: FilmSearch, dialog: SignDialog) -> None:
        """Say in the dialog that the search goes on, or that nothing will be compared."""
        if search.running:
            dialog.tell_films(tr("Looking for earlier films…"))
            return
        missing = "" if search.found is None else search.found.missing
        remark = film_remark(not_looked_for(missing))
        dialog.tell_films(remark_text(remark, self._context.language.lang) if missing else "")

    def _ask_signature(self, controller: ReviewController, window: QWidget, search: FilmSearch) -> None:
        session = controller.session
        checks = signing_checks(session)
        drafts = {c.id: session.drafts.text(answer_draft(session, c.id)) for c in checks if c.id}
        dialog = SignDialog(
            self._context, session.author, checks, window, reviewed=self._reviewed(session), drafts=drafts,
            account=session.author if account_login(session.author) else "",
        )  # fmt: skip
        dialog.cells_wanted.connect(self.cells_wanted)
        dialog.unsaved_wanted.connect(self.unsaved_wanted)
        dialog.finding_chosen.connect(lambda finding: self._answer(controller, finding, dialog))
        self._tell_films(search, dialog)
        tell = lambda: self._tell_films(search, dialog)  # noqa: E731
        search.ended.connect(tell)

        def kept() -> bool:
            """What was typed is there again when cells are looked at meanwhile, or the signature fails."""
            answers = dialog.answer()[2]
            return all(controller.keep_draft(answer_draft(session, id), t) for id, t in answers.items())

        def attempt(refused: ErrorHandler) -> bool:
            if session is self.case and kept() and search.wait(dialog) and session is self.case:
                name, meaning, answers = dialog.answer()
                pin = dialog.pin.text()
                return controller.sign(name, meaning, answers, search.found, pin, refused) is not None
            dialog.reject()
            return False

        dialog.attempt = attempt
        accepted = dialog.exec()
        search.ended.disconnect(tell)
        dialog.deleteLater()
        if session is not self.case:
            return
        if not accepted:
            kept()
            return
        answered = dialog.answer()[2]
        if all(controller.keep_draft(answer_draft(session, id), "") for id in answered):
            self._say_signed(session)

    def _say_signed(self, session: CaseSession) -> None:
        if self._signed is not None:
            self._banners.dismiss(self._signed)  # of the first signature, where this is the second
        if not waits(session):
            self._banners.settle(SECOND_WAITS)
        further = tr("Export it now, or amend it later as a new version.")
        if waits(session):
            further = tr("It waits for the second person; nothing is sent before.")
        self._signed = self._banners.show_banner(
            "ok", tr("The report is signed."), tr("It is frozen in the case file with its hash."), further
        )
        self.signed.emit()

    def offer_next(self, name: str) -> None:
        """Offer the case that comes next beside the notice of the signature, while that is on the screen."""
        if self._signed is not None and self._signed in self._banners.banners:
            text = tr("Next: {case} (F9)").format(case=menu_text(name[:40]))
            self._signed.offer(text, self.next_wanted.emit)

    def _reviewed(self, session: CaseSession) -> str:
        state, integer = session.state, self._context.language.integer
        cells, by_hand = len(state) - state.absent, sum(state.hand_counts.values())
        counted = ngettext("{n} cell was counted by hand.", "{n} cells were counted by hand.", by_hand)
        notes = self._of_another(session)
        if not cells:
            return " ".join([counted, *notes] if by_hand else notes)
        said = ngettext(
            "{reviewed} of {cells} cells was looked at by a person.",
            "{reviewed} of {cells} cells were looked at by a person.",
            state.reviewed,
            reviewed=integer(state.reviewed),
            cells=integer(cells),
        )
        return " ".join([said, *([counted] if by_hand else []), *notes])

    @staticmethod
    def _of_another(session: CaseSession) -> list[str]:
        """What a signature for another patient or specimen than before, or than the order's, comes to."""
        notes = []
        if another_than_sent(session):
            notes.append(
                tr(
                    "The report that was signed before is of another patient or specimen: where it was sent,"
                    " it is withdrawn."
                )
            )
        if order_of_another(session):
            notes.append(
                tr(
                    "Order number, requester or time of the draw are of the order of another patient or"
                    " specimen: they are not sent unless you enter them anew."
                )
            )
        return notes

    def _answer(self, controller: ReviewController, finding: Finding, dialog: SignDialog) -> None:
        """Ask what came of a critical finding, and keep it."""
        asked = FindingDialog(self._context, finding, dialog)
        accepted = asked.exec()
        asked.deleteLater()
        if not accepted:
            return
        controller.answer_finding(finding, asked.answer())
        dialog.show_checks(signing_checks(controller.session))

    def _amend(self, controller: ReviewController, window: QWidget) -> None:
        dialog = AmendDialog(self._context, window, pin=bool(account_login(controller.session.author)))

        def attempt(refused: ErrorHandler) -> bool:
            if controller.session is not self.case:
                dialog.reject()
                return False
            return controller.amend(dialog.answer(), dialog.pin.text(), refused) is not None

        dialog.attempt = attempt
        accepted = dialog.exec()
        dialog.deleteLater()
        if accepted and self._signed is not None:
            self._banners.dismiss(self._signed)  # the new version is not signed

    def stop(self) -> None:
        """Deliver nothing any more."""
        self._writes.close()
        self._maps.close()


def _open(folder: str) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(folder))

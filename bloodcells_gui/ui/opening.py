"""Open what a person chose as a case; folders are examined in the background."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

from bloodcells_gui.app.intake import IMAGE_SUFFIXES, Intake
from bloodcells_gui.app.workspace import CaseDamaged, CaseInUse, OpenOptions, Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.domain.specimen import Specimen
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.case_closing import CaseCloser
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.open_options import OpenOptionsDialog
from bloodcells_gui.ui.empty_state import dropped_beside
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.waiting import while_it_answers

_AGAIN_MS = 250
_PATTERNS = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))


class Opener(QObject):
    """Asks what to open, looks at it, and hands over a session with its analysis.

    Signals
    -------
    asking()
        The person wants to open something else, and is about to be asked what.
    opened(object, object)
        Session, and the job to run or None.
    busy(str)
        What is being looked at; "" when it is over.
    recover_wanted(object)
        The path of a damaged case, of which what is readable is to be saved into a new one.
    apart(object, object)
        Intake and options: each of its folders and slides is a specimen of its own, to be queued.
    reopening()
        The open case is about to be opened anew: close it first.
    """

    asking = Signal()
    opened = Signal(object, object)
    reopening = Signal()
    busy = Signal(str)
    recover_wanted = Signal(object)
    apart = Signal(object, object)

    def __init__(
        self,
        context: UiContext,
        workspace: Workspace,
        banners: BannerStack,
        pool: QThreadPool,
        parent: QWidget,
        closer: CaseCloser,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._workspace = workspace
        self._banners = banners
        self._window = parent
        self._pool = pool
        self._looks = Lookup(pool, self)
        self._looks.answered.connect(self._on_input_inspected)
        self._looks.failed.connect(self._on_inspection_failed)
        self._found: tuple[object, Intake] | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_AGAIN_MS)
        self._later.timeout.connect(self._ask_when_free)
        self._again: Specimen | None = None
        self._closer = closer
        self._once_closed: tuple[Path, Callable[[], None]] | None = None
        closer.closed.connect(self._on_case_closed)
        self.ask_options: Callable[[Path, Intake], OpenOptions | None] = self._ask_options

    def choose_folder(self) -> None:
        """Ask for a folder."""
        self.asking.emit()
        title = tr("Folder of cell crops or fields")
        path = self._context.files.choose_folder(FileKind.IMAGES, self._window, title)
        if path is not None:
            self.open_path(path)

    def choose_slide(self) -> None:
        """Ask for a slide or an image."""
        self.asking.emit()
        names = tr("Slides and images")
        everything = tr("All files")
        filters = f"{names} ({_PATTERNS});;{everything} (*)"
        path = self._context.files.choose_file(FileKind.SLIDE, self._window, tr("Slide or image"), filters)
        if path is not None:
            self.open_path(path)

    def choose_case(self) -> None:
        """Ask for a case file."""
        self.asking.emit()
        filters = f"{tr('Cases')} (*{CASE_SUFFIX})"
        path = self._context.files.choose_file(FileKind.CASE, self._window, tr("Case"), filters)
        if path is not None:
            self.open_path(path)

    def open_demo(self) -> None:
        """Draw the synthetic specimen (once) and analyse it."""
        self.asking.emit()
        self.busy.emit(tr("Drawing the synthetic specimen"))
        workspace = self._workspace
        self._looks.ask("demo", lambda: workspace.look_at(workspace.synthetic_specimen()))

    def open_path(self, path: Path) -> None:
        """Open whatever this is: a case, a folder, an image, a slide."""
        if path.suffix.lower() == CASE_SUFFIX:
            self.open_case(path)
            return
        self.busy.emit(tr("Looking at {name}").format(name=path.name))
        workspace = self._workspace
        self._once_closed = None
        self._looks.ask(path, lambda: workspace.look_at(path))

    def tell_dropped(self, event: QDropEvent) -> None:
        """Say where more was dropped than can be opened at once."""
        beside = dropped_beside(event)
        if beside:
            self._banners.show_banner(
                "warning",
                ngettext(
                    "One folder or file is opened at a time: {n} other was not.",
                    "One folder or file is opened at a time: {n} others were not.",
                    beside,
                ),
                what_to_do=tr("Images of one specimen belong into one folder: drop that folder."),
            )

    def open_again(self, specimen: Specimen) -> None:
        """Ask for another scale and analyse the images of a case anew, as a case of their own."""
        self._again = specimen
        self.open_path(specimen.root)

    def open_case(self, path: Path, *, read_only: bool = False, take_over: bool = False) -> None:
        """Open a case file; where another window has it, offer to read it, or to take it over."""
        # Whatever was being looked at for an earlier wish.
        self._looks.forget()
        self._found = self._again = None
        self.busy.emit("")
        self._once_closed = None
        if self._closer.is_closing(path):
            self.busy.emit(tr("Closing {name}").format(name=path.name))
            self._once_closed = (
                path.absolute(),
                lambda: self.open_case(path, read_only=read_only, take_over=take_over),
            )
            return
        workspace = self._workspace
        try:
            if workspace.settings.lab_database:  # it is asked for the lease, and may not answer for seconds
                session = while_it_answers(
                    self._window,
                    lambda: workspace.open_case(path, read_only=read_only, take_over=take_over),
                )
            else:
                session = workspace.open_case(path, read_only=read_only, take_over=take_over)
        except UserError as error:
            if isinstance(error, CaseDamaged) and path.is_file():
                self.show_damage(error, path)
                return
            if not read_only and path.is_file():
                self._offer_reading(error, path)
            else:
                self._banners.error(error)
            return
        self.opened.emit(session, None)
        if session.shielded_root is not None:
            self._offer_network_images(path, session.shielded_root, read_only)

    def _on_case_closed(self, path: Path) -> None:
        """Open the case anew if that is what is waited for."""
        if self._once_closed is not None and self._once_closed[0] == path:
            self._once_closed[1]()

    def _offer_network_images(self, path: Path, root: Path, read_only: bool) -> None:
        def allow() -> None:
            self._workspace.allow_images(root)
            self.reopening.emit()
            self.open_case(path, read_only=read_only)

        self._banners.show_banner(
            "info",
            tr("The images of this case lie on the network and were not opened."),
            str(root),
            tr("Opening them tells that computer who is logged in here: do so only if you know it."),
            actions=((tr("Open the images"), allow),),
        )

    def show_damage(self, error: UserError, path: Path) -> None:
        """Say that the case at `path` is damaged, and offer to recover what is readable."""
        recover = (tr("Recover into a new case"), lambda: self.recover_wanted.emit(path))
        self._banners.error(error, actions=(recover,))

    def _offer_reading(self, error: UserError, path: Path) -> None:
        actions = [(tr("Open for reading"), lambda: self.open_case(path, read_only=True))]
        if isinstance(error, CaseInUse) and error.elsewhere and not error.alive:
            # Only a person can know that the other computer is off (storage/lock.py).
            actions.append((tr("Take the case over"), lambda: self.open_case(path, take_over=True)))
        self._banners.error(error, actions=tuple(actions))

    def _on_input_inspected(self, tag: object, intake: Intake) -> None:
        self.busy.emit("")
        self._found = (tag, intake)
        self._ask_when_free()

    def _ask_when_free(self) -> None:
        """Go on with what was looked at; never over a dialog that is about the open case."""
        if self._found is None:
            return
        if QApplication.activeModalWidget() is not None:
            self._later.start()
            return
        (tag, intake), self._found = self._found, None
        self._continue_opening(tag, intake)

    def _continue_opening(self, tag: object, intake: Intake) -> None:
        if tag == "demo":
            self._start_analysis(intake, OpenOptions())
            return
        path = tag if isinstance(tag, Path) else Path(str(tag))
        options = self.ask_options(path, intake)
        if options is None:
            return
        if options.each_folder:
            self.apart.emit(intake, options)
            return
        if options.kind != "auto":
            # Another kind means that the images are sorted anew.
            self.busy.emit(tr("Looking at {name}").format(name=path.name))
            try:
                intake = self._workspace.look_at(path, options.kind)
            except UserError as error:
                self._banners.error(error)
                return
            finally:
                self.busy.emit("")
        self._start_analysis(intake, options)

    def _ask_options(self, path: Path, intake: Intake) -> OpenOptions | None:
        again, self._again = self._again, None
        dialog = OpenOptionsDialog(
            self._context,
            path,
            intake.specimen,
            self._window,
            places=intake.places,
            pool=self._pool,
            orders=self._workspace.orders(),
            fields=[f.name for f in self._workspace.settings.fields],
        )
        if again is not None and again.root == path:
            dialog.ask_scale(again)
        answer = dialog.options() if dialog.exec() else None
        dialog.stop()
        dialog.deleteLater()
        return answer

    def _start_analysis(self, intake: Intake, options: OpenOptions) -> None:
        try:
            session, job = self._workspace.new_case(intake, options)
        except UserError as error:
            self._banners.error(error)
            return
        self.opened.emit(session, job)

    def _on_inspection_failed(self, _tag: object, error: object) -> None:
        self.busy.emit("")
        if isinstance(error, UserError):
            self._banners.error(error)
        else:
            self._banners.crash(error)

    def stop(self) -> None:
        """Deliver nothing any more."""
        self._later.stop()
        self._once_closed = None
        self._looks.close()

"""Bring a folder of named pictures into the reference library: looked at, asked about, added."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QThreadPool, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QPushButton, QWidget

from bloodcells_gui.app.reference_library import ReferenceLibraryController
from bloodcells_gui.app.reference_pictures import PicturePlan, PicturesAdded, add_pictures, plan_pictures
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import QueuedLookup
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.reference_library.pictures_dialog import PicturesDialog

_NAMED = 3


@dataclass(frozen=True, slots=True)
class _Looked:
    """A folder was looked at for this person."""

    author: str


@dataclass(frozen=True, slots=True)
class _Added:
    """Pictures of a plan were added by this person."""

    plan: PicturePlan
    author: str


class PicturesDesk(QWidget):
    """A bar of progress while pictures are read; hidden otherwise.

    Signals
    -------
    changed()
        The library holds other pictures now.
    """

    changed = Signal()
    _went_on = Signal(object)

    def __init__(
        self, context: UiContext, shelf: ReferenceLibraryController, pool: QThreadPool, window: QDialog
    ) -> None:
        super().__init__(window)
        self._context = context
        self._shelf = shelf
        self._window = window
        self._token = CancelToken()
        self.title = PlainLabel()
        self.bar = QProgressBar()
        self.bar.setFixedHeight(8)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress of adding pictures"))
        self.cancel_button = QPushButton(tr("Cancel"))
        self.cancel_button.setAutoDefault(False)
        self.cancel_button.clicked.connect(self._cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 14, 6)
        row.setSpacing(14)
        row.addWidget(self.title)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel_button)
        self.hide()
        self._works = QueuedLookup(pool, self)
        self._works.answered.connect(self._done)
        self._works.failed.connect(lambda _, error: self._failed(error))
        self._went_on.connect(self._show_progress)

    @property
    def banners(self) -> BannerStack:
        """Where it says what was done."""
        found = self._window.findChild(BannerStack)
        if not isinstance(found, BannerStack):
            raise TypeError("the window has no banners")
        return found

    def _begin(self, title: str) -> CancelToken:
        self._token = CancelToken()
        self.title.setText(title)
        self.bar.setRange(0, 0)
        self.cancel_button.setEnabled(True)
        self.show()
        return self._token

    def _show_progress(self, state: Progress) -> None:
        self.bar.setRange(0, max(1, state.total))
        self.bar.setValue(state.done)

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self._token.cancel()

    def add(self, folder: Path, author: str) -> None:
        """Look at a folder of named pictures, ask, and add them."""
        token = self._begin(tr("Looking at {name}").format(name=folder.name))
        self._works.ask(_Looked(author), lambda: plan_pictures(folder, token.check))

    def _done(self, tag: object, result: object) -> None:
        self.hide()
        if isinstance(tag, _Looked) and isinstance(result, PicturePlan):
            dialog = PicturesDialog(self._context, result, self._window)
            answer = dialog.answer() if dialog.exec() else None
            dialog.deleteLater()
            if answer is not None:
                self.take(result, *answer, tag.author)
        elif isinstance(tag, _Added) and isinstance(result, PicturesAdded):
            self._tell(result, tag)
            self.changed.emit()
        elif tag == "removed":
            self.changed.emit()

    def take(
        self,
        plan: PicturePlan,
        codes: dict[str, str],
        source: str,
        licence: str,
        mpp: float | None,
        author: str,
    ) -> None:
        """Add the pictures of a plan, in the background."""
        token = self._begin(tr("Adding pictures"))
        shelf, went_on = self._shelf, self._went_on

        def tell(state: Progress) -> None:
            went_on.emit(state)

        self._works.ask(
            _Added(plan, author),
            lambda: add_pictures(
                shelf, plan, codes, source=source, licence=licence, author=author, mpp=mpp, token=token,
                progress=tell,
            ),
        )  # fmt: skip

    def _tell(self, added: PicturesAdded, tag: _Added) -> None:
        language = self._context.language
        left = [*tag.plan.skipped, *added.skipped]
        named = [labelled(f.path, language.retold(f.reason), language.lang) for f in left[:_NAMED]]
        if len(left) > _NAMED:
            more = len(left) - _NAMED
            named.append(ngettext("and {n} more", "and {n} more", more))
        text = ngettext(
            "{n} picture is in the library now.", "{n} pictures are in the library now.", len(added.ids)
        )
        if left:
            text += " " + ngettext("{n} file was left out:", "{n} files were left out:", len(left))
        undo = (tr("Take them out again"), lambda: self._undo(added.ids, tag.author))
        actions = (undo,) if added.ids else ()
        self.banners.show_banner("warning" if left else "ok", text, "\n".join(named), actions=actions)

    def _undo(self, ids: tuple[int, ...], author: str) -> None:
        shelf = self._shelf

        def remove() -> None:
            for entry in ids:
                shelf.remove(entry, author)

        self._works.ask("removed", remove)
        for banner in self.banners.banners:
            self.banners.dismiss(banner)

    def _failed(self, error: object) -> None:
        self.hide()
        self.changed.emit()
        if isinstance(error, Cancelled):
            self.banners.show_banner(
                "info", tr("Adding pictures was stopped."), tr("What was added until then stays.")
            )
        elif isinstance(error, UserError):
            self.banners.error(error)
        else:
            self.banners.crash(error)

    def stop(self) -> None:
        """Ask for nothing any more."""
        self._token.cancel()
        self._works.close()

"""Folders that are dropped on the work list: examined, asked about, queued."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal
from PySide6.QtWidgets import QApplication

from bloodcells_gui.app.intake import Intake, parts_of
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import OpenOptions
from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.left_out import expected
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import QueuedLookup

_NAMED = 3
_AGAIN_MS = 250
LookAt = Callable[[Path, str], Intake]
Ask = Callable[[Path, Intake], OpenOptions | None]


@dataclass(frozen=True)
class _Wish:
    """What is looked at, or with which options each part of it; `on_cluster` hands the analyses over."""

    path: Path | None
    options: OpenOptions | None = None
    on_cluster: bool = False


class Incoming(QObject):
    """Looks at folders in the background and lets their analyses wait for their turn.

    Parameters
    ----------
    look_at : callable
        Looks at a folder or slide, of a kind ("auto", ...); gives an intake.
    ask : callable or None
        Asks what the images of several places are; None leaves such a folder out with its reason.

    Signals
    -------
    queued()
        Something new waits for its turn.
    """

    queued = Signal()

    def __init__(
        self,
        cases: WorkList,
        look_at: LookAt,
        ask: Ask | None,
        banners: BannerStack,
        pool: QThreadPool,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._cases = cases
        self._look_at = look_at
        self._ask = ask
        self._banners = banners
        self._looks = QueuedLookup(pool, self)
        self._looks.answered.connect(self._on_task_done)
        self._looks.failed.connect(self._on_task_failed)

    def enqueue(self, path: Path, *, on_cluster: bool = False) -> None:
        """Look at one folder or slide; `on_cluster` hands its analysis over."""
        look_at = self._look_at
        self._looks.ask(_Wish(path, on_cluster=on_cluster), lambda: look_at(path, "auto"))

    def enqueue_each(self, intake: Intake, options: OpenOptions, *, on_cluster: bool = False) -> None:
        """Look at every first folder, and every slide, of what was looked at: each is a specimen."""
        parts = parts_of(intake)
        look_at, kind = self._look_at, options.kind

        def look(path: Path) -> Intake | UserError:
            try:
                return look_at(path, kind)
            except UserError as error:
                return error

        self._tell_left_out([f for f in parts.skipped if not expected(f.reason)])
        if parts.gathered:
            self._banners.show_banner(
                "warning",
                tr(
                    "Each taken as one specimen, although its images lie in several folders or slides "
                    "(with their number): {places}."
                ).format(places="; ".join(parts.gathered[:_NAMED])),
            )
        wish = _Wish(None, options, on_cluster)
        self._looks.ask(wish, lambda: [look(path) for path in parts.paths])

    def _on_task_done(self, tag: _Wish, result: Intake | list[Intake | UserError]) -> None:
        if tag.options is not None and isinstance(result, list):
            # A specimen number or a white cell count belongs to one person.
            options = replace(tag.options, one_specimen=True, each_folder=False, specimen_id="", fields=())
            for found in result:
                self._enqueue(found, options, tag)
        elif tag.path is not None and not isinstance(result, list):
            options = OpenOptions()
            if result.in_question and self._ask is not None:
                if QApplication.activeModalWidget() is not None:  # never over a dialog about the open case
                    QTimer.singleShot(_AGAIN_MS, self, lambda: self._on_task_done(tag, result))
                    return
                answer = self._ask(tag.path, result)
                if answer is None:
                    return
                if answer.each_folder:
                    self.enqueue_each(result, answer, on_cluster=tag.on_cluster)
                    return
                options = answer
            self._enqueue(result, options, tag)
        self.queued.emit()

    def _enqueue(self, found: Intake | UserError, options: OpenOptions, wish: _Wish) -> None:
        try:
            if isinstance(found, UserError):
                raise found
            self._cases.enqueue(found, options, on_cluster=wish.on_cluster)
        except UserError as error:
            self._banners.error(error)

    def _tell_left_out(self, files: list[SkippedFile]) -> None:
        if not files:
            return
        named = [f.path for f in files[:_NAMED]] + (["…"] if len(files) > _NAMED else [])
        self._banners.show_banner(
            "warning",
            ngettext(
                "{n} file beside the folders belongs to no specimen and is not analysed.",
                "{n} files beside the folders belong to no specimen and are not analysed.",
                len(files),
            ),
            "\n".join(named),
        )

    def _on_task_failed(self, _tag: object, error: object) -> None:
        if isinstance(error, UserError):
            self._banners.error(error)
        else:
            self._banners.crash(error)

    def stop(self) -> None:
        """Deliver nothing any more."""
        self._looks.close()

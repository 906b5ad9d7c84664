"""Ask for a file or folder; each kind of dialog begins where the last one of its kind ended."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from bloodcells_gui.ui.window_memory import WindowMemory


class FileKind(StrEnum):
    """What a dialog asks for; the words are keys of the window's memory."""

    IMAGES = "images"
    SLIDE = "slide"
    CASE = "case"
    CASE_ELSEWHERE = "case elsewhere"
    TRANSFER = "transfer"
    REPORT = "report"
    TABLE = "table"
    AUDIT = "audit"
    PICTURE = "picture"
    PICTURES = "pictures"
    REFERENCE = "reference"
    ANALYSER = "analyser"
    LOGO = "logo"
    SETTINGS = "settings"
    EVALUATION = "evaluation"
    BACKUP = "backup"
    RESTORED = "restored"
    SUPPORT = "support"
    KEY_SHEET = "key sheet"
    WATCHED = "watched"
    REFERENCE_PICTURES = "reference pictures"
    MESSAGES = "messages"


class FileDialogs:
    """The only place that opens a file dialog.

    Of a folder that was chosen, the folder around it is remembered: the next specimen lies beside it, and its
    own name may be that of a patient.

    Parameters
    ----------
    memory : WindowMemory, optional
        Where folders are kept over restarts; without it they last as long as this object.
    cases : Path, optional
        The laboratory's folder of cases, where the first search for a case begins.
    """

    def __init__(self, memory: WindowMemory | None = None, cases: Path | None = None) -> None:
        self._memory = memory
        self._cases = cases
        self._folders: dict[FileKind, str] = {}

    def last(self, kind: FileKind) -> Path | None:
        """Where the last dialog of this kind ended; None if there was none or that folder is gone."""
        kept = self._folders.get(kind, "")
        if not kept and self._memory is not None:
            kept = self._memory.text(_key(kind))
        return Path(kept) if kept and _is_folder(Path(kept)) else None

    def folder(self, kind: FileKind) -> Path:
        """Where a dialog of this kind begins: the last folder, else the usual place."""
        last = self.last(kind)
        if last is not None:
            return last
        if kind is FileKind.CASE and self._cases is not None and _is_folder(self._cases):
            return self._cases
        return documents()

    def remember(self, kind: FileKind, folder: Path) -> None:
        """Begin the next dialog of this kind in `folder`."""
        self._folders[kind] = str(folder)
        if self._memory is not None:
            self._memory.put(_key(kind), str(folder))

    def choose_folder(self, kind: FileKind, parent: QWidget, title: str) -> Path | None:
        """Ask for a folder that exists; None when the person asks for none after all."""
        chosen = QFileDialog.getExistingDirectory(parent, title, str(self.folder(kind)))
        if not chosen:
            return None
        path = Path(chosen)
        self.remember(kind, path.parent)
        return path

    def choose_file(self, kind: FileKind, parent: QWidget, title: str, filters: str) -> Path | None:
        """Ask for a file that exists; `filters` as Qt has them."""
        chosen, _ = QFileDialog.getOpenFileName(parent, title, str(self.folder(kind)), filters)
        return self._chosen(kind, chosen)

    def choose_target(
        self, kind: FileKind, parent: QWidget, title: str, name: str, filters: str
    ) -> Path | None:
        """Ask where to write a file, `name` proposed; a name without an ending gets that of the chosen kind.

        Is there such a file already, the dialog comes again with the whole name, and asks itself whether to
        replace it.
        """
        begin = self.folder(kind) / name
        while True:
            chosen, wanted = QFileDialog.getSaveFileName(parent, title, str(begin), filters)
            path = Path(chosen)
            ending = re.search(r"\*(\.\w+)", wanted)
            if not chosen or path.suffix or ending is None:
                return self._chosen(kind, chosen)
            begin = path.with_name(path.name + ending[1])
            if not begin.exists():
                return self._chosen(kind, str(begin))

    def _chosen(self, kind: FileKind, chosen: str) -> Path | None:
        if not chosen:
            return None
        path = Path(chosen)
        self.remember(kind, path.parent)
        return path


def documents() -> Path:
    """The person's documents, else the home folder."""
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(place) if place and _is_folder(Path(place)) else Path.home()


def _key(kind: FileKind) -> str:
    return f"folders/{kind.value}"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a share that is not there any more
        return False

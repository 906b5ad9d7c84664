"""What the window remembers between sessions: its size, the reviewer, the size of the pictures."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from bloodcells_gui.app.data_folders import user_config_dir


class WindowMemory:
    """Small things of one person on one computer; losing them costs nothing."""

    def __init__(self, path: Path | None = None) -> None:
        self._store = QSettings(str(path or user_config_dir() / "window.ini"), QSettings.Format.IniFormat)

    def author_of_today(self, today: date | None = None) -> str:
        """Who reviewed today already; "" when nobody was asked yet."""
        day = (today or date.today()).isoformat()
        return str(self._store.value("author/name", "")) if self._store.value("author/day", "") == day else ""

    def last_author(self) -> str:
        """Who reviewed last, to propose the name."""
        return str(self._store.value("author/name", ""))

    def remember_author(self, name: str, today: date | None = None) -> None:
        """Ask no more today."""
        self._store.setValue("author/name", name)
        self._store.setValue("author/day", (today or date.today()).isoformat())

    def bytes(self, key: str) -> QByteArray:
        """A window's or splitter's state; empty when unknown."""
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def sync(self) -> None:
        """Write at once: Qt itself writes only when the object is deleted, when the folder may be gone."""
        self._store.sync()

    def put(self, key: str, value: object) -> None:
        """Keep something."""
        self._store.setValue(key, value)

    def number(self, key: str, default: int) -> int:
        """A whole number; `default` for anything else."""
        try:
            return int(str(self._store.value(key, default)))
        except ValueError:
            return default

    def text(self, key: str, default: str = "") -> str:
        """A text."""
        return str(self._store.value(key, default))

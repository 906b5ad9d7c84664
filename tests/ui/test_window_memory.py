"""What the window remembers from one start to the next."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from PySide6.QtCore import QByteArray

from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory


def test_a_closed_window_has_written_what_it_remembers(window: MainWindow, tmp_path: Path) -> None:
    window.resize(1210, 790)
    (tmp_path / "window.ini").unlink(missing_ok=True)
    window.close()
    assert (tmp_path / "window.ini").is_file()


def test_memory_forgets_who_reviewed_overnight(tmp_path: Path) -> None:
    memory = WindowMemory(tmp_path / "m.ini")
    memory.remember_author("A. Technician", date(2026, 11, 23))
    assert memory.author_of_today(date(2026, 11, 23)) == "A. Technician"
    assert memory.author_of_today(date(2026, 11, 24)) == ""
    assert memory.last_author() == "A. Technician"
    memory.put("window", QByteArray(b"abc"))
    assert memory.bytes("window") == QByteArray(b"abc")
    assert memory.bytes("nothing").isEmpty()
    memory.put("gallery/side", "not a number")
    assert memory.number("gallery/side", 96) == 96

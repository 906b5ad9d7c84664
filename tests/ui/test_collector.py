"""Garbage of the window is collected on its own thread."""

from __future__ import annotations

import gc
import threading
import weakref

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from bloodcells_gui.ui.collector import Collector


class Ring(QObject):
    """Garbage that only the search for cycles finds."""

    def __init__(self) -> None:
        super().__init__()
        self.me = self


def test_a_worker_that_makes_many_objects_destroys_no_widget(qapp: QApplication) -> None:
    gc.enable()
    collector = Collector(qapp)
    try:
        assert not gc.isenabled()
        ring = weakref.ref(Ring())
        made: list[list[list[int]]] = []
        worker = threading.Thread(target=lambda: made.extend([[i]] for i in range(50_000)))
        worker.start()
        worker.join()
        assert ring() is not None
        collector.collect_due()
        assert ring() is None
    finally:
        collector.close()
    assert gc.isenabled()

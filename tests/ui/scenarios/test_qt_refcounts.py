"""Guards the PySide pin: some releases lose references to True and None until the interpreter dies."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QGraphicsRectItem, QGraphicsScene

TURNS = 1_000


class _Emitter(QObject):
    told = Signal(bool)


def test_emits_and_moves_lose_no_reference(qapp: object) -> None:
    emitter = _Emitter()
    heard: list[int] = []
    emitter.told.connect(lambda value: heard.append(1))
    scene = QGraphicsScene()
    item = QGraphicsRectItem(0, 0, 10, 10)
    scene.addItem(item)
    before = {value: sys.getrefcount(value) for value in (True, False, None)}
    for i in range(TURNS):
        emitter.told.emit(True)
        emitter.told.emit(False)
        item.setPos(float(i), 0.0)
    assert len(heard) == 2 * TURNS
    for value, count in before.items():
        assert sys.getrefcount(value) > count - TURNS // 10, (
            f"references to {value} fall: do not ship this PySide6"
        )

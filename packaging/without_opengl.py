"""Run before the frozen program: stands in for Qt's OpenGL modules (10 MB), which are not part of it.

pyqtgraph imports them to offer OpenGL drawing, which the program never switches on.
"""

import sys
import types


class Absent(types.ModuleType):
    """Answers pyqtgraph's import-time questions: a widget to derive from, and names that mean nothing."""

    def __getattr__(self, name: str) -> type:
        if name == "QOpenGLWidget":
            from PySide6.QtWidgets import QWidget

            return QWidget
        if name.startswith("Q"):
            return type(name, (), {})
        raise AttributeError(name)


for module in ("PySide6.QtOpenGL", "PySide6.QtOpenGLWidgets"):
    sys.modules[module] = Absent(module)

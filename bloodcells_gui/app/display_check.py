"""Look before the window opens whether Qt can draw here, and name the one line that installs what lacks.

Qt says of a missing library no more than that a plugin could not be loaded, and ends the process. So its
libraries and its platform plugin are loaded here first, as Qt would, and the display is asked whether it is
there. Nothing of PySide6 is imported: that alone fails where a library lacks.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_

#: Shared library -> Debian and Ubuntu package; `scripts/bootstrap.sh` has the same list.
PACKAGES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libstdc++.so.6": "libstdc++6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
_QT_LIBRARIES = ("libQt6Core.so.6", "libQt6Gui.so.6", "libQt6Widgets.so.6")
_PLUGINS = {"wayland": ("libqwayland.so", "libqwayland-generic.so")}
_NAMED_FIRST = re.compile(r"(?:.*/)?(lib[^/:\s]+\.so[.\d]*)\s*:")
_WITHOUT = N_("Without a window: bloodcells analyze INPUT --out DIR.")


def refuse_without_display(*, offscreen: bool = False) -> None:
    """Go on silently where Qt can open a window.

    Parameters
    ----------
    offscreen : bool
        Qt draws into memory: its libraries are needed, a display is not.

    Raises
    ------
    UserError
        When libraries lack, or there is no display. On other systems than Linux nothing is looked at: what
        Qt needs comes with it there.
    """
    qt = _qt_folder()
    if not sys.platform.startswith("linux") or qt is None:
        return
    _refuse_missing(qt / "lib" / name for name in _QT_LIBRARIES)
    wanted = ["offscreen"] if offscreen else _platforms()
    if not wanted:
        raise _no_display()
    problems = []
    for platform in wanted:
        try:
            _refuse_platform(qt, platform)
            return
        except UserError as error:
            problems.append(error)
    raise problems[0]


def _qt_folder() -> Path | None:
    """Where PySide6 keeps Qt; None where it does not bring its own."""
    spec = importlib.util.find_spec("PySide6")
    for place in (spec.submodule_search_locations if spec else None) or ():
        if (Path(place) / "Qt" / "plugins" / "platforms").is_dir():
            return Path(place) / "Qt"
    return None


def _platforms() -> list[str]:
    """Qt's platforms for this session, in the order in which Qt would try them."""
    asked = os.environ.get("QT_QPA_PLATFORM", "")
    if asked:
        return [name.partition(":")[0] for name in asked.split(";") if name]
    shown = {"wayland": os.environ.get("WAYLAND_DISPLAY"), "xcb": os.environ.get("DISPLAY")}
    return [name for name, display in shown.items() if display]


def _refuse_platform(qt: Path, platform: str) -> None:
    folder = qt / "plugins" / "platforms"
    plugins = [folder / name for name in _PLUGINS.get(platform, (f"libq{platform}.so",))]
    _refuse_missing(plugin for plugin in plugins if plugin.is_file())
    answers = {"xcb": _x_answers, "wayland": _wayland_answers}.get(platform)
    if answers is not None and not answers():
        name = os.environ.get("DISPLAY" if platform == "xcb" else "WAYLAND_DISPLAY", "")
        raise _no_answer(name) if name else _no_display()


def _no_display() -> UserError:
    return UserError(
        "There is no display to open the window on.",
        "Neither DISPLAY nor WAYLAND_DISPLAY names one: this is a session without a screen.",
        _WITHOUT,
    )


def _no_answer(display: str) -> UserError:
    return UserError(
        "The display {display} does not answer.",
        "There is no screen there, or this user may not draw on it.",
        _WITHOUT,
        display=display,
    )


def _refuse_missing(files: Iterable[Path]) -> None:
    """Load libraries as Qt would; UserError that names what lacks, and the line that installs it."""
    for file in files:
        said = _load(str(file)) if file.is_file() else ""
        if said:
            raise _missing(said)


def _load(library: str) -> str:
    """The loader's own words where a library cannot be loaded; "" where it can."""
    try:
        ctypes.CDLL(library)
    except OSError as error:
        return str(error)
    return ""


def _missing(said: str, load: Callable[[str], str] = _load) -> UserError:
    lacking = [name for name in PACKAGES if load(name)]
    first = _NAMED_FIRST.match(said)
    if not lacking and first and first[1] in PACKAGES:
        lacking = [first[1]]
    if not lacking:
        return UserError(
            "The window cannot be opened: a library of the system cannot be loaded ({reason}).",
            "Qt needs it to draw.",
            _WITHOUT,
            reason=said,
        )
    packages = " ".join(PACKAGES[name] for name in lacking)
    names = ", ".join(lacking)
    if shutil.which("apt-get") is None:
        return UserError(
            "The window cannot be opened: libraries of the system are missing ({libraries}).",
            "Install them with this system's package manager; Debian's names are: {packages}.",
            _WITHOUT,
            libraries=names,
            packages=packages,
        )
    administrator = "" if os.geteuid() == 0 else "sudo "
    return UserError(
        "The window cannot be opened: libraries of the system are missing ({libraries}).",
        _WITHOUT,
        "To install them: {line}",
        line=f"{administrator}apt-get install -y --no-install-recommends {packages}",
        libraries=names,
    )


def _x_answers() -> bool:
    """Whether an X server lets this user in, asked as Qt asks."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return False
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    answered = not xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return answered


def _wayland_answers() -> bool:
    """Whether a Wayland compositor lets this user in."""
    try:
        wayland = ctypes.CDLL("libwayland-client.so.0")
    except OSError:
        return False
    wayland.wl_display_connect.restype = ctypes.c_void_p
    wayland.wl_display_disconnect.argtypes = [ctypes.c_void_p]
    display = wayland.wl_display_connect(None)
    if not display:
        return False
    wayland.wl_display_disconnect(display)
    return True

"""Before the window: what lacks is named with the line that installs it, and so is a missing screen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bloodcells_gui.app import display_check
from bloodcells_gui.app.display_check import PACKAGES, refuse_without_display
from bloodcells_gui.domain.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Qt brings all it needs elsewhere")


def start(arguments: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own; what is not in `environment` of the display is not set."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "LD_LIBRARY_PATH")
    env = {k: v for k, v in os.environ.items() if k not in hidden} | environment
    command = [sys.executable, "-m", "bloodcells_gui", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120
    )


def spoilt(folder: Path, *names: str) -> str:
    """A folder in which the loader finds these libraries first, and cannot load them."""
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    return str(folder)


@linux
def test_without_a_library_of_the_display_the_line_that_installs_it_is_said(tmp_path: Path) -> None:
    hidden = spoilt(tmp_path / "lib", "libxcb-cursor.so.0", "libxcb-icccm.so.4")
    done = start([], QT_QPA_PLATFORM="xcb", DISPLAY=":0", LD_LIBRARY_PATH=hidden)
    assert done.returncode == 2
    assert re.search(
        r"(apt-get install -y --no-install-recommends |: )libxcb-cursor0 libxcb-icccm4", done.stderr
    )
    assert "qt.qpa" not in done.stderr
    assert "Traceback" not in done.stderr


@linux
def test_without_a_library_of_qt_itself_nothing_is_imported(tmp_path: Path) -> None:
    hidden = spoilt(tmp_path / "lib", "libEGL.so.1")
    done = start(["gui", "--screenshot", str(tmp_path / "x.png")], LD_LIBRARY_PATH=hidden)
    assert done.returncode == 2
    assert "libegl1" in done.stderr
    assert "Traceback" not in done.stderr


@linux
def test_the_command_line_needs_neither(tmp_path: Path) -> None:
    hidden = spoilt(tmp_path / "lib", *PACKAGES.keys() - {"libstdc++.so.6", "libglib-2.0.so.0"})
    done = start(["models", "list"], LD_LIBRARY_PATH=hidden)
    assert done.returncode == 0, done.stderr


@linux
@pytest.mark.parametrize("environment", [{}, {"QT_QPA_PLATFORM": "xcb"}])
def test_without_a_display_the_command_without_a_window_is_named(environment: dict[str, str]) -> None:
    done = start([], **environment)
    assert done.returncode == 2
    assert "There is no display" in done.stderr
    assert "bloodcells analyze INPUT --out DIR" in done.stderr


@linux
def test_a_display_that_is_not_there_is_told() -> None:
    done = start(["gui", "--lang", "fr"], QT_QPA_PLATFORM="xcb", DISPLAY=":4242")
    assert done.returncode == 2
    assert ":4242" in done.stderr
    assert "ne répond pas" in done.stderr


def test_drawing_into_memory_needs_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    refuse_without_display(offscreen=True)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    refuse_without_display()


@linux
def test_a_platform_that_works_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb;offscreen")
    monkeypatch.setenv("DISPLAY", ":4242")
    refuse_without_display()


@linux
def test_another_package_manager_gets_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display_check, "_load", lambda name: "no" if "Widgets" in name else "")
    monkeypatch.setattr(display_check.shutil, "which", lambda _: None)
    with pytest.raises(UserError, match="cannot be loaded"):
        refuse_without_display(offscreen=True)
    missing = display_check._missing("x", lambda name: "no" * (name == "libEGL.so.1"))  # noqa: SLF001
    assert "apt-get" not in missing.text()
    assert "libegl1" in missing.text()


def test_the_script_that_sets_up_has_the_same_list() -> None:
    text = (ROOT / "scripts" / "bootstrap.sh").read_text(encoding="utf-8")
    assert dict(re.findall(r"^(lib\S+\.so[.\d]*) (\S+)$", text, re.MULTILINE)) == PACKAGES

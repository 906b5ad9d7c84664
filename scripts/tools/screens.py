"""Photograph every screen for criticism: both themes, both languages, 100 % and 200 %, long names.

``python -m scripts.tools.screens OUT [--lang en fr] [--theme light dark] [--scale 1 2] [--screen 1920x1200]``: each
combination runs in a process of its own, offscreen, on a synthetic specimen that the shipped models analyse once. OUT
receives a folder a combination and ``sheet-*.png`` contact sheets. ``--check`` walks four screens and names cut texts,
cut class names, widgets out of their place, and what the keyboard does not reach.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
#: The name of a specimen, as long as they come.
LONG = "Laboratoire d’hématologie – Échantillon 2026-0417/B, Anne-Marie Wojciechowska-Lefèvre"
COLUMNS, THUMB = 3, 900


@dataclass(frozen=True, slots=True)
class View:
    """How the window is looked at: language, theme, scale of the desktop, dots of the screen."""

    lang: str
    theme: str
    scale: int
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.lang}-{self.theme}-{self.width}x{self.height}@{self.scale}"


#: The four screens that nothing may be cut on; every language and theme is among them.
CHECKED = (
    View("fr", "dark", 1, 1024, 768),
    View("en", "light", 1, 1366, 768),
    View("fr", "light", 1, 1920, 1080),
    View("en", "dark", 2, 2732, 1536),
)
PROBLEMS = "problems.json"


def analyse(work: Path) -> tuple[Path, Path]:
    """A case of synthetic crops and one of fields with examined red cells, analysed by the shipped models."""
    program = [sys.executable, "-m", "bloodcells_gui"]
    for arguments in (
        ["demo", "--out", work / "specimen", "--kind", "crops", "--cells", "90", "--quiet"],
        ["analyze", work / "specimen", "--out", work / "out", "--specimen-id", LONG, "--wbc", "12.4",
         "--wbc-corrected", "no", "--quiet"],
        ["demo", "--out", work / "film", "--kind", "fields", "--red-cells", "--quiet"],
        ["analyze", work / "film", "--out", work / "examined", "--red-cells", "yes", "--rare-cells", "--quiet"],
    ):  # fmt: skip
        subprocess.run([*program, *map(str, arguments)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return work / "out" / "case.bcs", work / "examined" / "case.bcs"


def photograph(cases: tuple[Path, Path], out: Path, view: View) -> NoReturn:
    """Every screen into `out`, with a list of what is wrong with them; ends the process."""
    from PySide6.QtCore import QSize

    from scripts.tools.screen_tour import Tour

    tour = Tour(
        *cases,
        out,
        view.lang,
        view.theme,
        size=QSize(view.width // view.scale, view.height // view.scale),
        focus=view in CHECKED[:2],
    )
    tour.walk()
    (out / PROBLEMS).write_text(json.dumps(tour.problems), "utf-8")
    os._exit(0)  # Qt and Python take the windows down in no certain order


def contact_sheets(folder: Path, target: Path) -> None:
    """Several screens on a sheet, each with its name."""
    from PIL import Image, ImageDraw

    images = sorted(folder.glob("*.png"))
    for first in range(0, len(images), COLUMNS * 3):
        part = images[first : first + COLUMNS * 3]
        cell = THUMB, round(THUMB * 0.64)
        sheet = Image.new("RGB", (COLUMNS * (cell[0] + 8), 3 * (cell[1] + 24)), "#777777")
        pen = ImageDraw.Draw(sheet)
        for n, path in enumerate(part):
            x, y = n % COLUMNS * (cell[0] + 8), n // COLUMNS * (cell[1] + 24)
            with Image.open(path) as image:
                image.thumbnail(cell)
                sheet.paste(image, (x, y + 18))
            pen.text((x + 4, y + 3), f"{folder.name}: {path.stem}", fill="white")
        sheet.save(target.with_name(f"{target.name}-{first // (COLUMNS * 3) + 1}.png"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--lang", nargs="+", default=["en", "fr"])
    parser.add_argument("--theme", nargs="+", default=["light", "dark"])
    parser.add_argument("--scale", nargs="+", type=int, default=[1, 2])
    parser.add_argument(
        "--screen", nargs="+", default=["1920x1200"], help="in dots; a scale of 2 makes them twice as large"
    )
    parser.add_argument(
        "--check", action="store_true", help="walk four screens and fail where something is wrong with one"
    )
    parser.add_argument("--cases", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cases is not None:
        photograph(tuple(options.cases), options.out, *views(options))
    wanted = CHECKED if options.check else views(options)
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        os.environ["BLOODCELLS_HOME"] = str(work / "home")
        cases = analyse(work)
        found = [line for view in wanted for line in walk(view, cases, options.out, work)]
    print("\n".join(found))
    return 1 if options.check and found else 0


def views(options: argparse.Namespace) -> list[View]:
    """Every combination of the options."""
    return [
        View(lang, theme, scale, *(scale * int(n) for n in screen.split("x")))
        for lang in options.lang for theme in options.theme for scale in options.scale for screen in options.screen
    ]  # fmt: skip


def walk(view: View, cases: tuple[Path, Path], out: Path, work: Path) -> list[str]:
    """Photograph every screen in a process of its own; what is wrong with them, each named once."""
    screen = {"name": "screen", "x": 0, "y": 0, "width": view.width, "height": view.height, "logicalDpi": 96,
              "logicalBaseDpi": 96, "dpr": 1.0}  # fmt: skip
    (work / f"{view}.json").write_text(json.dumps({"screens": [screen]}))
    environment = {**os.environ, "QT_QPA_PLATFORM": f"offscreen:configfile={work / f'{view}.json'}",
                   "QT_SCALE_FACTOR": str(view.scale), "BLOODCELLS_HOME": str(work / str(view))}  # fmt: skip
    program = [sys.executable, "-m", "scripts.tools.screens", str(out / str(view)), "--cases", *map(str, cases),
               "--lang", view.lang, "--theme", view.theme, "--scale", str(view.scale),
               "--screen", f"{view.width // view.scale}x{view.height // view.scale}"]  # fmt: skip
    subprocess.run(program, cwd=ROOT, check=True, env=environment, stderr=subprocess.DEVNULL)
    contact_sheets(out / str(view), out / f"sheet-{view}")
    screens: dict[str, list[str]] = {}
    for line in json.loads((out / str(view) / PROBLEMS).read_text("utf-8")):
        name, problem = line.split(": ", 1)
        screens.setdefault(problem, []).append(name)
    return [f"{view}: {problem} ({', '.join(names[:3])})" for problem, names in screens.items()]


if __name__ == "__main__":
    sys.exit(main())

"""Photograph every screen for criticism: both themes, both languages, 100 % and 200 %, long names.

``python -m scripts.tools.screens OUT [--lang en fr] [--theme light dark] [--scale 1 2]``: each combination runs in a
process of its own, offscreen, on a synthetic specimen that the shipped models analyse once. OUT receives a
folder a combination and ``sheet-*.png`` contact sheets.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: The name of a specimen, as long as they come.
LONG = "Laboratoire d’hématologie – Échantillon 2026-0417/B, Anne-Marie Wojciechowska-Lefèvre"
COLUMNS, THUMB = 3, 900


def analyse(work: Path) -> Path:
    """A case of synthetic crops, analysed by the shipped models."""
    program = [sys.executable, "-m", "bloodcells_gui"]
    for arguments in (
        ["demo", "--out", work / "specimen", "--kind", "crops", "--cells", "90", "--quiet"],
        ["analyze", work / "specimen", "--out", work / "out", "--specimen-id", LONG, "--wbc", "12.4",
         "--wbc-corrected", "no", "--quiet"],
    ):  # fmt: skip
        subprocess.run([*program, *map(str, arguments)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return work / "out" / "case.bcs"


def photograph(case: Path, out: Path, lang: str, theme: str) -> None:
    """Every screen into `out`."""
    from scripts.tools.screen_tour import Tour

    Tour(case, out, lang, theme).walk()


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
    parser.add_argument("--scale", nargs="+", default=["1", "2"])
    parser.add_argument("--case", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case is not None:
        photograph(options.case, options.out, options.lang[0], options.theme[0])
        return 0
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        # The offscreen platform's own screen is 800 x 800 dots: at 200 % no dialog would fit.
        screen = {"name": "wide", "x": 0, "y": 0, "width": 3840, "height": 2400, "logicalDpi": 96,
                  "logicalBaseDpi": 96, "dpr": 1.0}  # fmt: skip
        (work / "screen.json").write_text(json.dumps({"screens": [screen]}))
        platform = f"offscreen:configfile={work / 'screen.json'}"
        environment = {**os.environ, "QT_QPA_PLATFORM": platform, "BLOODCELLS_HOME": str(work / "home")}
        os.environ |= environment
        case = analyse(work)
        combine: Callable[[str, str, str], str] = lambda *parts: "-".join(parts)  # noqa: E731
        for lang in options.lang:
            for theme in options.theme:
                for scale in options.scale:
                    name = combine(lang, theme, scale)
                    home = {"QT_SCALE_FACTOR": scale, "BLOODCELLS_HOME": str(work / name)}
                    subprocess.run(
                        [sys.executable, "-m", "scripts.tools.screens", str(options.out / name), "--case", str(case),
                         "--lang", lang, "--theme", theme], cwd=ROOT, check=True, env={**environment, **home},
                    )  # fmt: skip
                    contact_sheets(options.out / name, options.out / f"sheet-{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Draw the pictures of the documents anew, from synthetic cells only: ``docs/images/*.png``.

    .venv/bin/python scripts/tools/document_images.py

Pages of the report need ``pdftoppm`` (Debian: poppler-utils); without it they are left as they are.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
PROGRAM = [sys.executable, "-m", "bloodcells_gui"]

SLIDE_PICTURE = """
import sys
from pathlib import Path
from bloodcells_gui.ui.screenshot import save_screenshot
sys.exit(save_screenshot(Path(sys.argv[1]), Path(sys.argv[2]), lang="en", show_heatmap=False, slide=True))
"""

HOME_PICTURE = """
import sys
from pathlib import Path
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.ui import start
from bloodcells_gui.ui.window_memory import WindowMemory

app, workspace = start.make_application(), Workspace()
workspace.author = "A. Technician"
context = start.make_context(app, workspace, "en", "light")
keeper = start.WindowKeeper(context, workspace, WindowMemory(Path(sys.argv[2])))
keeper.window.resize(1280, 640)
keeper.window.show()
keeper.cases.set_urgent(sorted(workspace.cases_dir.glob("*.bcs"))[-1], True)
session = workspace.new_counter_case("SYNTHETIC-9, by hand")
for code, count in (("SNE", 41), ("LY", 19), ("MO", 4)):
    session.count(code, count)
session.close()
keeper.workbench.worklist.refresh()
start.wait_ms(6000)
saved = keeper.window.grab().save(sys.argv[1])
keeper.window.close()
keeper.close()
sys.exit(not saved)
"""


def run(*arguments: str | Path) -> None:
    """One verb of the program, offscreen, with settings of its own."""
    subprocess.run([*PROGRAM, *map(str, arguments)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def home_page(work: Path) -> None:
    """The work list with a few cases, in a home of its own."""
    cases = work / "laboratory" / "cases"
    cases.mkdir(parents=True)
    for number in (3, 4, 5):
        specimen, out = work / f"specimen-{number}", work / f"out-{number}"
        seed = ("--seed", str(number), "--cells", str(30 * number), "--quiet")
        run("demo", "--out", specimen, "--kind", "crops", *seed)
        run("analyze", specimen, "--out", out, "--specimen-id", f"SYNTHETIC-{number}", "--quiet")
        shutil.copy(out / "case.bcs", cases / f"SYNTHETIC-{number}.bcs")
    subprocess.run([sys.executable, "-c", HOME_PICTURE, str(IMAGES / "home.png"), str(work / "window.ini")], cwd=ROOT,
                   check=True, env=os.environ | {"BLOODCELLS_HOME": str(work / "laboratory")})  # fmt: skip


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        os.environ |= {"QT_QPA_PLATFORM": "offscreen", "BLOODCELLS_HOME": str(work / "home")}
        run("demo", "--out", work / "specimen", "--kind", "crops", "--cells", "120", "--quiet")
        run(
            "analyze",
            work / "specimen",
            "--out",
            work / "out",
            "--specimen-id",
            "SYNTHETIC-1",
            "--wbc",
            "7.2",
            "--quiet",
        )
        case = work / "out" / "case.bcs"
        run("gui", "--screenshot", IMAGES / "empty.png")
        run("gui", case, "--screenshot", IMAGES / "review.png")
        run("gui", case, "--screenshot", IMAGES / "review-dark.png", "--theme", "dark")
        run("gui", case, "--screenshot", IMAGES / "review-fr.png", "--lang", "fr")
        run("demo", "--out", work / "slide", "--kind", "slide", "--size", "8192x8192", "--quiet")
        run("analyze", work / "slide", "--out", work / "slide-out", "--specimen-id", "SYNTHETIC-2", "--target-cells", "60",
            "--quiet")  # fmt: skip
        subprocess.run([sys.executable, "-c", SLIDE_PICTURE, str(work / "slide-out" / "case.bcs"), str(IMAGES / "slide.png")],
                       cwd=ROOT, check=True)  # fmt: skip
        home_page(work)
        for lang, name in (("en", "tour"), ("fr", "tour-fr")):
            subprocess.run([sys.executable, "-m", "scripts.tools.tour_pictures", str(IMAGES), lang, name],
                           cwd=ROOT, check=True)  # fmt: skip
        if shutil.which("pdftoppm"):
            for page in ("1", "2"):
                subprocess.run(
                    ["pdftoppm", "-png", "-r", "80", "-f", page, "-l", page, "-singlefile",
                     str(work / "out" / "report.pdf"), str(IMAGES / f"report-{page}")], check=True,
                )  # fmt: skip
    for image in sorted(IMAGES.glob("*.png")):
        print(f"{image.relative_to(ROOT)}  {image.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()

"""What is shipped beside the code: lock, desktop files, icons, bill of materials, documents, commands."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from bloodcells_gui import __version__
from bloodcells_gui.app import manual
from tests.support.packaging_scripts import PACKAGING, ROOT, load

CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = CONFIGURATION["project"]


def locked() -> dict[str, str]:
    text = (PACKAGING / "requirements.lock").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))


def test_the_lock_satisfies_every_requirement() -> None:
    pins = locked()
    for line in PROJECT["dependencies"]:
        requirement = Requirement(line)
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        assert requirement.specifier.contains(pins[name]), line


def test_every_locked_package_has_hashes() -> None:
    text = (PACKAGING / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9._-]+==)", text)[1:]
    assert len(entries) == len(locked()) > 10
    assert [e.splitlines()[0] for e in entries if "--hash=sha256:" not in e] == []


def test_the_version_is_written_once() -> None:
    """In `bloodcells_gui/__init__.py`; the releases of the AppStream metadata are a history of their own."""
    assert "version" in PROJECT["dynamic"]
    assert CONFIGURATION["tool"]["hatch"]["version"] == {"path": "bloodcells_gui/__init__.py"}
    metainfo = ET.parse(PACKAGING / "linux" / "org.bloodcells.Bloodcells.metainfo.xml").getroot()
    assert metainfo[-1][0].get("version") == __version__
    others = [
        "pyproject.toml",
        "packaging/windows/bloodcells.iss",
        "packaging/macos/make_dmg.sh",
        "packaging/build.py",
    ]
    assert [path for path in others if f'"{__version__}"' in (ROOT / path).read_text("utf-8")] == []


def test_runtime_closure_is_complete_and_licensed() -> None:
    inventory = load("inventory")
    components = {c.name: c for c in inventory.python_components(ROOT / "pyproject.toml")}
    assert {"numpy", "onnxruntime", "pyside6-essentials", "shiboken6", "pillow", "python"} <= set(components)
    assert not {"pytest", "mypy", "ruff", "scipy", "torch"} & set(components)
    assert [c.name for c in components.values() if c.licence == "see its licence file"] == []
    texts = {name for name, c in components.items() if c.licence_files}
    assert {"pyside6-essentials", "shiboken6", "numpy", "fpdf2"} <= texts


def test_what_is_installed_beside_the_program_stays_out_of_the_package() -> None:
    others = load("inventory").other_modules(ROOT / "pyproject.toml")
    assert {"pytest", "mypy", "scipy", "hypothesis"} <= set(others)
    ours = {"numpy", "cv2", "fpdf", "uharfbuzz", "PySide6", "PIL", "bloodcells_gui", "packaging"}
    assert not ours & set(others)


def test_bill_of_materials(tmp_path: Path) -> None:
    inventory = load("inventory")
    models = tmp_path / "models" / "net-1"
    models.mkdir(parents=True)
    (models / "card.json").write_text("{}")
    (models / "net.onnx").write_bytes(b"weights")
    component = inventory.Component("numpy", "2.0", "BSD-3-Clause", "pkg:pypi/numpy@2.0")
    for name in ("a.json", "b.json"):
        inventory.write_sbom([component], "1.2.3", tmp_path / "models", tmp_path / name)
    bom: dict[str, Any] = json.loads((tmp_path / "a.json").read_text())
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert bom["bomFormat"] == "CycloneDX"
    assert bom["specVersion"] == "1.6"
    refs = {c["bom-ref"] for c in bom["components"]}
    assert set(bom["dependencies"][0]["dependsOn"]) == refs == {"pkg:pypi/numpy@2.0", "model/net-1"}
    network = bom["components"][1]["components"][0]
    assert network["hashes"][0]["content"] == inventory.sha256(models / "net.onnx")


def test_listing_names_every_file(tmp_path: Path) -> None:
    inventory = load("inventory")
    bundle = tmp_path / "bundle"
    (bundle / "sub").mkdir(parents=True)
    (bundle / "sub" / "b").write_bytes(b"12345")
    (bundle / "a").write_bytes(b"123")
    assert inventory.write_listing(bundle, tmp_path / "listing") == 8
    lines = (tmp_path / "listing").read_text().splitlines()
    assert [line.split()[1:] for line in lines] == [["3", "a"], ["5", "sub/b"]]


def test_two_listings_are_compared_by_content() -> None:
    inventory = load("inventory")
    before = "aa           3  same\nbb           3  changed here\ncc           1  gone\n"
    after = "aa           3  same\nb2           3  changed here\ndd           1  new\n"
    assert inventory.differences(before, before) == []
    found = inventory.differences(before, after)
    assert found == ["differs: changed here", "only before: gone", "only now: new"]


def test_what_the_bill_of_materials_misses_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = load("sbom_check")
    inside = tmp_path / "_internal"
    for folder in ("numpy", "numpy.libs", "cv2", "fpdf2-2.8.9.dist-info", "bloodcells_gui"):
        (inside / folder).mkdir(parents=True)
    (tmp_path / "toc").write_text("('x', [('json', '', 'PYMODULE'), ('numpy.linalg', '', 'PYMODULE')])")
    (inside / "libQt6Core.so.6").symlink_to("numpy")
    named = {"numpy", "opencv-python-headless", "tifffile", "python"}
    assert check.compare(tmp_path, tmp_path / "toc", named) == ([], ["tifffile"])
    (inside / "of_nobody").mkdir()
    (inside / "libforeign.so.1").write_bytes(b"")
    monkeypatch.setattr(check, "owner_of_library", lambda name: "libforeign1")
    unnamed, _ = check.compare(tmp_path, tmp_path / "toc", named)
    assert unnamed == ["libforeign.so.1 (libforeign1)", "of_nobody (of unknown origin)"]


def test_the_bundle_keeps_what_the_window_needs() -> None:
    spec = (PACKAGING / "bloodcells.spec").read_text(encoding="utf-8")
    pattern = re.search(r'UNWANTED_FILES = re\.compile\(\s*r"""(.+?)"""', spec, re.DOTALL)
    assert pattern is not None
    unwanted = re.compile(pattern[1], re.VERBOSE)
    kept = [
        "PySide6/Qt/lib/libQt6OpenGL.so.6", "PySide6/Qt/lib/libQt6OpenGLWidgets.so.6",
        "PySide6/Qt/lib/libQt6DBus.so.6", "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/platforms/libqoffscreen.so",
        "PySide6/Qt/plugins/platforms/libqwayland.so", "PySide6/Qt/plugins/imageformats/libqsvg.so",
        "PySide6/Qt/plugins/imageformats/libqjpeg.so", "PySide6/Qt/translations/qtbase_fr.qm",
        "bloodcells_gui/_data/resources/translations/fr/LC_MESSAGES/bloodcells.mo",
        "PySide6/Qt/lib/libQt6Svg.so.6",
        "onnxruntime/capi/onnxruntime_pybind11_state.so", "pillow.libs/libjpeg.so",
    ]  # fmt: skip
    dropped = [
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so", "PySide6/Qt/lib/libQt6Quick.so.6",
        "PySide6/Qt/lib/libQt6Qml.so.6",
        "PySide6/Qt/plugins/sqldrivers/libqsqlite.so", "PySide6/Qt/translations/qtbase_de.qm",
        "PySide6/Qt/plugins/tls/libqopensslbackend.so",
    ]  # fmt: skip
    assert [name for name in kept if unwanted.search(name)] == []
    assert [name for name in dropped if not unwanted.search(name)] == []


def test_wheel_and_bundle_carry_the_whole_manual() -> None:
    carried = dict(load("inventory").manual_files(ROOT / "pyproject.toml"))
    data = "bloodcells_gui/_data/docs"
    pages = {f"docs/{name}.md": data for name in manual.PAGES}
    assert carried == pages | {"docs/fr": f"{data}/fr", "docs/images": f"{data}/images"}
    assert [source for source in carried if not (ROOT / source).exists()] == []
    assert "inventory.manual_files(" in (PACKAGING / "bloodcells.spec").read_text(encoding="utf-8")


def test_a_built_wheel_holds_every_page_and_picture_and_the_key_sheet(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(
            tmp_path, [n for n in wheel.namelist() if n.startswith("bloodcells_gui/_data/docs/")]
        )
        names = set(wheel.namelist())
    docs = tmp_path / "bloodcells_gui" / "_data" / "docs"
    pictures: set[str] = set()
    for name in manual.PAGES:
        for lang in ("en", "fr"):
            page = manual.page(name, lang, docs)
            assert page == manual.page(name, lang, ROOT / "docs")
            pictures |= set(re.findall(r"!\[[^]]*\]\(([^)\s]+)\)", page.markdown))
    assert len(pictures) > 10
    assert [p for p in pictures if manual.picture(p, docs) != manual.picture(p, ROOT / "docs")] == []
    assert all(manual.picture(p, docs) for p in pictures)
    assert {"bloodcells_gui/ui/help/key_sheet.py", "bloodcells_gui/ui/help/key_table.py"} <= names
    assert "bloodcells_gui/_data/resources/translations/fr/LC_MESSAGES/bloodcells.mo" in names


def test_the_map_needs_no_opengl() -> None:
    """The frozen program leaves Qt's OpenGL modules out; pyqtgraph draws without them."""
    code = (
        "import runpy; runpy.run_path('packaging/without_opengl.py')\n"
        "from PySide6.QtWidgets import QApplication; app = QApplication([])\n"
        "import bloodcells_gui.ui.cell_map, pyqtgraph as pg, sys\n"
        "plot = pg.PlotWidget(); plot.plot([1, 2], [3, 4]); plot.show(); plot.grab()\n"
        "assert not hasattr(sys.modules['PySide6.QtOpenGL'], '__file__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_icons_are_readable(tmp_path: Path, qapp: Any) -> None:
    from PySide6.QtGui import QImage

    icons = load("icons")
    icons.make_icons(ROOT / "resources" / "icons" / "app.svg", tmp_path)
    for name, side in (("48.png", 48), ("256.png", 256)):
        image = QImage(str(tmp_path / name))
        assert (image.width(), image.height()) == (side, side)
        assert image.pixelColor(side // 2, side // 2).alpha() == 255
    ico, icns = (tmp_path / "bloodcells.ico").read_bytes(), (tmp_path / "bloodcells.icns").read_bytes()
    assert ico[:6] == b"\x00\x00\x01\x00\x07\x00"
    offset = int.from_bytes(ico[6 + 12 : 6 + 16], "little")
    assert ico[offset : offset + 8] == b"\x89PNG\r\n\x1a\n"
    assert icns[:4] == b"icns"
    assert int.from_bytes(icns[4:8], "big") == len(icns)


def test_desktop_files() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment, method-assign]
    entry.read(PACKAGING / "linux" / "bloodcells.desktop", encoding="utf-8")
    desktop = entry["Desktop Entry"]
    mime = ET.parse(PACKAGING / "linux" / "bloodcells-mime.xml").getroot()
    kind = mime[0].get("type")
    assert desktop["MimeType"] == f"{kind};"
    assert desktop["Exec"] == "bloodcells-gui %f"
    assert [g.get("pattern") for g in mime.iter() if g.tag.endswith("glob")] == ["*.bcs"]
    metainfo = ET.parse(PACKAGING / "linux" / "org.bloodcells.Bloodcells.metainfo.xml").getroot()
    assert metainfo.findtext("launchable") == "bloodcells.desktop"
    assert metainfo.findtext("provides/mediatype") == kind
    assert metainfo.findtext("project_license") == PROJECT["license"]

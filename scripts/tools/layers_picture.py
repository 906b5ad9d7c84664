"""Draw ``docs/images/layers.svg`` from the import contracts of ``pyproject.toml``.

    .venv/bin/python -m scripts.tools.layers_picture

Layers and libraries come from the contracts, the line in each box from the package's docstring, so the picture cannot
say what the checks do not hold; `tests/test_architecture.py` compares it with what this script draws.
"""

from __future__ import annotations

import ast
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURE = ROOT / "docs" / "images" / "layers.svg"
PACKAGE = "bloodcells_gui"
#: What the picture calls a library, and the library's module.
LIBRARIES = {"Qt": "PySide6", "ONNX Runtime": "onnxruntime", "SQLite": "sqlite3"}
_WIDTH, _MARGIN, _GAP = 920, 24, 12
_HEAD, _LINE = 42, 17  # px of a box above its first line, and of a line
_LETTER = 6.3  # mean width of a letter of the running text, px
_STYLE = """
  text { font-family: system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1d2733; }
  .name { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 16px; font-weight: 600; }
  .line { font-size: 12.5px; fill: #45505e; }
  .chip { font-size: 11.5px; font-weight: 600; fill: #7a3d00; }
  .note { font-size: 12.5px; fill: #5b6776; }
"""
_FILLS = ("#e8f0fb", "#e3f4ee", "#fbf1e1", "#f4eafa", "#e6f4f8", "#fdecec", "#eef3dd", "#ececf6")


def contracts() -> list[dict[str, Any]]:
    """Return the contracts of import-linter."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = configuration["tool"]["importlinter"]["contracts"]
    return found


def layers(rules: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return the layers from top to bottom, each a list of packages that do not see each other."""
    listed = next(rule["layers"] for rule in rules if rule["type"] == "layers")
    return [[name.strip() for name in layer.split("|")] for layer in listed]


def allowed(rules: Sequence[Mapping[str, Any]], module: str, packages: Sequence[str]) -> list[str]:
    """Return the packages that may import a library: those that no contract forbids it, and named exceptions."""
    rule = next(rule for rule in rules if module in rule.get("forbidden_modules", ()))
    forbidden = {name.removeprefix(f"{PACKAGE}.") for name in rule["source_modules"]}
    if PACKAGE in forbidden:
        return [line.split(" -> ")[0].split(".")[1] for line in rule.get("ignore_imports", ())]
    return [name for name in packages if name not in forbidden and not name.startswith("__")]


def summary(package: str) -> str:
    """Return the first line of a package's docstring."""
    folder = ROOT / PACKAGE / package
    path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.split("\n\n")[0].replace("\n", " ").replace("`", "")


def box(
    name: str,
    lines: Sequence[str],
    at: tuple[float, float],
    size: tuple[float, float],
    fill: str,
    chips: Sequence[str],
) -> list[str]:
    """Draw one package: name, libraries that it alone may import, what it holds."""
    (x, y), (width, height) = at, size
    drawn = [
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="8" fill="{fill}" stroke="#b9c4d2"/>',
        f'<text class="name" x="{x + 14:.0f}" y="{y + 25:.0f}">{escape(name)}</text>',
    ]
    right = x + width - 10
    for chip in chips:
        wide = 7 * len(chip) + 16
        right -= wide
        drawn += [
            f'<rect x="{right:.0f}" y="{y + 10:.0f}" width="{wide}" height="20" rx="10" fill="#ffe3bf"/>',
            f'<text class="chip" x="{right + wide / 2:.0f}" y="{y + 24:.0f}" text-anchor="middle">{escape(chip)}</text>',
        ]
        right -= 6
    for n, line in enumerate(lines):
        drawn.append(
            f'<text class="line" x="{x + 14:.0f}" y="{y + _HEAD + 4 + _LINE * n:.0f}">{escape(line)}</text>'
        )
    return drawn


def draw() -> str:
    """Return the picture as SVG."""
    rules = contracts()
    rows = layers(rules)
    packages = [name for row in rows for name in row]
    chips = {
        name: [t for t, m in LIBRARIES.items() if name in allowed(rules, m, packages)] for name in packages
    }
    body: list[str] = []
    y = float(_MARGIN)
    for row, fill in zip(rows, _FILLS, strict=False):
        width = (_WIDTH - 2 * _MARGIN - _GAP * (len(row) - 1)) / len(row)
        texts = [textwrap.wrap(summary(name), int((width - 28) / _LETTER)) for name in row]
        height = _HEAD + _LINE * max(len(lines) for lines in texts)
        for n, (name, lines) in enumerate(zip(row, texts, strict=True)):
            body += box(name, lines, (_MARGIN + n * (width + _GAP), y), (width, height), fill, chips[name])
        y += height + _GAP
    notes = (
        "A package imports from packages below it, never from beside or above; ui and cli see only app and domain.",
        "A label names a library that this package alone may import. torch is imported in scripts/ alone.",
    )
    for note in notes:
        y += 16
        body.append(f'<text class="note" x="{_MARGIN}" y="{y:.0f}">{escape(note)}</text>')
        y += 4
    total = y + _MARGIN - 8
    described = "; ".join(" beside ".join(row) for row in rows)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {total:.0f}" role="img">',
            f"<title>Layers of {PACKAGE}, from top to bottom</title>",
            f"<desc>{escape(described)}</desc>",
            f"<style>{_STYLE}</style>",
            f'<rect width="{_WIDTH}" height="{total:.0f}" rx="12" fill="#ffffff"/>',
            *body,
            "</svg>\n",
        ]
    )


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(draw(), encoding="utf-8")
    print(PICTURE.relative_to(ROOT))


if __name__ == "__main__":
    main()

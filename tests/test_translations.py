"""Every sentence that the Qt-free layers can say has its French."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from bloodcells_gui.domain import i18n
from bloodcells_gui.domain.measurements import label_of
from bloodcells_gui.domain.taxonomy import CLASSES, ROLLUPS
from bloodcells_gui.imaging.measure import MEASUREMENTS

PACKAGE = Path(i18n.__file__).parent.parent
LAYERS = ("domain", "imaging", "inference", "pipeline", "storage", "report", "app", "cli")
# Callables whose leading literal arguments are shown to a person: name -> how many.
SPEAKERS = {
    "tr": 1, "_tr": 1, "Remark": 1, "_say": 2, "_refuse": 2, "_refused": 2, "ImageRefused": 3,
    "OutputNotWritable": 3, "SigningCheck": 1, "Reason": 1, "Unsound": 1,
}  # fmt: skip
NOT_SPOKEN = {
    "",
    "{reasons}",
    "{reason}.",
    "{why}.",
    "{notice}",
    "{line}",
    "{text}",
    "{message}",
    "{what}",
    "{reason}",
}


def spoken() -> dict[str, str]:
    """Template -> file that says it."""
    found: dict[str, str] = {}
    for layer in LAYERS:
        for path in (PACKAGE / layer).rglob("*.py"):
            if path.name.startswith("texts_fr"):
                continue
            tree = ast.parse(path.read_text("utf-8"))
            errors = {n.name for n in ast.walk(tree) if isinstance(n, ast.ClassDef)}
            for node in ast.walk(tree):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                count = SPEAKERS.get(name, 0)
                if name.endswith(("Error", "Refused", "Damaged", "TooNew", "Unreachable", "InUse")) and (
                    name in errors or name in {"UserError", "BundleRefused"}
                ):
                    count = 3
                if name in {"ValueError", "KeyError", "TypeError", "RuntimeError", "OSError"}:
                    continue
                for argument in node.args[:count]:
                    for text in literals(argument):
                        if len(text) > 3 or "{" in text:
                            found.setdefault(text, str(path.relative_to(PACKAGE)))
    return found


def test_every_check_and_doubt_has_its_french() -> None:
    """Sentences that are kept in a name before they are said."""
    said = set()
    for path in ("app/signing_checks.py", "domain/clock.py"):
        for node in ast.walk(ast.parse((PACKAGE / path).read_text("utf-8"))):
            value = node.value if isinstance(node, ast.Assign) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and " " in value.value:
                said.add(value.value)
    assert len(said) > 10
    assert not said - set(i18n.french())


def literals(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return literals(node.body) + literals(node.orelse)
    return []


def test_every_sentence_has_its_french() -> None:
    french = i18n.french()
    missing = {t: where for t, where in spoken().items() if t not in french and t not in NOT_SPOKEN}
    lines = sorted(f"{where}: {text!r}" for text, where in missing.items())
    assert not missing, "\n".join(lines)


def test_class_and_row_names_and_measurements_have_their_french() -> None:
    french = i18n.french()
    names = {c.name for c in CLASSES} | {r.name for u in ROLLUPS.values() for r in u.rows}
    names |= {u.name for u in ROLLUPS.values()} | {label_of(m) for m in MEASUREMENTS}
    assert not sorted(n for n in names if n not in french)


@pytest.mark.parametrize("english", sorted(i18n.french()))
def test_a_translation_keeps_the_fields(english: str) -> None:
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert fields(i18n.french()[english]) == fields(english)


def test_values_are_never_taken_for_templates() -> None:
    assert i18n.tr("{path} is a file.", "en", path="{evil}") == "{evil} is a file."

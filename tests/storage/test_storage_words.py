"""Everything the storage layer tells a person has its French."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from bloodcells_gui.domain.texts_fr_storage import FRENCH
from bloodcells_gui.storage.verification import Problem

FOLDER = Path(__file__).resolve().parents[2] / "bloodcells_gui" / "storage"
ERRORS = {"UserError", "CaseDamaged", "CaseTooNew", "CaseUnreachable", "OutputNotWritable"}


def spoken() -> set[str]:
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            arguments = node.args[:3] if name in ERRORS or name == "__init__" else node.args[:1]
            if name in ERRORS or name in ("Problem", "__init__"):
                for argument in arguments:
                    for part in ast.walk(argument):
                        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
                            found.add(part.value)
    return found


def test_every_sentence_is_translated_with_the_same_fields() -> None:
    sentences = spoken()
    assert len(sentences) > 60
    assert sorted(sentences - set(FRENCH)) == []
    for english, french in FRENCH.items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", french)), english


def test_a_problem_speaks_both_languages() -> None:
    problem = Problem("The chain of hashes is broken", "ledger 4")
    assert str(problem) == "The chain of hashes is broken (ledger 4)"
    assert problem.text("fr") == "La chaîne des empreintes est rompue (ledger 4)"

"""What the storage layer tells a person, in both languages."""

from __future__ import annotations

from bloodcells_gui.storage.verification import Problem


def test_a_problem_speaks_both_languages() -> None:
    problem = Problem("The chain of hashes is broken", "ledger 4")
    assert str(problem) == "The chain of hashes is broken (ledger 4)"
    assert problem.text("fr") == "La chaîne des empreintes est rompue (ledger 4)"

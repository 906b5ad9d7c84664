"""Reviewed cells of a case for a calibration, and those whose class the others contradict."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bloodcells_gui.app.calibration_cells import reviewed_cells
from bloodcells_gui.domain.errors import UserError
from tests.support.workbench_window import MODEL, a_case, a_workspace


def with_model(model: str) -> Any:
    """An engine of which only the classifier's identity is asked for."""
    return SimpleNamespace(identities=lambda: {"classify": model})


def test_a_cell_relabelled_by_mistake_is_named(tmp_path: Path) -> None:
    workspace = a_workspace(tmp_path)
    session = workspace.open_case(a_case(tmp_path / "one.bcs", 80))
    session.confirm([c.id for c in session.cells])
    clean = reviewed_cells(session.path, with_model(MODEL))
    assert len(clean.ids) == len(clean.labels) == len(clean.embeddings) == 80
    assert clean.contradicted() == ()
    victim = next(c for c in session.cells if c.predicted == "LY")
    session.relabel([victim.id], "SNE", "")
    assert reviewed_cells(session.path, with_model(MODEL)).contradicted() == (victim.id,)
    session.close()


def test_too_few_reviewed_cells_contradict_nobody(tmp_path: Path) -> None:
    workspace = a_workspace(tmp_path)
    session = workspace.open_case(a_case(tmp_path / "one.bcs", 20))
    assert reviewed_cells(session.path, with_model(MODEL)).contradicted() == ()
    session.confirm([c.id for c in session.cells[:2]])
    assert reviewed_cells(session.path, with_model(MODEL)).contradicted() == ()
    session.close()


def test_cells_of_another_classifier_are_not_compared(tmp_path: Path) -> None:
    workspace = a_workspace(tmp_path)
    session = workspace.open_case(a_case(tmp_path / "one.bcs", 20))
    session.confirm([c.id for c in session.cells])
    with pytest.raises(UserError, match="another classifier"):
        reviewed_cells(session.path, with_model("another model"))
    session.close()

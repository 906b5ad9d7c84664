"""A report is made with one version of the settings, though another comes in its middle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bloodcells_gui.app import export as export_module
from bloodcells_gui.app.export import ExportOptions, live_report_model
from bloodcells_gui.app.held_settings import held_or, hold
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.settings import LabSettings
from tests.support.workbench_window import a_case, a_workspace


def test_what_is_held_is_seen_until_the_end() -> None:
    one, other = LabSettings(paper="a4"), LabSettings(paper="letter")
    with hold(one):
        assert held_or(other) is one
    assert held_or(other) is other


def test_a_change_in_the_middle_of_a_report_is_for_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace: Workspace = a_workspace(tmp_path)
    workspace.change_settings(rollup="five")
    session = workspace.open_case(a_case(workspace.cases_dir / "a.bcs", 12))
    seen = []
    build = export_module.build_report

    def changed_meanwhile(*args: object, **kwargs: object) -> object:
        workspace.change_settings(rollup="ten")
        seen.append(session.settings.rollup)
        return build(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(export_module, "build_report", changed_meanwhile)
    live_report_model(session, ExportOptions())
    assert seen == ["five"]
    assert session.settings == replace(workspace.settings, rollup="ten")
    session.close()

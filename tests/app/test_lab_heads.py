"""Verifying a case notices that the stations of the laboratory saw a later state of it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bloodcells_gui import cli
from bloodcells_gui.app.lab_database import init
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from tests.support.workbench_window import a_case


def test_a_case_that_was_put_back_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLOODCELLS_HOME", str(tmp_path / "home"))
    share = tmp_path / "share"
    path = a_case(share / "S-1.bcs", 12)
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    init(url, cases=share)
    workspace = Workspace()
    workspace.author = "Ana"
    workspace.save_settings(replace(workspace.settings, lab_database=url))
    cases = WorkList(workspace)
    shutil.copy(path, tmp_path / "before")
    session = workspace.open_case(path)
    session.confirm([session.cells[0].id])
    session.close()
    cases.refresh()
    assert cli.run(["verify", str(path)]) == 0
    shutil.copy(tmp_path / "before", path)
    assert cli.run(["verify", str(path)]) == 1
    assert "saw a later state" in capsys.readouterr().out
    (tmp_path / "lab.db").rename(tmp_path / "away")
    assert cli.run(["verify", str(path)]) == 0  # it cannot be asked; the case itself is whole
    cases.close()
    workspace.lab.close()

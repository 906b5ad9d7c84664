"""A folder as destination: files appear whole, under their control id."""

from __future__ import annotations

from pathlib import Path

import pytest

from bloodcells_gui.connect.delivery import deliver, try_folder
from bloodcells_gui.connect.peer import Unreached
from bloodcells_gui.domain.connecting import ASTM, FHIR, Destination


def test_a_repeat_is_the_same_file(tmp_path: Path) -> None:
    destination = Destination("F", folder=str(tmp_path))
    for _ in range(2):
        assert deliver(destination, b"MSH|", "A1").accepted
    assert [p.name for p in tmp_path.iterdir()] == ["A1.hl7"]
    assert (tmp_path / "A1.hl7").read_bytes() == b"MSH|"


def test_the_kind_of_message_is_in_the_name(tmp_path: Path) -> None:
    for format in (ASTM, FHIR):
        deliver(Destination("F", format, folder=str(tmp_path)), b"x", "A1")
    assert {p.name for p in tmp_path.iterdir()} == {"A1.astm", "A1.json"}


def test_a_share_that_is_not_there_is_never_made(tmp_path: Path) -> None:
    gone = tmp_path / "share"
    with pytest.raises(Unreached, match="no folder"):
        deliver(Destination("F", folder=str(gone)), b"x", "A1")
    assert not gone.exists()


def test_a_folder_that_takes_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "A1.hl7").mkdir()
    with pytest.raises(Unreached, match="cannot be written"):
        deliver(Destination("F", folder=str(tmp_path)), b"x", "A1")


def test_a_trial_leaves_nothing(tmp_path: Path) -> None:
    assert try_folder(Destination("F", folder=str(tmp_path))).accepted
    assert list(tmp_path.iterdir()) == []

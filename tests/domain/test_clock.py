"""When a clock is not believed."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from bloodcells_gui.app.clock import newest_work
from bloodcells_gui.domain import clock
from bloodcells_gui.domain.clock import BEHIND_OTHER_WORK, BEHIND_THE_CASE, FAR_AHEAD, clock_doubt
from bloodcells_gui.domain.findings import CONFIRMED, FindingAnswer, answer_of

NOW = "2026-11-29T09:00:00Z"


@pytest.mark.parametrize(
    ("last", "earlier", "text"),
    [
        ("", (), None),
        ("2026-11-29T09:04:00Z", (), None),
        ("2026-11-29T09:06:00Z", (), BEHIND_THE_CASE),
        ("2030-01-01T00:00:00Z", ("2026-11-28T00:00:00Z",), BEHIND_THE_CASE),
        ("2026-11-01T00:00:00Z", ("2026-11-30T08:00:00Z",), None),
        ("2026-11-01T00:00:00Z", ("2026-11-30T10:00:00Z",), BEHIND_OTHER_WORK),
        ("", ("2026-10-01T00:00:00Z", "2020-01-01T00:00:00Z"), None),
        ("", ("2026-09-01T00:00:00Z",), FAR_AHEAD),
        ("", ("nonsense", ""), None),
        ("nonsense", (), None),
        ("9999-12-31T23:59:59-14:00", (), BEHIND_THE_CASE),
        ("", ("9999-12-20T00:00:00Z",), BEHIND_OTHER_WORK),
        ("0001-01-01T00:00:00+14:00", ("0001-01-01T00:00:00+14:00",), FAR_AHEAD),
    ],
)
def test_a_clock_is_doubted_where_work_speaks_against_it(
    last: str, earlier: tuple[str, ...], text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "AHEAD", timedelta(days=60))
    found = clock_doubt(NOW, last, earlier)
    assert (found.text if found else None) == text


def test_what_this_start_of_the_program_wrote_is_no_witness(tmp_path: Path) -> None:
    for name, time in (("old.bcs", 1_700_000_000), ("later.bcs", 1_700_100_000), ("x.txt", 1_800_000_000)):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (time, time))
    (tmp_path / "now.bcs").write_bytes(b"")
    assert newest_work(tmp_path, (), "2025-01-01T00:00:00Z") == "2023-11-16T02:00:00Z"
    assert newest_work(tmp_path / "none", (tmp_path / "old.bcs",), "2025-01-01T00:00:00Z")[:4] == "2023"
    assert newest_work(tmp_path / "none", (), NOW) == ""


def test_an_answer_reads_back_and_nonsense_does_not() -> None:
    answer = FindingAnswer(CONFIRMED, "Dr. W:\n told: x", "2026-11-29T09:05:00Z", "", 3, "Ana", NOW)
    read = answer_of(answer.to_text())
    assert read == FindingAnswer(CONFIRMED, "Dr. W: told: x", "2026-11-29T09:05:00Z", "", 3, "Ana", NOW)
    for text in ("", "verdict: perhaps\ncells: 3", "verdict: confirmed\ncells: x", "verdict: confirmed"):
        assert answer_of(text) is None

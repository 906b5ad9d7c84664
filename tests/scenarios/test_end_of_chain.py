"""The end of the chain: printed, compared, remembered outside the file, and what follows from the acts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bloodcells_gui.app.batch import verify_case
from bloodcells_gui.app.signing import amend, sign
from bloodcells_gui.cli import run
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage import audit
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.last_seen import WENT_BACK
from bloodcells_gui.storage.recover import recover
from bloodcells_gui.storage.worklist import INDEX_NAME, Worklist
from tests.support.signed_cases import opened, with_signature
from tests.support.tampering import cut_end, tamper
from tests.support.workbench_window import a_case


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    path = a_case(tmp_path / "cases" / "signed.bcs", 12)
    with_signature(path)
    return path


def problems(path: Path, head: str | None = None) -> list[str]:
    return [p.what for p in audit.verify(path, images=False, head=head).problems]


def head_of(path: Path) -> str:
    with CaseStore.open(path, read_only=True) as store:
        return store.head()


def test_a_signature_cut_off_leaves_its_report_which_is_noticed(signed: Path) -> None:
    assert problems(signed) == []
    cut_end(signed, 1)
    assert problems(signed) == ["A report was signed, and its signature is gone"]


def test_a_signature_cut_off_with_its_report_is_found_by_the_printed_head(signed: Path) -> None:
    printed = head_of(signed)
    session = opened(signed)
    amend(session, "ana", "One cell was misnamed.")  # the chain goes on; what was printed stays in it
    session.close()
    assert problems(signed, printed) == []
    assert problems(signed, f" sha256 {printed[:16].upper()} ") == []
    cut_end(signed, 2, reports=1, maps=True)
    assert problems(signed) == []  # no record inside the file tells
    assert problems(signed, printed[:24]) == [
        "The chain does not hold the printed head: its end was cut off, or it was computed anew"
    ]
    ok, lines = verify_case(signed, head=printed)
    assert not ok
    assert any(printed[:16] in line for line in lines)
    with pytest.raises(UserError, match="16 to 64"):
        audit.verify(signed, head="not a hash")


def test_the_command_line_compares_with_the_printed_head(
    signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = head_of(signed)
    assert run(["verify", str(signed), "--head", printed[:20]]) == 0
    assert "The printed head is in the chain" in capsys.readouterr().out
    assert run(["verify", str(signed), "--head", "0" * 64]) == 1
    assert "does not hold the printed head" in capsys.readouterr().out
    for no_head in ("12345", "", "  "):  # a script without its value must not pass
        assert run(["verify", str(signed), "--head", no_head]) == 2
        assert "16 to 64" in capsys.readouterr().err


def test_the_work_list_says_when_a_case_went_back(signed: Path) -> None:
    older = signed.with_name("older copy")
    session = opened(signed)
    shutil.copy(signed, older)
    amend(session, "ana", "One cell was misnamed.")
    session.close()
    with Worklist(signed.parent) as listed:
        listed.refresh()
        assert [e.flags for e in listed.search()] == [()]
    shutil.move(older, signed)
    assert problems(signed) == ["The work list of this folder saw a later state of this case"]
    with Worklist(signed.parent) as listed:
        for _ in range(2):  # it is not forgotten by being said
            listed.rebuild()
            assert [e.flags for e in listed.search()] == [(WENT_BACK,)]
    (signed.parent / INDEX_NAME).unlink()
    assert problems(signed) == []


def test_a_history_written_anew_is_noticed_beside_the_work_list(signed: Path) -> None:
    with Worklist(signed.parent) as listed:
        listed.refresh()
    tamper(signed, "UPDATE events SET reason = 'another' WHERE seq = 1", reseal=True)
    assert "The work list of this folder saw a later state of this case" in problems(signed)


def test_counts_that_do_not_follow_from_the_acts_are_found(signed: Path) -> None:
    """Somebody relabels a cell before the signature and computes the whole chain anew."""
    tamper(signed, "UPDATE events SET new = 'MO' WHERE seq = 1", reseal=True)
    found = audit.verify(signed, images=False).problems
    assert [p.what for p in found] == [
        "The chain does not end where it ended when the report was signed",
        "The counts of the signed report do not follow from the decisions",
    ]
    assert "LY 12, 0" in found[1].where
    assert "MO 0, 12" in found[1].where


def test_a_signed_report_says_how_many_acts_it_is_over(signed: Path) -> None:
    with CaseStore.open(signed, read_only=True) as store:
        (_, _, text), *_ = store.report_rows()
        *acts, signature = store.events()
    assert json.loads(text)["chain"]["events"] == len(acts) == signature.seq - 1 > 0


def test_an_amended_case_with_new_decisions_still_follows(signed: Path) -> None:
    session = opened(signed)
    amend(session, "ana", "Two cells were misnamed.")
    session.relabel([1, 2], "MO", reason="Seen again.")
    sign(session, "ana", "Amended report", "Two monocytes.")
    session.close()
    assert problems(signed) == []
    with CaseStore.open(signed, read_only=True) as store:
        first, second = (json.loads(r[2])["differential"] for r in store.report_rows())
    assert [{r["code"]: r["count"] for r in d["rows"]}["LY"] for d in (first, second)] == [12, 10]


def test_a_recovered_case_may_hold_reports_without_signatures(signed: Path, tmp_path: Path) -> None:
    found = recover(signed, tmp_path / "rescued.bcs", app_version="0")
    assert (found.reports, found.signatures_dropped, found.complete) == (1, 1, True)
    report = audit.verify(tmp_path / "rescued.bcs", images=False)
    assert report.problems == []
    assert [r.what for r in report.remarks] == [
        "A report of the recovered case is kept without its signature"
    ]


def test_old_and_new_heads_are_those_of_the_ledger(signed: Path) -> None:
    with CaseStore.open(signed, read_only=True) as store:
        entries = store.ledger()
        assert store.chain_end() == (len(entries), entries[-1].hash)
        assert store.chain_hash(3) == entries[2].hash
        assert store.chain_hash(len(entries) + 1) == ""

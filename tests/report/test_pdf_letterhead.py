"""What the letterhead of an unsigned report says of its review."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

import pytest

from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.remarks import CUT
from bloodcells_gui.report.pdf import render_pdf
from tests.support.report_case import FONTS, make_report


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no poppler-utils on this machine")
def test_cells_outside_the_counting_frame_were_reviewed_by_nobody(tmp_path: Path) -> None:
    plain = make_report(reviewed=False)
    review = dataclasses.replace(plain.review, proposed=plain.review.proposed - 4, excluded=4)
    remarks = (*plain.differential.remarks, Remark(CUT, (("count", "4"),)))
    table = dataclasses.replace(plain.differential, remarks=remarks, excluded=4)
    path = tmp_path / "cut.pdf"
    path.write_bytes(
        render_pdf(dataclasses.replace(plain, review=review, differential=table), fonts_dir=FONTS)
    )
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    text = " ".join(done.stdout.decode().split())
    assert f"0 of {plain.review.cells} cells were reviewed by a person." in text
    assert "0 taken out · 4 outside the counting frame" in text

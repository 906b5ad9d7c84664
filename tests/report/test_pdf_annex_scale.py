"""What the provenance says of the scale."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bloodcells_gui.domain.scale_messages import BASIS_KINDS
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource
from bloodcells_gui.report.pdf import render_pdf
from tests.support.report_case import FONTS, make_report, make_run

BY_KIND = ScaleEstimate(0.1, ScaleSource.PRIOR, 0.095, 16, basis=BASIS_KINDS)
EARLIER = ScaleEstimate(0.0985, ScaleSource.RED_CELLS, 0.04, 212)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no poppler-utils on this machine")
@pytest.mark.parametrize(
    ("scale", "lang", "said"),
    [
        (BY_KIND, "en", "(68 % limits 0.0909 to 0.1100, by the sizes of the leukocytes by kind,"),
        (
            BY_KIND,
            "fr",
            "(limites à 68 % : 0,0909 à 0,1100, d’après la taille des leucocytes selon leur type,",
        ),
        (EARLIER, "en", "(± 4 %, n = 212)"),
    ],
)
def test_provenance_gives_the_scales_limits_and_what_it_rests_on(
    scale: ScaleEstimate, lang: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(render_pdf(make_report(run=make_run(scale=scale)), lang=lang, fonts_dir=FONTS))
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    text = " ".join(done.stdout.decode().replace("\u00a0", " ").replace("'", "’").split())
    assert said in text

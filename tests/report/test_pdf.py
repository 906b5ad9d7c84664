"""The PDF: declared PDF/A, embedded fonts, tagged, whole for any input, hostile ones too."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import subprocess
import unicodedata
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloodcells_gui.adaptation.label_propagation import PropagationSettings
from bloodcells_gui.adaptation.prior_shift import ClassPrior, PriorShift
from bloodcells_gui.domain.analysis import RunStatus, SkippedFile
from bloodcells_gui.domain.errors import OutputNotWritable
from bloodcells_gui.domain.findings import CONFIRMED, REFUTED
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.review import Signature
from bloodcells_gui.domain.run_messages import FOREIGN, NOT_REACHED, VERBATIM, remark
from bloodcells_gui.domain.run_record import RunCounts, RunRecord
from bloodcells_gui.domain.settings import LabSettings, ReportHeader
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.report.adaptation_text import adaptation_text
from bloodcells_gui.report.model import CheckLine, Comment, FindingLine, ReportModel
from bloodcells_gui.report.pdf import render_pdf, write_pdf
from bloodcells_gui.report.pdf_result import nice_axis
from bloodcells_gui.report.pdf_sheet import Sheet
from bloodcells_gui.report.pdf_text import Printable, text_key
from tests.support.pdf_operators import contents
from tests.support.pdf_text import needs_poppler, text_of
from tests.support.report_case import FONTS, make_report, make_run, make_specimen
from tests.support.rounds import rounds

HOSTILE = (
    "=cmd|' /C calc'!A0 {nb} {name} %s \\n)>> endstream <b>&amp;</b> **x** \u202egnp.exe "
    "\x00\x07 \U0001f9ec 血 عربي"
)


def render(model: ReportModel, **options: str) -> bytes:
    return render_pdf(model, fonts_dir=FONTS, **options)  # type: ignore[arg-type]


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


@pytest.fixture(scope="module")
def plain() -> ReportModel:
    return make_report(
        settings=LabSettings(header=ReportHeader("Laboratoire Saint-Roch", ("12 rue des Capucins",)))
    )


def test_it_declares_pdf_a_is_tagged_and_embeds_its_fonts(plain: ReportModel) -> None:
    pdf = render(plain)
    assert re.search(rb"<pdfaid:part>2</pdfaid:part>", pdf)
    assert re.search(rb"<pdfaid:conformance>B</pdfaid:conformance>", pdf)
    assert b"/OutputIntents" in pdf
    assert b"/Marked true" in pdf
    for tag in (b"/H1", b"/H2", b"/Table", b"/TR", b"/TH", b"/TD", b"/P", b"/Figure"):
        assert b"/S " + tag in pdf
    assert pdf.count(b"/FontFile2") >= 3
    for forbidden in (b"/Encrypt", b"/SMask", b"/Type1", b"/Interpolate true", b"/LZWDecode"):
        assert forbidden not in pdf
    assert b"/JavaScript" not in pdf


def test_marked_content_is_balanced_and_every_number_has_its_element(plain: ReportModel) -> None:
    pdf = render(plain)
    marks = 0
    for stream in re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL):
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue
        if b" BDC" not in content:
            continue
        assert len(re.findall(rb" B(?:DC|MC)\b", content)) == len(re.findall(rb"\bEMC\b", content))
        numbers = [int(n) for n in re.findall(rb"/MCID (\d+)", content)]
        assert numbers == list(range(len(numbers)))
        marks += len(numbers)
    assert marks > 200
    assert len(re.findall(rb"/Type /StructElem", pdf)) > marks


def test_the_same_report_gives_the_same_bytes(plain: ReportModel) -> None:
    assert render(plain) == render(plain)


@needs_poppler
@pytest.mark.parametrize(("paper", "lang"), [("a4", "en"), ("letter", "fr")])
def test_screen_pdf_and_csv_cannot_disagree(
    plain: ReportModel, paper: str, lang: str, tmp_path: Path
) -> None:
    text = text_of(render(plain, paper=paper, lang=lang), tmp_path)
    comma = "," if lang == "fr" else "."
    for row in plain.differential.rows:
        if row.count and row.percent is not None:
            assert re.search(rf"\b{row.count}\s+{row.percent:.1f}".replace(".", re.escape(comma)), text), (
                row.name
            )
    for sentence in {
        "en": (
            "For Research Use Only. Not for use in diagnostic procedures.",
            "Blast",
            "NOT SIGNED",
            "Page 1 / 4",
            "Anisocytosis",
            "Émilie Lefèvre-Nowak",
            "corrected for NRBC 11.70",
        ),
        "fr": ("Réservé à la recherche.", "Blaste", "NON SIGNÉ", "Page 1 / 4", "Anisocytose", "01/03/2026"),
    }[lang]:
        assert sentence in text
    assert plain.sha256() in text
    assert "0123456789abcdef" * 4 in text


@needs_poppler
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_what_the_run_remarked_stands_on_page_one(lang: str, tmp_path: Path) -> None:
    record = RunRecord(remarks=(remark(NOT_REACHED, found=88, target=200), remark(FOREIGN)))
    model = make_report(run=make_run(record=record))
    first = " ".join(text_of(render(model, lang=lang), tmp_path).split("\f")[0].split())
    said = " ".join(tr(NOT_REACHED, lang, found="88", target="200").split()[:4])
    assert " ".join(tr(FOREIGN, lang).split()[:8]) in first
    assert said not in first
    # What an earlier version signed keeps its words.
    frozen = replace(model, runs=(replace(model.runs[0], record=record),))
    first = " ".join(text_of(render(frozen, lang=lang), tmp_path).split("\f")[0].split())
    assert " ".join(tr(FOREIGN, lang).split()[:8]) in first
    assert said in first


@needs_poppler
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_critical_findings_and_answered_checks_are_printed(
    plain: ReportModel, lang: str, tmp_path: Path
) -> None:
    findings = (
        FindingLine("Blast", 4, "", "", CONFIRMED, "Dr. Weiss", "2026-11-29T09:05:00Z", "known", "Ana",
                    "2026-11-29T09:00:00Z"),
        FindingLine("Promyelocyte", 2, verdict=REFUTED, by="Ana", at="2026-11-29T08:00:00Z"),
        FindingLine("Neutrophils (total)", 0, "0.45", "10⁹/L"),
    )  # fmt: skip
    checks = (CheckLine("{n} leukocytes were counted; the target is {target}.",
                        (("n", "88"), ("target", "100")), "all there are"),)  # fmt: skip
    model = replace(plain, review=replace(plain.review, findings=findings, checks=checks))
    text = " ".join(text_of(render(model, lang=lang), tmp_path).split())
    for sentence in {
        "en": (
            "Critical finding: Blast, 4 cells. Seen and confirmed by Ana, 2026-11-29 09:00 UTC. "
            "Told: Dr. Weiss, 2026-11-29 09:05 UTC. known",
            "Critical finding refuted: 2 cells proposed as Promyelocyte",
            "Critical finding, not answered yet: Neutrophils (total), 0.45 10⁹/L.",
            "88 leukocytes were counted; the target is 100. — all there are",
        ),
        "fr": (
            "Résultat critique : Blaste, 4 cellules. Vu et confirmé par Ana, 29/11/2026 09:00 UTC.",
            "Résultat critique sans réponse : Neutrophiles (total), 0,45 10⁹/L.",
            "l'objectif est de 100. — all there are",
        ),
    }[lang]:
        assert sentence in text


@needs_poppler
def test_papers_have_their_sizes(plain: ReportModel, tmp_path: Path) -> None:
    for paper, size in (("a4", "595.28 x 841.89"), ("letter", "612 x 792")):
        path = write_pdf(plain, tmp_path / f"{paper}.pdf", fonts_dir=FONTS, paper=paper)
        info = subprocess.run(["pdfinfo", str(path)], capture_output=True, check=True, text=True).stdout
        assert size in info
        assert re.search(r"Tagged:\s+yes", info)
    with pytest.raises(ValueError, match="a5"):
        render(plain, paper="a5")


@needs_poppler
def test_hostile_text_in_every_field_is_only_text(tmp_path: Path) -> None:
    model = make_report(
        settings=LabSettings(header=ReportHeader(HOSTILE.replace("\x00\x07", "")[:100], ("{pages}",) * 6)),
        specimen=make_specimen(110, HOSTILE),
        run=make_run(
            record=RunRecord(remarks=(remark(VERBATIM, notice=HOSTILE),)),
            profile=HOSTILE,
            provider=HOSTILE,
            bundles={"classify": HOSTILE},
            parameters={HOSTILE: HOSTILE},
            skipped=tuple(SkippedFile(f"{i} {HOSTILE * 20}", HOSTILE) for i in range(300)),
        ),
    )
    fields = tuple(dataclasses.replace(f, value=HOSTILE * 5) for f in model.fields)
    model = dataclasses.replace(
        model,
        fields=fields,
        comments=tuple(Comment(HOSTILE, HOSTILE, HOSTILE * 40, tuple(range(500))) for _ in range(3)),
        signatures=(Signature(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 1),),
    )
    pdf = render(model)
    text = text_of(pdf, tmp_path)
    assert "{nb}" in text
    assert "\u202e" not in text
    assert "□" in text
    assert "and 285 more" in text
    assert "Page 1 /" in text
    assert b"/URI" not in pdf
    assert b"/JavaScript" not in pdf


@pytest.mark.parametrize("name", ["x" * 3000, "word " * 800, "", "\n\n\n", "🧬" * 300, "a\u0301" * 200])
def test_any_length_of_name_fits(name: str) -> None:
    model = make_report({"LY": 2}, specimen=make_specimen(2, name))
    model = dataclasses.replace(
        model,
        header=dataclasses.replace(model.header, laboratory=name, address=(name,) * 6),
        comments=(Comment(name, name, name),),
    )
    assert pages(render(model)) <= 4


def test_no_cells_at_all() -> None:
    model = make_report({}, specimen=make_specimen(0, kind=SpecimenKind.COUNTER))
    assert pages(render(model)) in (1, 2)


@needs_poppler
def test_four_hundred_cells_show_some_of_each_class(tmp_path: Path) -> None:
    model = make_report({"SNE": 240, "LY": 120, "MO": 40})
    pdf = render(model)
    text = text_of(pdf, tmp_path)
    assert "27 of 240 shown" in text
    assert pages(pdf) <= 5


@needs_poppler
def test_missing_and_broken_pictures_leave_an_empty_frame(tmp_path: Path) -> None:
    model = make_report(
        {"LY": 3, "MO": 3}, pictures=lambda c: b"" if c == "LY" else b"\xff\xd8broken", with_cams=False
    )
    assert text_of(render(model), tmp_path).count("no picture") == 5


@needs_poppler
def test_explained_cells_say_what_the_colours_mean_and_older_ones_what_they_were(
    plain: ReportModel, tmp_path: Path
) -> None:
    text = text_of(render(make_report(with_rivals=True)), tmp_path)
    assert "What the answer hinges on (occlusion maps)" in text
    assert text.count("against Monocyte") == LabSettings().gradcam_in_report
    assert "speaks for the proposed class" in text
    assert "no single place decides" in " ".join(text.split())
    assert "Grad-CAM" not in text
    former = text_of(render(plain), tmp_path)
    assert "What the classifier looked at (Grad-CAM)" in former
    assert "against Monocyte" not in former


@needs_poppler
def test_stamps_stand_on_every_page(tmp_path: Path) -> None:
    model = make_report(
        reviewed=False, run=make_run(status=RunStatus.CANCELLED), specimen=make_specimen(110, synthetic=True)
    )
    pdf = render(model)
    for page in text_of(pdf, tmp_path).split("\f")[: pages(pdf)]:
        for stamp in ("SYNTHETIC", "INCOMPLETE", "NOT SIGNED", "For Research Use Only"):
            assert stamp in page


@needs_poppler
def test_a_signature_says_who_when_and_what_it_means(plain: ReportModel, tmp_path: Path) -> None:
    signed = dataclasses.replace(
        plain,
        signatures=(
            Signature("A. Dupont", "2026-03-02T11:05:00Z", "Reviewed and approved", plain.sha256(), 1),
        ),
    )
    text = text_of(render(signed), tmp_path)
    assert "A. Dupont" in text
    assert "2026-03-02 11:05 UTC" in text
    assert "Reviewed and approved" in text
    assert plain.sha256()[:32] in text
    assert "NOT SIGNED" not in text


@pytest.mark.parametrize("rollup", ["full", "ten", "pbc8", "five"])
def test_every_roll_up_prints(rollup: str) -> None:
    assert pages(render(make_report(taxonomy=rollup, with_cams=False))) >= 2


def test_an_unwritable_folder_is_told_and_nothing_half_written_stays(
    plain: ReportModel, tmp_path: Path
) -> None:
    with pytest.raises(OutputNotWritable):
        write_pdf(plain, tmp_path / "none" / "r.pdf", fonts_dir=FONTS)
    target = tmp_path / "folder.pdf"
    target.mkdir()
    with pytest.raises(OutputNotWritable):
        write_pdf(plain, target, fonts_dir=FONTS)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.pdf"]


@pytest.mark.parametrize(
    ("highest", "end"), [(3, 5), (9, 10), (55, 60), (100, 100), (450, 500), (9000, 10000)]
)
def test_axes_end_at_round_numbers(highest: float, end: float) -> None:
    assert nice_axis(highest)[0] == end


def test_text_is_shortened_in_its_middle_and_wrapped_to_its_width() -> None:
    with contextlib.closing(Sheet(FONTS, paper="a4", lang="en", title="t", specimen="s")) as sheet:
        check_text(sheet)


def test_no_text_leaves_its_box_or_breaks_the_page() -> None:
    with contextlib.closing(Sheet(FONTS, paper="a4", lang="en", title="t", specimen="s")) as sheet:

        @settings(max_examples=rounds(40), deadline=None)
        @given(st.text(max_size=60), st.floats(4, 60))
        def try_it(text: str, width: float) -> None:
            sheet.type(8)
            assert sheet.measure(sheet.fitted(text, width)) <= width
            for line in sheet.wrap(text, width, most=5):
                assert sheet.measure(line) <= width or len(line) == 1
            sheet.put(20, 20, text, width)
            sheet.set_y(40)
            sheet.paragraph(text, indent=sheet.width - width, most=3)

        try_it()
        assert sheet.output()


def check_text(sheet: Sheet) -> None:
    sheet.type(9)
    short = sheet.fitted("specimen-with-a-very-long-name-0042.tiff", 30)
    assert sheet.measure(short) <= 30
    assert short.startswith("speci")
    assert short.endswith(f"ff {text_key('specimen-with-a-very-long-name-0042.tiff')}")
    lines = sheet.wrap("some words and onewordthatislongerthanthelineitself " * 3, 25)
    assert all(sheet.measure(line) <= 25 for line in lines)
    assert "".join(lines).replace(" ", "").count("onewordthatislongerthanthelineitself") == 3
    assert len(sheet.wrap("x " * 5000, 25, most=4)) == 4


@needs_poppler
def test_provenance_says_that_the_specimens_mix_was_used_and_what_it_weighed(tmp_path: Path) -> None:
    weights = {"SNE": 2.414, "LY": 1.02, "MO": 0.25, "BL": 1.0}
    prior_shift = PriorShift(weights, 137, ClassPrior(0.1, 15), 0.4)
    model = make_report(
        run=make_run(record=RunRecord(RunCounts(red_cells=2140), adaptation=prior_shift.to_record()))
    )
    english = " ".join(text_of(render(model), tmp_path).split())
    assert "specimen were used (137 nucleated cells): Monocyte × 0.25, Segmented neutrophil × 2.41" in english
    assert "Lymphocyte × " not in english
    assert "mix/" not in english
    french = " ".join(text_of(render(model, lang="fr"), tmp_path).split())
    assert (
        "ont été utilisées (137 cellules nucléées) : Monocyte × 0,25, Neutrophile segmenté × 2,41" in french
    )
    without = text_of(render(make_report(run=make_run())), tmp_path)
    assert "nucleated cells)" not in without


@needs_poppler
def test_all_that_was_made_of_a_specimen_is_told_to_its_last_word(tmp_path: Path) -> None:
    weights = dict.fromkeys(("SNE", "BNE", "VLY", "PMY", "SMU", "MMY"), 100.125)
    together = {
        "propagation": PropagationSettings(0.5, 1, 1, 0.1),
        "propagated_cells": 123456,
        "measured_cells": 123456,
    }
    prior_shift = PriorShift(weights, 123456, ClassPrior(0.3, 15), 0.4, **together)
    model = make_report(run=make_run(record=RunRecord(adaptation=prior_shift.to_record())))
    ends = {"en": "supported each other's class (123456 cells)", "fr": "mutuellement (123456 cellules)"}
    for lang, last in ends.items():
        text = " ".join(text_of(render(model, lang=lang), tmp_path).split())
        assert last in text
        assert (
            "texture of the cells were used" if lang == "en" else "texture des cellules ont été utilisées"
        ) in text


def test_a_mix_that_weighs_nothing_is_told_as_such() -> None:
    prior_shift = PriorShift({"SNE": 1.01, "LY": 0.99}, 3, ClassPrior(0.1, 15), 0.4)
    assert "no class's weight by 5 %" in adaptation_text(prior_shift)
    assert "le poids d’aucune classe de 5 %" in adaptation_text(prior_shift, "fr")


NAMES = (
    "王小明", "李娜", "桜子", "김철수", "박영희", "नमस्ते", "नमस्कार", "ለማ", "ሰላም",
    "Anna\u200bB", "AnnaB", "An\u200dnaB",
    "محمد علي", "علي محمد", "דוד כהן", "כהן דוד", "محمد 王小明", "محمد 李娜",
    "\ue000A", "\ue001A", "A\u0951", "A",
)  # fmt: skip


def test_no_two_names_print_as_two_equal_lines() -> None:
    with contextlib.closing(Sheet(FONTS, paper="a4", lang="en", title="t", specimen="s")) as sheet:
        sheet.type(9)
        for width in (30.0, 90.0):
            lines = [sheet.fitted(name, width) for name in NAMES]
            assert len(set(lines)) == len(NAMES)
            assert [sheet.fitted(name, width) for name in NAMES] == lines
        long = [sheet.fitted("x" * 100 + letter + "y" * 100, 60) for letter in "abc"]
        assert len(set(long)) == 3
        assert sheet.clean("王小明") == "王小明"
        assert sheet.clean("محمد علي") == "محمد علي"
        assert sheet.clean("김철수") == f"□□□ {text_key('김철수')}"
        assert sheet.clean("Zoe\u0308 Müller-O'Neill") == "Zoë Müller-O'Neill"


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_what_differs_prints_differently(one: str, other: str) -> None:
    printable = Printable(FONTS)

    def line(text: str) -> str:
        shown, lost = printable.clean(text)
        return shown + text_key(text) if lost else shown

    def same(text: str) -> str:
        return re.sub(r"\s", " ", unicodedata.normalize("NFC", text))

    assert (line(one) == line(other)) == (same(one) == same(other))


def test_arabic_letters_join_and_hebrew_runs_from_right_to_left() -> None:
    with contextlib.closing(Sheet(FONTS, paper="a4", lang="en", title="t", specimen="s")) as sheet:
        sheet.type(20)
        joined, single = sheet.measure("سبع"), sum(sheet.measure(c) for c in "سبع")
        assert joined < 0.9 * single
        sheet.put(20, 40, "אב", 60, size=20)
        sheet.put(20, 60, "א", 60, size=20)
        sheet.put(20, 80, "ב", 60, size=20)
        data = bytes(sheet.output())
    (drawn,) = (s.encode("latin-1") for s in contents(data))
    blocks = [re.findall(rb"\((.+?)\) Tj", b, re.DOTALL) for b in re.findall(rb"BT .*? ET", drawn, re.DOTALL)]
    pair, alef, bet = (b for b in blocks if b and len(b) < 3 and len(b[0]) < 5)
    assert pair == [*bet, *alef]  # drawn from the left: the last letter first

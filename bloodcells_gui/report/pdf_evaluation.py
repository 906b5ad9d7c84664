"""The evaluation as PDF: what was measured on what, per class, confusions, calibration, risk."""

from __future__ import annotations

from pathlib import Path

from bloodcells_gui.domain.formatting import labelled, number, unnamed_text
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.run_messages import remarks_text
from bloodcells_gui.domain.times import paper_text
from bloodcells_gui.report.adaptation_text import adaptation_text
from bloodcells_gui.report.csv_out import atomic_file
from bloodcells_gui.report.evaluation import Evaluation, Figure
from bloodcells_gui.report.model import RESEARCH_USE_ONLY
from bloodcells_gui.report.pdf import PAPERS, in_two_passes
from bloodcells_gui.report.pdf_layout import Column, Table
from bloodcells_gui.report.pdf_plots import Axes, matrix
from bloodcells_gui.report.pdf_sheet import ACCENT, BAND, MUTED, RULE, WARNING, Sheet


def write_evaluation_pdf(
    e: Evaluation, path: Path, *, fonts_dir: Path, paper: str = "a4", lang: str = "en"
) -> Path:
    """Figures and plots; ValueError for another paper, OutputNotWritable without the right to write."""
    if paper not in PAPERS:
        raise ValueError(f"no such paper: {paper}")

    def draw(pages: int) -> Sheet:
        sheet = Sheet(
            fonts_dir,
            paper=paper,
            lang=lang,
            title=tr("Evaluation of the models", lang),
            specimen=", ".join(d.name for d in e.data if d.name),
            foot=(tr(RESEARCH_USE_ONLY, lang), f"bloodcells_gui {e.app_version}"),
            pages=pages,
            created=e.created,
        )
        _head(sheet, e)
        _tiles(sheet, e)
        _classes(sheet, e)
        _confusion(sheet, e)
        _plots(sheet, e)
        _data(sheet, e)
        return sheet

    data = in_two_passes(draw).pdf
    with atomic_file(path, "wb") as stream:
        stream.write(data)
    return path


def _head(sheet: Sheet, e: Evaluation) -> None:
    sheet.put(
        sheet.left,
        12,
        sheet.tr("Evaluation of the models"),
        sheet.width,
        size=15,
        style="B",
        rgb=ACCENT,
        height=7,
        tag="H1",
    )
    names = ", ".join(d.name for d in e.data if d.name)
    line = f"{names}  ·  " if names else ""
    line += sheet.ngettext("{n} labelled cell", "{n} labelled cells", e.n)
    if e.created:
        line += "  ·  " + paper_text(e.created, sheet.lang_code)
    sheet.put(sheet.left, 19.6, line, sheet.width, size=9, rgb=MUTED, height=4.6)
    sheet.rule(25.4, ACCENT, 0.6)
    sheet.set_y(28)
    for remarks in e.scale_remarks:
        text = remarks_text(remarks, sheet.lang_code)
        sheet.paragraph(text, size=9, style="B", rgb=WARNING, most=6)
    if e.unnamed:
        text = unnamed_text(e.n, e.unnamed, sheet.lang_code)
        sheet.paragraph(text, size=9, style="B", rgb=WARNING, most=6)


def _percent(sheet: Sheet, value: float) -> str:
    return number(None if value != value else 100 * value, 1, sheet.lang_code, "–")  # noqa: PLR0124 - NaN


def _limits(sheet: Sheet, f: Figure) -> str:
    if f.value != f.value:
        return ""
    return f"{_percent(sheet, f.low95)} – {_percent(sheet, f.high95)}"


def _tiles(sheet: Sheet, e: Evaluation) -> None:
    kept = e.n - e.abstained
    tiles = (
        (N_("Accuracy"), f"{_percent(sheet, e.accuracy.value)} %", _limits(sheet, e.accuracy)),
        (
            N_("Balanced accuracy"),
            f"{_percent(sheet, e.balanced_accuracy)} %",
            sheet.tr("mean recall of the classes"),
        ),
        (
            N_("Without abstentions"),
            f"{_percent(sheet, e.accuracy_kept.value)} %",
            sheet.tr("{share} % of the cells", share=_percent(sheet, kept / e.n)),
        ),
        (N_("Calibration error"), f"{_percent(sheet, e.ece)} %", sheet.tr("expected (ECE)")),
    )
    gap = 4.0
    width = (sheet.width - 3 * gap) / 4
    y = sheet.y
    for i, (label, value, note) in enumerate(tiles):
        x = sheet.left + i * (width + gap)
        sheet.box(x, y, width, 18, BAND, radius=1)
        sheet.put(x + 3, y + 1.6, sheet.tr(label), width - 5, size=8, rgb=MUTED, height=4)
        sheet.put(x + 3, y + 5.6, value, width - 5, size=15, style="B", height=7)
        sheet.put(x + 3, y + 12.8, note, width - 5, size=7.5, rgb=MUTED, height=4)
    sheet.set_y(y + 19)


def _classes(sheet: Sheet, e: Evaluation) -> None:
    sheet.heading(sheet.tr("By class"), 30, sheet.tr("exact 95 % limits, sampling error only"))
    figures = [Column(sheet.tr("Cells"), 13.0)]
    for title, width in ((N_("Recall %"), 15.0), (N_("Precision %"), 17.0), (N_("F1 %"), 12.0)):
        limits = Column(sheet.tr("95 % limits"), 22.0, size=7.6, muted=True)
        figures += [Column(sheet.tr(title), width), limits]
    name = Column("", sheet.width - sum(c.width for c in figures), "L")
    table = Table(sheet, [name, *figures], swatches=True)
    table.head()
    for c in e.classes:
        texts = [sheet.tr(c.name), str(c.support)]
        for f in (c.recall, c.precision, c.f1):
            texts += [_percent(sheet, f.value), _limits(sheet, f)]
        table.row(texts, swatch=c.rgb)
    table.close()


def _confusion(sheet: Sheet, e: Evaluation) -> None:
    n = len(e.codes)
    sheet.heading(
        sheet.tr("Confusions"),
        8 + n * 7.0,
        sheet.tr("rows: label, columns: model; shaded by share of the row"),
    )
    y = sheet.y
    sheet.set_y(y + matrix(sheet, sheet.left, y, sheet.width, e.codes, e.confusion) + 2)


def _plots(sheet: Sheet, e: Evaluation) -> None:
    height = 46.0
    sheet.heading(sheet.tr("Calibration and abstention"), height + 18)
    y = sheet.y + 6
    width = (sheet.width - 34) / 2
    ticks = (0.0, 0.25, 0.5, 0.75, 1.0)
    left = Axes(sheet, sheet.left + 12, y, width, height, 1.0, 1.0)
    left.draw(ticks, ticks, sheet.tr("confidence"), sheet.tr("accuracy"))
    left.dashed((0, 0), (1, 1))
    left.line([(c, a) for c, a, _ in e.calibration])
    most = max((k for _, _, k in e.calibration), default=1)
    for c, a, k in e.calibration:
        left.dot(c, a, size=1.2 + 2.2 * (k / most) ** 0.5)

    highest = max((r for _, r, _ in e.risk_coverage), default=0.0)
    end = next((v for v in (0.02, 0.05, 0.1, 0.2, 0.5) if v > highest), 1.0)
    right = Axes(sheet, sheet.left + width + 34, y, width, height, 1.0, end)
    right.draw(
        ticks,
        [end * k / 5 for k in range(6)],
        sheet.tr("share of cells kept, most certain first"),
        sheet.tr("share of errors among them"),
    )
    right.line([(c, r) for c, r, _ in e.risk_coverage])
    kept = (e.n - e.abstained) / e.n
    if e.abstained:
        right.dashed((kept, 0), (kept, end), WARNING)
        px, _ = right.at(kept, 0)
        sheet.put(
            px - 41,
            y + 0.5,
            sheet.tr("the model's threshold"),
            40,
            size=6.5,
            rgb=WARNING,
            align="R",
            height=3.2,
        )
    sheet.set_y(y + height + 10)


def _data(sheet: Sheet, e: Evaluation) -> None:
    sheet.heading(sheet.tr("Data and models"), 16)
    for d in e.data:
        counts = ", ".join(f"{name} {k}" for name, k in d.classes)
        sheet.paragraph(labelled(f"{d.name or '–'} ({d.n})", counts, sheet.lang_code), size=8.5, most=8)
    if e.skipped:
        sheet.paragraph(
            sheet.tr("Files left out: {count}", count=e.skipped),
            size=8.5,
            rgb=WARNING,
        )
    for task, model in sorted(e.models.items()):
        sheet.paragraph(labelled(sheet.tr(task), model, sheet.lang_code), size=7.8, rgb=MUTED)
    if e.profile:
        sheet.paragraph(labelled(sheet.tr("Profile"), e.profile, sheet.lang_code), size=7.8, rgb=MUTED)
    if e.prior_shift is not None:
        said = adaptation_text(e.prior_shift, sheet.lang_code)
        text = labelled(sheet.tr("Whole specimen"), said, sheet.lang_code)
        sheet.paragraph(text, size=7.8, rgb=MUTED)
    sheet.rule(sheet.y + 1, RULE)

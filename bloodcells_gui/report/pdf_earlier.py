"""The comparison with an earlier film of the same patient or specimen."""

from __future__ import annotations

from bloodcells_gui.domain.earlier_films import HIGHER, EarlierFilm, EarlierRow
from bloodcells_gui.domain.film_messages import METHOD
from bloodcells_gui.domain.formatting import absolute, number, p_value
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.times import paper_text, typed_text
from bloodcells_gui.report.model import ReportModel
from bloodcells_gui.report.pdf_layout import Column, Table
from bloodcells_gui.report.pdf_sheet import INK, MUTED, WARNING, Sheet


def earlier_film(sheet: Sheet, model: ReportModel) -> None:
    """Counts of both films side by side, with P and what changed; nothing where nothing was compared."""
    film = model.earlier
    if film is None or not film.rows:
        return
    sheet.heading(sheet.tr("Earlier film"), 24, sheet.tr("same {number}", number=sheet.tr(film.matched)))
    sheet.paragraph(_origin(sheet, film), size=8.5, most=3)
    now = {(row.code, row.counts): row for row in model.differential.rows}
    shown = [row for row in film.rows if row.count or now[row.code, row.counts].count]
    with_absolute = any(r.absolute is not None or now[r.code, r.counts].absolute is not None for r in shown)
    amount = 20.0 if with_absolute else 0.0
    titles = (
        (N_("Now"), 13.0), ("%", 14.0), ("10⁹/L", amount), (N_("Before"), 17.0), ("%", 14.0),
        ("10⁹/L", amount), ("P", 18.0),
    )  # fmt: skip
    columns = [Column(sheet.tr(title), width) for title, width in titles]
    table = Table(
        sheet, [Column(sheet.tr("Class"), 44.0, "L"), *columns, Column(sheet.tr("Change"), 26.0, "L")]
    )
    table.head()
    for row in shown:
        _row(sheet, table, model, row)
    table.close()
    percent = number(100 * film.level, 0, sheet.lang_code)
    sheet.paragraph(sheet.tr(METHOD, percent=percent), size=7.2, rgb=MUTED)


def _origin(sheet: Sheet, film: EarlierFilm) -> str:
    text = sheet.ngettext(
        "Specimen {specimen}, {day}, {n} leukocyte; signed {signed}, version {version}, sha256 {sha}",
        "Specimen {specimen}, {day}, {n} leukocytes; signed {signed}, version {version}, sha256 {sha}",
        film.total,
        specimen=film.specimen,
        day=typed_text(film.day, sheet.lang_code),
        signed=paper_text(film.signed_at, sheet.lang_code) if film.signed_at else "–",
        version=film.version,
        sha=film.report_sha256[:16] + "…" if film.report_sha256 else "–",
    )
    if film.chosen:
        text += "  ·  " + sheet.tr("chosen by a person instead of the newest")
    return text


def _row(sheet: Sheet, table: Table, model: ReportModel, row: EarlierRow) -> None:
    lang = sheet.lang_code
    now = next(r for r in model.differential.rows if (r.code, r.counts) == (row.code, row.counts))
    share = now.percent if now.counts else now.per_100_wbc
    change = ""
    if row.change:
        change = sheet.tr("higher") if row.change == HIGHER else sheet.tr("lower")
    name = sheet.tr(row.name)
    if not row.counts:
        name = sheet.tr("{name}, per 100 WBC", name=name)
    texts = (
        name, str(now.count), number(share, 1, lang, "–"), absolute(now.absolute, lang), str(row.count),
        number(row.share, 1, lang, "–"), absolute(row.absolute, lang), p_value(row.p, lang), change,
    )  # fmt: skip
    table.row(texts, style="B" if row.change else "", rgb=WARNING if row.change else INK)

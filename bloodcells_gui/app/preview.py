"""The report before it is written: one page of rich text from the report model, or the exact PDF for a look.

A second drawing of the same model, so figures cannot differ from the PDF's; the layout does. Every text is
escaped: a patient's name is never markup. The exact PDF goes into a folder that nobody else can read, under
a name that says nothing, and is removed with :meth:`Preview.close`.
"""

from __future__ import annotations

import shutil
import tempfile
from html import escape
from pathlib import Path

from bloodcells_gui.app.export import ExportOptions, report_model
from bloodcells_gui.app.places import resources_dir
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain import wording
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.report.model import ReportModel
from bloodcells_gui.report.pdf import write_pdf

_SHOWN = 9
_SIDE = 64


class Preview:
    """What a report will say.

    Attributes
    ----------
    html : str
        The page; its pictures are named "asset:SHA256".
    assets : mapping
        SHA-256 -> JPEG or PNG bytes.
    """

    def __init__(self, session: CaseSession, options: ExportOptions) -> None:
        self._model = report_model(session, options)
        self._options = options
        self._paper = options.paper or session.settings.paper
        self._folder: Path | None = None
        self.html = html_of(self._model, options.lang)
        self.assets = self._model.assets

    def pdf(self) -> Path:
        """The exact PDF in a private folder; OutputNotWritable when there is no room for it."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="bloodcells-"))
        return write_pdf(
            self._model,
            self._folder / "preview.pdf",
            fonts_dir=resources_dir() / "fonts",
            paper=self._paper,
            lang=self._options.lang,
        )

    def close(self) -> None:
        """Remove what was written for the look."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def html_of(model: ReportModel, lang: str) -> str:
    """The model as simple rich text."""
    parts = [_head(model, lang), _fields(model, lang), _table(model, lang), _remarks(model, lang)]
    parts += [_morphology(model, lang), _comments(model, lang), _gallery(model, lang), _foot(model, lang)]
    return "<html><body>" + "".join(parts) + "</body></html>"


def _heading(text: str, lang: str) -> str:
    return f"<h3>{escape(tr(text, lang))}</h3>"


def _head(model: ReportModel, lang: str) -> str:
    logo = f"<img src='asset:{escape(model.header.logo)}' height='48'>" if model.header.logo else ""
    lines = [model.header.laboratory, *model.header.address]
    address = "<br>".join(escape(t) for t in lines if t)
    stamps = "".join(f"<b> [{escape(tr(s, lang))}]</b>" for s in model.stamps())
    title = escape(tr("Blood smear differential", lang))
    row = f"<tr><td>{address}</td><td align='right'>{logo}</td></tr>"
    return f"<table width='100%'>{row}</table><h2>{title}{stamps}</h2>"


def _fields(model: ReportModel, lang: str) -> str:
    rows = f"<tr><td>{escape(tr('Specimen', lang))}</td><td><b>{escape(model.specimen)}</b></td></tr>"
    for line in model.fields:
        value = escape(line.value).replace("\n", "<br>")
        unit = f" {escape(line.unit)}" if line.unit else ""
        rows += f"<tr><td>{escape(tr(line.label, lang))}</td><td>{value}{unit}</td></tr>"
    return f"<table cellpadding='2'>{rows}</table>"


def _table(model: ReportModel, lang: str) -> str:
    def cell(text: str) -> str:
        return f"<td align='right'>{escape(text)}</td>"

    table = model.differential
    head = ("Class", "Count", "%", "95 % limits", "10⁹/L", "Reference")
    rows = "".join(
        f"<th align='{'left' if i == 0 else 'right'}'>{escape(tr(t, lang))}</th>" for i, t in enumerate(head)
    )
    rows = f"<tr>{rows}</tr>"
    for row in (*table.rows, *table.totals):
        share = row.percent if row.counts else row.per_100_wbc
        limits = ""
        if row.low95 is not None and row.high95 is not None:
            limits = f"{wording.number(row.low95, 1, lang)} – {wording.number(row.high95, 1, lang)}"
        reference = ""
        if row.ref_low is not None and row.ref_high is not None:
            reference = f"{wording.compact(row.ref_low, lang)} – {wording.compact(row.ref_high, lang)}"
        flag = f" {row.flag}" if row.flag else ""
        name = escape(tr(row.name, lang)) + ("" if row.counts else " *")
        rows += (
            f"<tr><td>{name}</td>{cell(str(row.count))}{cell(wording.number(share, 1, lang))}{cell(limits)}"
            f"{cell(wording.absolute(row.absolute, lang) + flag)}{cell(reference)}</tr>"
        )
    outside = escape(tr("Outside the 100 %, per 100 leukocytes", lang))
    return (
        _heading("Differential", lang)
        + f"<p>{escape(tr('Leukocytes counted', lang))}: <b>{table.total}</b></p>"
        + f"<table cellpadding='3' width='100%'>{rows}</table><p>* {outside}</p>"
    )


def _remarks(model: ReportModel, lang: str) -> str:
    lines = [wording.remark_text(r, lang) for r in (*model.differential.remarks, *model.platelets)]
    return "<ul>" + "".join(f"<li>{escape(t)}</li>" for t in lines) + "</ul>" if lines else ""


def _morphology(model: ReportModel, lang: str) -> str:
    if not model.grades:
        return ""
    rows = "".join(
        f"<tr><td>{escape(tr(g.name, lang))}</td><td><b>{escape(tr(g.grade, lang))}</b></td></tr>"
        for g in model.grades
    )
    return _heading("Morphology", lang) + f"<table cellpadding='2'>{rows}</table>"


def _comments(model: ReportModel, lang: str) -> str:
    if not model.comments:
        return ""
    lines = "".join(
        f"<p>{escape(c.text)}<br><small>{escape(c.author)}, {escape(c.time)}</small></p>"
        for c in model.comments
    )
    return _heading("Comments", lang) + lines


def _gallery(model: ReportModel, lang: str) -> str:
    out = ""
    for row in model.gallery:
        pictures = "".join(
            f"<img src='asset:{escape(t.picture)}' width='{_SIDE}' height='{_SIDE}'> "
            for t in row.thumbs[:_SHOWN]
            if t.picture
        )
        out += f"<p><b>{escape(tr(row.name, lang))}</b> ({row.total})<br>{pictures}</p>"
    return _heading("Cells", lang) + out if out else ""


def _foot(model: ReportModel, lang: str) -> str:
    signed = "".join(
        f"<p>{escape(s.author)}, {escape(s.time)}: {escape(tr(s.meaning, lang))}</p>"
        for s in model.signatures
    )
    profiles = sorted({run.profile for run in model.runs if run.profile})
    named = f"<p>{escape(tr('Profile', lang))}: {escape(', '.join(profiles))}</p>" if profiles else ""
    purpose = escape(tr(model.research_use, lang))
    return f"{signed}{named}<p><small>{purpose}<br>sha256 {model.sha256()}</small></p>"

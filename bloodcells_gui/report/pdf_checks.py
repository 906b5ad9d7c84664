"""The answers before the signature: critical findings and open points."""

from __future__ import annotations

from bloodcells_gui.domain import check_messages  # noqa: F401 (its counted templates)
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.findings import CONFIRMED, REFUTED
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.times import paper_text
from bloodcells_gui.report.model import CheckLine, FindingLine, ReportModel
from bloodcells_gui.report.pdf_sheet import CRITICAL, INK, MUTED, Sheet


def findings(sheet: Sheet, model: ReportModel) -> None:
    """Each critical finding with what came of it, who was told and when."""
    for line in model.review.findings:
        rgb = INK if line.verdict else CRITICAL
        sheet.paragraph(finding_text(sheet, line), size=8.5, rgb=rgb, most=8)


def finding_text(sheet: Sheet, line: FindingLine) -> str:
    """One finding in words."""
    name, lang = sheet.tr(line.name), sheet.lang_code
    if line.verdict == REFUTED and line.count:
        return sheet.ngettext(
            "Critical finding refuted: {n} cell proposed as {name} was given another class or taken out by "
            "{by}, {at}.",
            "Critical finding refuted: {n} cells proposed as {name} were given another class or taken out by "
            "{by}, the last {at}.",
            line.count, name=name, by=line.by, at=paper_text(line.at, lang),
        )  # fmt: skip
    amount = f"{line.value} {sheet.tr(line.unit)}"
    if line.count:
        amount = sheet.ngettext("{n} cell", "{n} cells", line.count)
    amount = amount.replace(".", ",") if lang == "fr" else amount
    if not line.verdict:
        return sheet.tr("Critical finding, not answered yet: {name}, {amount}.", name=name, amount=amount)
    text = (
        N_("Critical finding: {name}, {amount}. Seen and confirmed by {by}, {at}.")
        if line.verdict == CONFIRMED
        else N_("Critical finding: {name}, {amount}. Refuted by {by}, {at}.")
    )
    parts = [sheet.tr(text, name=name, amount=amount, by=line.by, at=paper_text(line.at, lang))]
    if line.told and line.told_at:
        at = paper_text(line.told_at, lang)
        parts.append(sheet.tr("Told: {told}, {at}.", told=line.told, at=at))
    elif line.told:
        parts.append(sheet.tr("Told: {told}.", told=line.told))
    return " ".join([*parts, *([line.note] if line.note else [])])


def checks(sheet: Sheet, model: ReportModel) -> None:
    """Each open point with the signer's answer."""
    if not model.review.checks:
        return
    sheet.paragraph(sheet.tr("Open points, answered for the signature:"), size=8.5)
    for line in model.review.checks:
        answer = line.answer or sheet.tr("(left out: anonymised)")
        text = f"{check_text(line, sheet.lang_code)} — {answer}"
        sheet.paragraph(text, indent=3, size=8.5, rgb=MUTED, most=6)


def check_text(line: CheckLine, lang: str) -> str:
    """What stood against the signature, in words."""
    return remark_text(Remark(line.text, line.params), lang)

"""Read the report that a case was signed with: check it against its hash, add its pictures."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bloodcells_gui.app.red_cell_report import pictures_of
from bloodcells_gui.app.red_cells import CaseRedCells
from bloodcells_gui.app.report_explanations import overlay_heatmaps
from bloodcells_gui.domain.differential import Differential
from bloodcells_gui.domain.explanation import MapKind
from bloodcells_gui.domain.remarks import TARGET_RULE
from bloodcells_gui.imaging.io.own_pictures import own_jpegs
from bloodcells_gui.report.logo import load_logo
from bloodcells_gui.report.model import ReportModel, digest, from_json
from bloodcells_gui.storage.case import FrozenReport

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession


def signed_content(session: CaseSession) -> FrozenReport | None:
    """What the signatures of this version are under, byte for byte; None while the case is not signed.

    Raises
    ------
    CaseDamaged
        When it is not what was signed, or is gone.
    """
    if not session.state.signed:
        return None
    named = {s.report_sha256 for s in session.state.signatures if s.version == session.state.version} - {""}
    for frozen in reversed(session.store.frozen_reports()):
        if frozen.sha256 in named:
            return frozen
    if named:
        raise session.store.not_as_written(f"report {min(named)[:12]}")
    return None


def signed_table(session: CaseSession) -> tuple[Differential, int] | None:
    """The table that was signed, and the leukocytes that were to be counted; None while it is not signed.

    The second is 0 where nothing was to be counted, or as many were. Settings that the laboratory changed
    later have no part in it.

    Raises
    ------
    CaseDamaged
        As :func:`frozen_report`.
    """
    frozen = signed_content(session)
    if frozen is None:
        return None
    with session.store.decoding("signed report"):
        table = from_json(frozen.report).differential
        said = [dict(remark.params)["target"] for remark in table.remarks if remark.rule == TARGET_RULE]
        return table, int(said[0]) if said else 0


def frozen_report(session: CaseSession) -> ReportModel | None:
    """The report as it was signed, when the case stands signed; its pictures from the case.

    A picture that is not the one that was signed is missing.

    Raises
    ------
    CaseDamaged
        As :func:`signed_content`, and when the report cannot be read.
    """
    frozen = signed_content(session)
    if frozen is None:
        return None
    with session.store.decoding("signed report"):
        model = from_json(frozen.report)
    thumbs = [t for row in model.gallery for t in row.thumbs]
    pictures = own_jpegs(session.store.thumbnails([t.cell for t in thumbs]))
    signed = {t.cell: pictures[t.cell] for t in thumbs if digest(pictures.get(t.cell, b"")) == t.picture}
    assets = {digest(data): data for data in signed.values()}
    # Reports that were signed before there were occlusion maps have Grad-CAM, which knows no rival.
    kind = MapKind.OCCLUSION if any(t.rival for t in thumbs) else MapKind.GRAD_CAM
    explained = overlay_heatmaps(signed, session.store.report_maps(frozen.sha256), kind)
    # Drawn anew from the map that was sealed with the report, under the name that the report has for it.
    assets |= {t.cam: explained[t.cell] for t in thumbs if t.cam and t.cell in explained}
    if model.red_cells is not None:  # cut out anew from the field that was sealed, likewise
        red = [t for line in model.red_cells.lines for t in line.thumbs if t.picture]
        there = pictures_of(CaseRedCells(session), (t.cell for t in red))
        assets |= {t.picture: there[t.cell] for t in red if t.cell in there}
    logo = load_logo(session.settings.header.logo) if model.header.logo else b""
    if digest(logo) == model.header.logo:
        assets[model.header.logo] = logo
    return dataclasses.replace(
        model, signatures=tuple(session.state.signatures), frozen=frozen.sha256, assets=assets
    )

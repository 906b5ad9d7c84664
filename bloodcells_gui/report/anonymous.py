"""Remove from a report whatever could identify the patient.

Works on the finished model, so that a signed report can be handed on too: its signature then names the hash
of the report as it was signed, and the anonymised one has a hash of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.flat_record import notice_of
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.remarks import AMENDED, AMENDED_NO_REASON
from bloodcells_gui.domain.run_messages import without_names
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.specimen import Specimen
from bloodcells_gui.domain.tags import DEFAULT_TAGS
from bloodcells_gui.report.model import ReportModel, ReviewBlock, RunBlock


def anonymised(model: ReportModel, settings: LabSettings, pseudonym: str) -> ReportModel:
    """The report without identifying fields, specimen number, names of files and free text.

    Free text may name anybody, so of the comments those stay that are canned texts of the laboratory, of the
    tags those that are on its list, and of
    the form only fields that it declares and does not mark as identifying. The persons who reviewed and
    signed stay.
    """
    harmless = {f.name for f in settings.fields if not f.identifying}
    canned = {_plain(t) for t in settings.comments}
    offered = {*DEFAULT_TAGS, *settings.cell_tags}
    return dataclasses.replace(
        model,
        specimen=pseudonym,
        fields=tuple(f for f in model.fields if f.name in harmless),
        comments=tuple(c for c in model.comments if _plain(c.text) in canned),
        gallery=tuple(
            dataclasses.replace(
                row,
                thumbs=tuple(
                    dataclasses.replace(t, image="", tags=tuple(x for x in t.tags if x in offered))
                    for t in row.thumbs
                ),
            )
            for row in model.gallery
        ),
        tags=tuple(line for line in model.tags if line.tag in offered),
        review=_without_words(model.review),
        differential=dataclasses.replace(
            model.differential, remarks=tuple(map(_without_reason, model.differential.remarks))
        ),
        skipped=(),
        order=None,
        earlier=None,  # another specimen's number, and a link between the two
        runs=tuple(map(_run_without_names, model.runs)),
        red_cells=model.red_cells
        and dataclasses.replace(model.red_cells, remarks=without_names(model.red_cells.remarks)),
        anonymised=True,
        frozen="",
    )


def _run_without_names(run: RunBlock) -> RunBlock:
    remarks = without_names(run.record.remarks)
    record = dataclasses.replace(run.record, remarks=remarks)
    return dataclasses.replace(run, notice=notice_of(remarks), record=record)


def _without_words(review: ReviewBlock) -> ReviewBlock:
    """The review without what persons wrote in words of their own: it may name people."""
    return dataclasses.replace(
        review,
        explanation="",
        checks=tuple(dataclasses.replace(c, answer="") for c in review.checks),
        findings=tuple(dataclasses.replace(f, told="", note="") for f in review.findings),
    )


def _without_reason(remark: Remark) -> Remark:
    """The remark on an amendment without the reason, a person's own words; any other as it is."""
    if remark.text != AMENDED:
        return remark
    kept = tuple((name, value) for name, value in remark.params if name != "reason")
    return dataclasses.replace(remark, text=AMENDED_NO_REASON, params=kept)


def pseudonym(seed: str) -> str:
    """What stands for a specimen: the same for every export of one case, and no way back."""
    return f"anonymous-{seed[:10]}"


def anonymous_specimen(specimen: Specimen, name: str) -> Specimen:
    """The specimen under another name, its images by number."""
    images = tuple(
        dataclasses.replace(image, name=f"image-{n:06d}") for n, image in enumerate(specimen.images, start=1)
    )
    return dataclasses.replace(specimen, id=name, images=images)


def anonymous_skipped(skipped: Iterable[SkippedFile]) -> list[SkippedFile]:
    """Files left out, by number; a reason that repeats a name loses it."""
    found = []
    for n, file in enumerate(skipped, start=1):
        path = f"file-{n:06d}"
        reason = file.reason
        for known in (file.path, file.path.replace("\\", "/").rsplit("/", 1)[-1]):
            reason = reason.replace(known, path) if known else reason
        found.append(SkippedFile(path, reason))
    return found


def anonymous_words(error: UserError, lang: str = "en") -> str:
    """What an error says in `lang`, without what was filled in: paths, names of files."""
    blanks = dict.fromkeys(error.params, "…")
    return " ".join(tr(part, lang, **blanks) for part in (error.what, error.why, error.what_to_do) if part)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()

"""Write a case as PDF and CSV, both from one report model."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from bloodcells_gui import __version__
from bloodcells_gui.app.cell_views import decode_mask
from bloodcells_gui.app.data_folders import resources_dir
from bloodcells_gui.app.earlier_films import FilmFinder, FoundFilms
from bloodcells_gui.app.held_settings import with_one_version
from bloodcells_gui.app.platelets import numeration_of_case, platelets_of_case
from bloodcells_gui.app.rare_cells import result_of_case, write_rare_json
from bloodcells_gui.app.reader_limits import limits_of_case
from bloodcells_gui.app.red_cell_report import with_red_cells
from bloodcells_gui.app.red_cells import CaseRedCells
from bloodcells_gui.app.report_explanations import ReportMap, explanation_maps, overlay_heatmaps
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signed_report import frozen_report
from bloodcells_gui.app.signing_checks import answered_checks, finding_lines
from bloodcells_gui.domain.analysis import SkippedFile, left_out
from bloodcells_gui.domain.attributes import WORD_TAGS
from bloodcells_gui.domain.csv_text import csv_dialect
from bloodcells_gui.domain.errors import OutputNotWritable
from bloodcells_gui.domain.explanation import MapKind
from bloodcells_gui.domain.file_names import numbered
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.domain.settings import CODES
from bloodcells_gui.domain.specimen import Specimen, SpecimenKind
from bloodcells_gui.domain.tags import DEFAULT_TAGS
from bloodcells_gui.imaging.contours import mask_to_image
from bloodcells_gui.imaging.io.discover import IGNORE_MARKER
from bloodcells_gui.imaging.io.limits import DecodeLimits
from bloodcells_gui.imaging.io.own_pictures import own_jpegs
from bloodcells_gui.imaging.io.page_names import with_suffix
from bloodcells_gui.pipeline.encoding import encode_png
from bloodcells_gui.report import csv_out, csv_red_cells
from bloodcells_gui.report.anonymous import (
    anonymised,
    anonymous_skipped,
    anonymous_specimen,
    pseudonym,
)
from bloodcells_gui.report.build import build_report
from bloodcells_gui.report.model import ReportModel
from bloodcells_gui.report.table_names import table_names

_WINDOWS = os.name == "nt"
_CASELESS = sys.platform in ("win32", "darwin")
_DRIVE = re.compile(r"^[A-Za-z]:")
_DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}
)


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What a person may choose about the files; None takes the laboratory's setting.

    `csv` names a dialect of `domain/csv_text.py`; `csv_names` "codes" or "words" (`report/table_names.py`).
    `red_cells_list` writes every examined red cell into a table of its own.
    """

    taxonomy: str | None = None
    paper: str | None = None
    lang: str = "en"
    save_masks: bool = False
    anonymised: bool | None = None
    csv: str | None = None
    csv_names: str = CODES
    red_cells_list: bool = False


def prepare_folder(path: Path) -> None:
    """Make sure that results can be written to `path` before hours of work are spent.

    Raises
    ------
    OutputNotWritable
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".bloodcells-write-test"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as e:
        raise OutputNotWritable(
            "The results cannot be written to {path}.",
            "{why}.",
            "Choose another folder, free some space, or ask for the right to write there.",
            path=path,
            why=e.strerror or e,
        ) from e


@with_one_version
def live_report_model(
    session: CaseSession, options: ExportOptions, maps: Mapping[int, ReportMap] | None = None
) -> ReportModel:
    """The report of this moment, whether or not an earlier one is signed; `maps` are computed when None.

    It is compared with no earlier film yet: see :func:`compared_report`.
    """
    maps = explanation_maps(session) if maps is None else maps
    model = build_report(
        session.specimen,
        session.runs,
        session.cells,
        session.state,
        session.differential(options.taxonomy),
        session.settings,
        lang=options.lang,
        app_version=__version__,
        thumbnails=lambda ids: own_jpegs(session.store.thumbnails(ids)),
        cams=overlay_heatmaps(
            own_jpegs(session.store.thumbnails(maps)),
            {cell: m.png for cell, m in maps.items()},
            MapKind.OCCLUSION,
        ),
        rivals={cell: m.rival for cell, m in maps.items()},
        checks=answered_checks(session),
        findings=finding_lines(session),
    )
    model = replace(model, reader=limits_of_case(session), rare=result_of_case(session))
    model = replace(model, platelet_report=platelets_of_case(session), numeration=numeration_of_case(session))
    return with_red_cells(model, session)


def compared_report(model: ReportModel, found: FoundFilms | None) -> ReportModel:
    """A report of the moment with the comparison with an earlier film, or why there is none."""
    return model if found is None else replace(model, earlier=found.against(model.differential))


@with_one_version
def report_to_compare(session: CaseSession, options: ExportOptions) -> tuple[ReportModel, FilmFinder | None]:
    """What a report says, and what finds the films that :func:`compared_report` is to compare it with.

    It is the signed one where the case stands signed (in the same roll-up), else today's. There is no finder
    where the report has its comparison, or must not have one.
    """
    frozen, finder = frozen_report(session), None
    if frozen is not None and options.taxonomy in (None, frozen.differential.rollup):
        model = replace(frozen, lang=options.lang, created=utc_now())
    else:
        model = live_report_model(session, options)
        if not is_anonymised(session, options):
            finder = FilmFinder(session, model.differential.rollup)
    model = replace(model, head=session.store.head())
    if is_anonymised(session, options):
        model = anonymised(model, session.settings, pseudonym(session.store.seed()))
    return model, finder


def report_model(session: CaseSession, options: ExportOptions) -> ReportModel:
    """What a report says, compared with the earlier film; reads the folder of cases."""
    model, finder = report_to_compare(session, options)
    return model if finder is None else compared_report(model, finder())


def is_anonymised(session: CaseSession, options: ExportOptions) -> bool:
    """Whether what identifies the patient is left out."""
    wish = options.anonymised
    return session.settings.privacy.anonymised_export if wish is None else wish


def folder_name(session: CaseSession) -> str:
    """What a folder for the case's report is called by itself; no specimen number where exports have none."""
    anonymous = is_anonymised(session, ExportOptions())
    return safe_folder_name(pseudonym(session.store.seed()) if anonymous else session.specimen.id)


@with_one_version
def export(session: CaseSession, out: Path, options: ExportOptions) -> list[Path]:
    """Write cells.csv, differential.csv, skipped.csv, report.pdf and, when asked for, masks/ into `out`.

    Where the report has limits that include the reader, a search for rare cells, or examined red cells,
    reader_limits.csv, rare_cells.json and red_cells.csv hold them too.

    Every file appears whole or not at all.

    Raises
    ------
    OutputNotWritable
    CaseDamaged
        When something in the case is not as it was written; nothing is written then.
    """
    # Late: what writes PDF takes a sixth of the window's start to load.
    from bloodcells_gui.report.pdf import write_pdf

    session.store.check_seals()
    prepare_folder(out)
    try:
        model = report_model(session, options)
        specimen, skipped = session.specimen, all_skipped(session)
        if model.anonymised:  # names of files may be names of people
            specimen, skipped = anonymous_specimen(specimen, model.specimen), anonymous_skipped(skipped)
        dialect = csv_dialect(options.csv or session.settings.csv, options.lang)
        names = table_names(options.csv_names, options.lang)
        cells, state = session.cells, session.state
        files = [
            csv_out.write_cells_csv(
                out / "cells.csv",
                specimen,
                session.runs,
                cells,
                state,
                dialect,
                names,
                tags=_tags(session, only_offered=model.anonymised),
            ),
            csv_out.write_differential_csv(out / "differential.csv", model.differential, dialect, names),
            csv_out.write_skipped_csv(out / "skipped.csv", skipped, dialect, names),
            write_pdf(
                model,
                out / "report.pdf",
                fonts_dir=resources_dir() / "fonts",
                paper=options.paper or session.settings.paper,
                lang=options.lang,
            ),
        ]
        files += _further_tables(session, out, model, specimen, options)
        if options.save_masks:
            files.append(write_masks(session, out / "masks", specimen))
    except OSError as e:
        raise OutputNotWritable(
            "Not all results could be written to {path}.",
            "{why}.",
            "The case file is safe. Free some space or choose another folder, then export again.",
            path=out,
            why=e.strerror or e,
        ) from e
    return files


def _further_tables(
    session: CaseSession, out: Path, model: ReportModel, specimen: Specimen, options: ExportOptions
) -> list[Path]:
    """What not every report has: limits that include the reader, a search for rare cells, red cells."""
    dialect = csv_dialect(options.csv or session.settings.csv, options.lang)
    names = table_names(options.csv_names, options.lang)
    files = []
    if model.reader is not None:
        files.append(csv_out.write_reader_csv(out / "reader_limits.csv", model.reader, dialect, names))
    if model.rare is not None:
        path = out / "rare_cells.json"
        files.append(write_rare_json(path, session, model.rare, names=not model.anonymised))
    if model.red_cells is not None:
        path = out / "red_cells.csv"
        files.append(csv_red_cells.write_red_cells_csv(path, model.red_cells, dialect, names))
        if options.red_cells_list:
            red, images = CaseRedCells(session), [ref.name for ref in specimen.images]
            path = out / "red_cells_list.csv"
            files.append(
                csv_red_cells.write_red_cells_list_csv(path, images, red.cells, red.finals(), dialect, names)
            )
    return files


def _tags(session: CaseSession, *, only_offered: bool) -> dict[int, list[str]]:
    """The tags of each cell; `only_offered`: without words that no list holds, for they may name people."""
    offered = {*DEFAULT_TAGS, *session.settings.cell_tags, *WORD_TAGS}
    tags = session.state.tags.items()
    return {i: [t for t in own if not only_offered or t in offered] for i, own in tags}


def all_skipped(session: CaseSession) -> list[SkippedFile]:
    """Files left out in any run, each once."""
    return left_out(session.runs, session.specimen)


def write_masks(session: CaseSession, folder: Path, specimen: Specimen) -> Path:
    """8-bit PNG masks: one per image at its own size for crops, one per cell's window otherwise.

    `specimen` names the images. A marker file keeps the folder from being taken for photographs when its
    parent is analysed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / IGNORE_MARKER).touch()
    crops = session.specimen.kind is SpecimenKind.CROPS
    taken: set[str] = set()
    for cell in session.cells:
        if cell.run < 0 or not session.state.present(cell.id):
            continue
        assets = session.assets(cell.id)
        mask = decode_mask(assets.mask)
        if crops:
            if cell.image >= len(specimen.images):
                continue
            ref = specimen.images[cell.image]
            if ref.size_px[0] * ref.size_px[1] > DecodeLimits().max_pixels:  # no crop that was ever decoded
                raise session.store.not_as_written(f"image {cell.image}")
            if min(ref.size_px) > 0:  # else the window's own mask is all there is
                mask = mask_to_image(mask, assets.crop_px, ref.size_px)
            name = mask_name(ref.name, taken)
        else:
            name = f"cell-{cell.id:06d}.png"
        target = _inside(folder, name)
        with csv_out.atomic_file(target, "wb") as stream:
            stream.write(encode_png(mask))
    return folder


def mask_name(image: str, taken: set[str]) -> str:
    """Relative path of an image's mask: its own with suffix .png, kept inside the folder and unique.

    Names come from a case, which may come from another system: what is part of a name there may lead out of
    the folder here.
    """
    parts = [_own_part(p) for p in PurePosixPath(image).parts if p.strip("/") not in ("", "..", ".")]
    path = PurePosixPath(*parts) if parts else PurePosixPath("image")
    name, n = with_suffix(str(path), ".png"), 2
    while _as_this_system_sees_it(name) in taken:
        name, n = f"{path}.png" if n == 2 else f"{path}-{n}.png", n + 1
    taken.add(_as_this_system_sees_it(name))
    return name


def _own_part(name: str) -> str:
    """One part of a path without what would lead elsewhere: separators of Windows, drive letters, devices."""
    name = name.replace("\\", "_").replace("\0", "_")
    if _DRIVE.match(name) or _WINDOWS:
        name = name.replace(":", "_")
    if _WINDOWS:
        name = re.sub(r'[<>"|?*\x00-\x1f]', "_", name).rstrip(" .") or "_"
        name = f"_{name}" if _is_device(name) else name
    return f"_{name}" if name.strip(". ") == "" else name


def _as_this_system_sees_it(name: str) -> str:
    return name.casefold() if _CASELESS else name


def _is_device(name: str) -> bool:
    """Whether Windows takes a file of this name for a device, whatever its suffix."""
    return name.split(".", maxsplit=1)[0].rstrip(" ").upper() in _DEVICES


def _inside(folder: Path, name: str) -> Path:
    """A file of that name in `folder`; a link that was put there must not lead out of it."""
    target = folder / name
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        target = folder / name.replace("/", "_")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def safe_folder_name(text: str, taken: Sequence[str] = ()) -> str:
    """A folder name on any system for a specimen called `text`, unlike those `taken` already."""
    kept = "".join(c if c.isalnum() or c in "-_. ()" else "_" for c in text).strip(" .")[:80] or "specimen"
    if _WINDOWS and _is_device(kept):
        kept = f"_{kept}"
    used = {t.casefold() for t in taken}
    return next(name for name in numbered(kept, number="-{}") if name.casefold() not in used)

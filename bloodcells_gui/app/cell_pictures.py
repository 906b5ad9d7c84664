"""Save chosen cells as PNG pictures with a scale bar: one file a cell, or one contact sheet."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells_gui.app.data_folders import resources_dir
from bloodcells_gui.app.export import safe_folder_name
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.cell import cell_number
from bloodcells_gui.domain.errors import UserError, system_reason
from bloodcells_gui.domain.event_words import class_name
from bloodcells_gui.domain.file_names import numbered
from bloodcells_gui.domain.formatting import compact
from bloodcells_gui.domain.i18n import N_, ngettext, tr
from bloodcells_gui.domain.left_out import OWN_SOFTWARE
from bloodcells_gui.domain.specimen import ASKS_FOR_SCALE, ScaleSource
from bloodcells_gui.domain.taxonomy import UNIDENTIFIED
from bloodcells_gui.report.csv_out import atomic_file
from bloodcells_gui.report.model import RESEARCH_USE_ONLY

if TYPE_CHECKING:  # what draws takes its time to load, and few starts of the window need it
    from PIL import Image, ImageFont

MOST_ON_A_SHEET = 400
NO_SCALE = N_("No scale")
_BARS_UM = (50.0, 20.0, 10.0, 5.0, 2.0, 1.0)
_WIDEST_BAR = 0.4
_LEAST_SIDE, _SHEET_SIDE, _COLUMNS = 320, 220, 6
_GAP, _STRIP, _FOOT = 12, 46, 34
_INK, _MUTED = (26, 32, 40), (92, 102, 114)


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """How pictures of cells are saved.

    Attributes
    ----------
    sheet : bool
        All on one contact sheet; else one file a cell.
    name_class, name_number : bool
        Whether names of files and captions hold the class and the number of the cell.
    codes : bool
        Codes of the classes instead of their names.
    specimen : bool
        Whether names of files and the sheet hold the specimen number, which identifies the patient.
    """

    sheet: bool = False
    name_class: bool = True
    name_number: bool = True
    codes: bool = False
    specimen: bool = False
    lang: str = "en"


@dataclass(frozen=True, slots=True)
class SavedPictures:
    """What was written: the files, how many cells have no scale bar, how many come from the case alone."""

    files: tuple[Path, ...]
    cells: int
    without_scale: int
    from_case: int


@dataclass(frozen=True, slots=True)
class _Picture:
    image: Image.Image
    um_per_px: float | None
    estimated: bool
    from_image: bool


def save_pictures(
    session: CaseSession, ids: Sequence[int], target: Path, options: PictureOptions
) -> SavedPictures:
    """Write pictures of cells; nothing that is there already is replaced. Thread-safe.

    Parameters
    ----------
    ids : sequence of int
        In the order of the files or of the sheet.
    target : Path
        A folder, or with `options.sheet` the file to write.

    Raises
    ------
    UserError
        When a picture cannot be written, or there are too many for one sheet.
    """
    if options.sheet and len(ids) > MOST_ON_A_SHEET:
        raise UserError(
            "{n} cells are too many for one sheet.",
            "",
            "Choose at most {most}, or save one picture a cell.",
            n=len(ids),
            most=MOST_ON_A_SHEET,
        )
    pictures = {cell_id: _picture(session, cell_id) for cell_id in ids} if options.sheet else {}
    files, seen = [], []
    try:
        if options.sheet:
            files.append(_write(_sheet(session, pictures, options), target))
            seen = list(pictures.values())
        else:
            target.mkdir(parents=True, exist_ok=True)
            taken = {p.name.casefold() for p in target.iterdir()}
            for cell_id in ids:
                picture = _picture(session, cell_id)
                name = _free_name(_stem(session, cell_id, options, len(files) + 1), taken)
                side = max(_LEAST_SIDE, picture.image.width)
                caption = _captions(session, cell_id, options)
                files.append(_write(_tile(picture, side, caption, options.lang), target / name))
                seen.append(picture)
    except OSError as error:
        raise UserError(
            "The pictures could not be written to {path}.",
            "The system says: {reason}.",
            "Choose another folder or free some space; nothing that is there was replaced.",
            path=target,
            reason=system_reason(error),
        ) from error
    without = sum(p.um_per_px is None for p in seen)
    return SavedPictures(tuple(files), len(seen), without, sum(not p.from_image for p in seen))


def bar_of(um_per_px: float, side_px: int) -> tuple[float, int]:
    """Length in um and in px of the longest round bar that is at most two fifths of a picture wide."""
    fitting = [um for um in _BARS_UM if um / um_per_px <= _WIDEST_BAR * side_px]
    um = fitting[0] if fitting else _BARS_UM[-1]
    return um, max(1, round(um / um_per_px))


def _picture(session: CaseSession, cell_id: int) -> _Picture:
    """A cell's surroundings, its scale (None where nobody knows it), and where the picture comes from."""
    view, cell = session.view(cell_id), session.cell(cell_id)
    run = session.run_of(cell)
    scale = run.scale if run is not None else None
    if scale is None:  # added by hand: under the scale of the newest run
        scale = next((r.scale for r in reversed(session.runs) if r.scale is not None), None)
    source = ScaleSource.UNKNOWN if scale is None else scale.source
    known = source not in (ScaleSource.UNKNOWN, ScaleSource.CONTRADICTED)
    usable = known and math.isfinite(view.mpp) and view.mpp > 0
    from PIL import Image

    image = Image.fromarray(view.image)
    return _Picture(image, view.mpp if usable else None, source in ASKS_FOR_SCALE, view.from_image)


def _class_of(session: CaseSession, cell_id: int, options: PictureOptions) -> str:
    code = session.state.label(cell_id) or UNIDENTIFIED
    return code if options.codes else class_name(code, options.lang)


def _captions(session: CaseSession, cell_id: int, options: PictureOptions) -> tuple[str, str]:
    """Class and number under a picture, "" for what is not wanted."""
    name = _class_of(session, cell_id, options) if options.name_class else ""
    return name, cell_number(cell_id) if options.name_number else ""


def _stem(session: CaseSession, cell_id: int, options: PictureOptions, place: int) -> str:
    parts = [session.specimen.id] if options.specimen else []
    if options.name_class:
        parts.append(_class_of(session, cell_id, options))
    # Plain numbers sort by name as they do by number; H1 is a cell that was added by hand.
    number = cell_number(cell_id) if options.name_number else str(place)
    parts.append(f"{int(number):05d}" if number.isdigit() else number)
    if not options.name_class and not options.specimen:
        parts.insert(0, tr("cell", options.lang))
    return safe_folder_name("-".join(parts).replace(" ", "_"))


def _free_name(stem: str, taken: set[str]) -> str:
    name = next(n for n in numbered(stem, ".png") if n.casefold() not in taken)
    taken.add(name.casefold())
    return name


def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    name = "OpenSans-Semibold.ttf" if bold else "OpenSans-Regular.ttf"
    return ImageFont.truetype(str(resources_dir() / "fonts" / name), size)


def _tile(picture: _Picture, side: int, captions: tuple[str, str], lang: str) -> Image.Image:
    """A picture `side` px wide with a strip under it: class above, number and scale bar below."""
    from PIL import Image, ImageDraw

    tile = Image.new("RGB", (side, side + _STRIP), "white")
    tile.paste(picture.image.resize((side, side), Image.Resampling.LANCZOS), (0, 0))
    draw = ImageDraw.Draw(tile)
    name, number = captions
    small, right, line = _font(14), side - 3, side + 25
    draw.text((2, side + 4), _fitted(name, side - 6), _INK, _font(15, bold=True))
    draw.text((2, line), number, _MUTED, small)
    if picture.um_per_px is None:
        draw.text((right, line), tr(NO_SCALE, lang), _MUTED, small, anchor="ra")
        return tile
    um, wide = bar_of(picture.um_per_px * picture.image.width / side, side)
    said = f"{'≈ ' if picture.estimated else ''}{compact(um, lang)} µm"
    draw.text((right, line), said, _INK, small, anchor="ra")
    end = right - round(small.getlength(said)) - 8
    draw.rectangle((end - wide, line + 9, end, line + 12), fill=_INK)
    return tile


def _fitted(text: str, room: float) -> str:
    font = _font(15, bold=True)
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "…") > room:
        text = text[:-1]
    return text + "…" if text else ""


def _sheet(session: CaseSession, pictures: dict[int, _Picture], options: PictureOptions) -> Image.Image:
    """All pictures in rows, what they are above, what they are for below."""
    from PIL import Image, ImageDraw

    columns = min(_COLUMNS, max(1, len(pictures)))
    rows = -(-len(pictures) // columns)
    pitch, height = _SHEET_SIDE + _GAP, _SHEET_SIDE + _STRIP + _GAP
    size = max(columns * pitch + _GAP, 560), rows * height + _GAP + 2 * _FOOT
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, 10), _title(session, len(pictures), options), _INK, _font(17, bold=True))
    for n, (cell_id, picture) in enumerate(pictures.items()):
        tile = _tile(picture, _SHEET_SIDE, _captions(session, cell_id, options), options.lang)
        sheet.paste(tile, (_GAP + n % columns * pitch, _FOOT + _GAP + n // columns * height))
    draw.text((_GAP, size[1] - _FOOT + 8), tr(RESEARCH_USE_ONLY, options.lang), _MUTED, _font(13))
    return sheet


def _title(session: CaseSession, n: int, options: PictureOptions) -> str:
    cells = ngettext("{n} cell", "{n} cells", n, options.lang)
    return f"{' '.join(session.specimen.id.split())[:60]}  ·  {cells}" if options.specimen else cells


def _write(image: Image.Image, path: Path) -> Path:
    """A PNG under a name that is free, marked so that the program never takes it for a photograph."""
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("Software", OWN_SOFTWARE)
    notes.add_text("Comment", RESEARCH_USE_ONLY)
    with atomic_file(path, "wb") as stream:
        image.save(stream, "PNG", pnginfo=notes)
    return path


def captions(session: CaseSession, ids: Sequence[int], options: PictureOptions) -> Iterator[str]:
    """Names of the files that would be written, without those that are taken."""
    for place, cell_id in enumerate(ids, start=1):
        yield f"{_stem(session, cell_id, options, place)}.png"

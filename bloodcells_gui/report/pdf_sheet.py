"""The sheet of paper: fonts, colours, text that always fits, running head and foot, tags."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF, FPDF_VERSION
from fpdf.enums import Align

from bloodcells_gui.domain.i18n import ngettext, tr
from bloodcells_gui.domain.page_marks import RGB, Box, Line, Mark, Page, Picture, Text
from bloodcells_gui.report.pdf_tags import TagTree
from bloodcells_gui.report.pdf_text import (
    CHINESE_FILE,
    ELLIPSIS,
    FALLBACK_FILE,
    FONT_FILES,
    Printable,
    middle,
    right_to_left,
    text_key,
)
from bloodcells_gui.report.pdf_xmp import xmp

INK: RGB = (26, 32, 40)
MUTED: RGB = (92, 102, 114)
FAINT: RGB = (150, 158, 167)
RULE: RGB = (208, 214, 220)
BAND: RGB = (244, 246, 248)
ACCENT: RGB = (18, 84, 112)
CRITICAL: RGB = (176, 24, 44)
WARNING: RGB = (168, 92, 0)
GOOD: RGB = (30, 120, 80)
WHITE: RGB = (255, 255, 255)

MARGIN = 15.0
TOP_NEXT = 23.0
FOOT = 17.0
FAMILY, FALLBACK = "Sans", "Fallback"
CHINESE = "Chinese"
_LONGEST = 2000
# Where a line may end: not before French high punctuation, nor between a number and its per cent.
_UNITS = re.compile(r"(?<!«)\s+(?![:;!?»](?:\s|$))(?!%)")
_WIDE_ENOUGH = 30.0  # mm; narrower cells hold no names of people
PRODUCER = f"fpdf2 {FPDF_VERSION}"


class Sheet(FPDF):  # type: ignore[misc]
    """A PDF/A-2B document of the house's looks. All lengths in mm, sizes of type in pt.

    Parameters
    ----------
    fonts_dir : Path
        Folder of the shipped fonts.
    paper : str
        "a4" or "letter".
    lang : str
        "en" or "fr".
    title, specimen : str
        Of the document; they stand in the running head.
    stamps : sequence of str
        Translated words that stand on every page.
    foot : tuple of str
        Two lines of the foot.
    pages : int
        Total, known from a first pass; 0 in that pass.
    """

    def __init__(
        self,
        fonts_dir: Path,
        *,
        paper: str,
        lang: str,
        title: str,
        specimen: str,
        stamps: tuple[str, ...] = (),
        foot: tuple[str, str] = ("", ""),
        pages: int = 0,
        created: str = "",
    ) -> None:
        super().__init__(format=paper, unit="mm", enforce_compliance="PDF/A-2B")
        self.struct_builder = TagTree()
        self._fonts_dir = Path(fonts_dir)
        self._printable = Printable(self._fonts_dir)
        for style, name in FONT_FILES.items():
            self.add_font(FAMILY, style, Path(fonts_dir) / name)
        self.add_font(FALLBACK, "", Path(fonts_dir) / FALLBACK_FILE)
        for font in self.fonts.values():
            font.ttfont.recalcTimestamp = False  # the same report gives the same bytes
        self.set_fallback_fonts([FALLBACK], exact_match=False)
        # Page totals are known from a first pass; a placeholder could be forged by text from outside.
        self.alias_nb_pages(None)
        self.lang_code, self._title, self._specimen = lang, title, specimen
        self._stamps, self._foot, self._pages = stamps, foot, pages
        self._marking = False
        self._marks: dict[int, list[Mark]] = {}
        self.set_margins(MARGIN, TOP_NEXT, MARGIN)
        self.set_auto_page_break(False)
        self.set_lang(lang)
        self.set_title(self.clean(title))
        self.set_creator("bloodcells_gui")
        self.set_producer(PRODUCER)
        self.set_display_mode("fullwidth")
        when = datetime.now(UTC)
        with contextlib.suppress(ValueError):
            when = datetime.fromisoformat(created).astimezone(UTC) if created else when
        self.set_creation_date(when)
        self.set_xmp_metadata(xmp(self.clean(title), lang, PRODUCER, when))
        self.add_page()

    def close(self) -> None:
        """Let go of the font files, which the library keeps open."""
        for font in self.fonts.values():
            font.ttfont.close()

    # -- geometry --------------------------------------------------------------------------------------

    @property
    def left(self) -> float:
        """Left edge of the type area."""
        return MARGIN

    @property
    def width(self) -> float:
        """Width of the type area."""
        return float(self.w) - 2 * MARGIN

    @property
    def bottom(self) -> float:
        """Lower edge of the type area."""
        return float(self.h) - FOOT - 3

    def ensure(self, height: float) -> bool:
        """Turn the page unless `height` is left; True when it was turned."""
        if self.y + height <= self.bottom:
            return False
        self.add_page()
        return True

    # -- what was drawn --------------------------------------------------------------------------------

    def _record_mark(self, mark: Mark) -> None:
        self._marks.setdefault(self.page, []).append(mark)

    def sheets(self) -> tuple[Page, ...]:
        """Every page as marks, complete once `output` was called: its foot is drawn last."""
        size = float(self.w), float(self.h)
        return tuple(Page(*size, tuple(self._marks.get(n, ()))) for n in range(1, len(self.pages) + 1))

    # -- text ------------------------------------------------------------------------------------------

    def clean(self, text: str) -> str:
        """Return `text` as the fonts can show it, with a key where that loses something."""
        shown, lost = self._shown(text)
        return f"{shown} {text_key(text)}" if lost else shown

    def _shown(self, text: str) -> tuple[str, bool]:
        shown, lost = self._printable.clean(text)
        if CHINESE.lower() not in self.fonts and self._printable.needs_chinese(shown):
            self.add_font(CHINESE, "", self._fonts_dir / CHINESE_FILE)
            self.fonts[CHINESE.lower()].ttfont.recalcTimestamp = False
            self.set_fallback_fonts([FALLBACK, CHINESE], exact_match=False)
        return shown, lost

    def tr(self, template: str, **params: object) -> str:
        """Translated into the document's language."""
        return tr(template, self.lang_code, **params)

    def ngettext(self, one: str, many: str, n: int, **params: object) -> str:
        """The form for a count, in the document's language; `n` and `params` filled in."""
        return ngettext(one, many, n, self.lang_code, **params)

    def type(self, size: float, style: str = "", rgb: RGB = INK) -> None:
        """Choose the type for what follows."""
        self.set_font(FAMILY, style, size)
        self.set_text_color(*rgb)

    def measure(self, text: str) -> float:
        """Width of cleaned text in the current type."""
        with self._script(text):
            return float(self.get_string_width(text))

    @contextlib.contextmanager
    def _script(self, text: str) -> Iterator[None]:
        """Join letters and turn the order where `text` holds a script that is written from right to left."""
        if not right_to_left(text):
            yield
            return
        style, size = self.font_style, self.font_size_pt
        self.set_font(FALLBACK, "", size)
        self.set_text_shaping(True, direction="ltr")  # the line; words keep their own direction
        try:
            yield
        finally:
            self.set_text_shaping(False)
            self.set_font(FAMILY, style, size)

    def fitted(self, text: str, width: float) -> str:
        """Cleaned text, shortened by an ellipsis in its middle where it is wider than `width`.

        The middle goes because the ends of long names tell them apart.
        """
        shown, lost = self._shown(text)
        key = f" {text_key(text)}"
        whole = shown + key if lost else shown
        if len(whole) <= _LONGEST and self.measure(whole) <= width:
            return whole
        # Two long names may differ in their middle alone.
        shown, key = shown[:_LONGEST], key if width >= _WIDE_ENOUGH else ""
        low, high = 0, len(shown)
        while low < high:
            keep = (low + high + 1) // 2
            if self.measure(middle(shown, keep) + key) <= width:
                low = keep
            else:
                high = keep - 1
        return middle(shown, low) + key

    def put(
        self,
        x: float,
        y: float,
        text: str,
        width: float,
        *,
        size: float = 9,
        style: str = "",
        rgb: RGB = INK,
        align: str = "L",
        height: float | None = None,
        tag: str = "P",
    ) -> None:
        """One line of text in a box whose top left corner is x, y; shortened to fit."""
        self.type(size, style, rgb)
        high = height if height is not None else size * 0.48
        shown = self.fitted(text, width)
        if not shown:
            return
        with self.tagged(tag):
            self.set_xy(x, y)
            self.c_margin = 0
            with self._script(shown):
                self.cell(width, high, shown, align=Align.coerce(align))
        wide, body = self.measure(shown), float(self.font_size)
        start = x + {"L": 0.0, "C": 0.5, "R": 1.0}[align] * (width - wide)
        # The library's own place of the base line in a cell.
        self._record_mark(Text(start, y + 0.5 * high + 0.3 * body, wide, shown, body, style, rgb))

    def wrap(self, text: str, width: float, most: int = 1000) -> list[str]:
        """At most `most` lines of cleaned text in the current type; words longer than a line are cut."""
        lines: list[str] = []
        for part in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
            line = ""
            for word in _UNITS.split(self.clean(part).strip()):
                trial = f"{line} {word}" if line else word
                if self.measure(trial) <= width:
                    line = trial
                    continue
                if line:
                    lines.append(line)
                rest = word
                while self.measure(rest) > width and len(rest) > 1 and len(lines) <= most:
                    cut = self._cut(rest, width)
                    lines.append(rest[:cut])
                    rest = rest[cut:]
                line = rest
                if len(lines) > most:
                    break
            lines.append(line)
            if len(lines) > most:
                break
        while lines and not lines[-1]:
            lines.pop()
        if len(lines) > most:
            lines = lines[:most]
            lines[-1] = self.fitted(lines[-1] + " " + ELLIPSIS, width)
        return lines

    def _cut(self, word: str, width: float) -> int:
        low, high = 1, len(word)
        while low < high:
            keep = (low + high + 1) // 2
            if self.measure(word[:keep]) <= width:
                low = keep
            else:
                high = keep - 1
        return low

    def paragraph(
        self,
        text: str,
        *,
        indent: float = 0.0,
        size: float = 9,
        style: str = "",
        rgb: RGB = INK,
        leading: float = 1.32,
        most: int = 1000,
        tag: str = "P",
    ) -> None:
        """Wrapped text over the type area, `indent` mm from its left; turns pages, leaves y below it."""
        x, width = self.left + indent, self.width - indent
        self.type(size, style, rgb)
        step = size * 0.3528 * leading
        for line in self.wrap(text, width, most):
            self.ensure(step)
            y = self.y
            self.put(x, y, line, width + 0.5, size=size, style=style, rgb=rgb, height=step, tag=tag)
            self.set_y(y + step)

    def heading(self, text: str, needs: float = 14.0, note: str = "") -> None:
        """Heading of a section, kept together with the first `needs` mm under it."""
        self.ensure(needs + 8)
        self.set_y(self.y + 3.2)
        y = self.y
        self.start_section(self.clean(text), level=0)
        self.put(self.left, y, text, self.width * 0.6, size=11, style="B", rgb=ACCENT, height=5.4, tag="H2")
        if note:
            x, room = self.left + self.width * 0.35, self.width * 0.65
            self.put(x, y + 0.6, note, room, size=7.5, rgb=MUTED, align="R", height=5)
        self.rule(y + 6.0, ACCENT, 0.35)
        self.set_y(y + 7.6)

    # -- shapes ----------------------------------------------------------------------------------------

    def rule(
        self,
        y: float,
        rgb: RGB = RULE,
        thickness: float = 0.2,
        x: float | None = None,
        width: float | None = None,
    ) -> None:
        """A horizontal line."""
        start = self.left if x is None else x
        with self.artifact():
            self.set_draw_color(*rgb)
            self.set_line_width(thickness)
            end = start + (self.width if width is None else width)
            self.line(start, y, end, y)
        self._record_mark(Line(start, y, end, y, rgb, thickness))

    def box(self, x: float, y: float, w: float, h: float, rgb: RGB, *, radius: float = 0.0) -> None:
        """A filled rectangle."""
        radius = min(radius, min(w, h) / 2 - 0.01)  # the library squares corners that meet
        with self.artifact():
            self.set_fill_color(*rgb)
            self.rect(x, y, w, h, style="F", round_corners=radius > 0, corner_radius=radius)
        self._record_mark(Box(x, y, w, h, rgb, 0.0, radius))

    def frame(
        self, x: float, y: float, w: float, h: float, rgb: RGB, thickness: float = 0.2, radius: float = 0.0
    ) -> None:
        """The outline of a rectangle."""
        with self.artifact():
            self.set_draw_color(*rgb)
            self.set_line_width(thickness)
            self.rect(x, y, w, h, style="D", round_corners=radius > 0, corner_radius=radius)
        self._record_mark(Box(x, y, w, h, rgb, thickness, radius))

    def segment(self, x1: float, y1: float, x2: float, y2: float, rgb: RGB, thickness: float = 0.2) -> None:
        """A straight line."""
        with self.artifact():
            self.set_draw_color(*rgb)
            self.set_line_width(thickness)
            self.line(x1, y1, x2, y2)
        self._record_mark(Line(x1, y1, x2, y2, rgb, thickness))

    def picture(self, data: bytes, x: float, y: float, w: float, h: float) -> None:
        """A JPEG or PNG in a box; what the library raises for a broken one."""
        self.image(io.BytesIO(data), x, y, w=w, h=h)
        self._record_mark(Picture(x, y, w, h, data))

    # -- tags ------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def tagged(self, kind: str, alt: str | None = None) -> Iterator[None]:
        """What is drawn inside is a `kind` ("P", "H1", "H2", "TH", "TD", "Figure") of the structure tree."""
        if self._marking:
            yield
            return
        mcid = self.struct_builder.next_mcid_for_page(self.page)
        self._add_marked_content(struct_type=f"/{kind}", mcid=mcid, alt_text=alt)
        self._out(f"/{kind} <</MCID {mcid}>> BDC")
        self._marking = True
        try:
            yield
        finally:
            self._marking = False
            self._out("EMC")

    @contextlib.contextmanager
    def artifact(self) -> Iterator[None]:
        """What is drawn inside is decoration."""
        if self._marking:
            yield
            return
        self._out("/Artifact BMC")
        self._marking = True
        try:
            yield
        finally:
            self._marking = False
            self._out("EMC")

    @contextlib.contextmanager
    def row(self) -> Iterator[None]:
        """A row of the open table."""
        self.struct_builder.open_row(self.page)
        try:
            yield
        finally:
            self.struct_builder.close_row()

    # -- running head and foot --------------------------------------------------------------------------

    def header(self) -> None:
        """From the second page on: what this is, of whom, and every stamp again."""
        if self.page == 1:
            return
        stamps = "  ·  ".join(self._stamps)
        left, middle, right = 0.27 * self.width, 0.46 * self.width, 0.27 * self.width
        x = self.left
        with self.artifact():
            self.put(x, 10, self._specimen, left - 2, size=8, style="B", height=4)
            self.put(x + left, 10, stamps, middle, size=7.5, style="B", rgb=CRITICAL, align="C", height=4)
            self.put(x + left + middle, 10, self._title, right, size=8, rgb=MUTED, align="R", height=4)
        self.rule(15.5)
        self.set_y(TOP_NEXT - 4)

    def footer(self) -> None:
        """The research statement, provenance in short, page x / y."""
        y = float(self.h) - FOOT
        self.rule(y)
        with self.artifact():
            self.put(self.left, y + 1.6, self._foot[0], self.width - 26, size=7.5, style="B", height=3.6)
            self.put(self.left, y + 5.4, self._foot[1], self.width - 26, size=6.5, rgb=MUTED, height=3.2)
            total = self._pages or self.page
            text = self.tr("Page {page} / {pages}", page=self.page, pages=total)
            self.put(
                self.left + self.width - 25, y + 1.6, text, 25, size=7.5, rgb=MUTED, align="R", height=3.6
            )

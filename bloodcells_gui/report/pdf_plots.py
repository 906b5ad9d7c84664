"""Plots from lines and rectangles: reliability, risk against coverage, confusion matrix, Bland-Altman."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bloodcells_gui.domain.formatting import compact
from bloodcells_gui.domain.page_marks import RGB
from bloodcells_gui.report.pdf_sheet import ACCENT, FAINT, INK, MUTED, RULE, WHITE, Sheet


@dataclass(frozen=True, slots=True)
class Axes:
    """A rectangle on the page (mm) with its data limits."""

    sheet: Sheet
    x: float
    y: float
    width: float
    height: float
    x_end: float
    y_end: float
    x_start: float = 0.0
    y_start: float = 0.0

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Page position of a data point, clipped to the axes."""
        u = (x - self.x_start) / (self.x_end - self.x_start)
        v = (y - self.y_start) / (self.y_end - self.y_start)
        return self.x + min(max(u, 0.0), 1.0) * self.width, self.y + self.height * (1 - min(max(v, 0.0), 1.0))

    def draw(self, x_ticks: Sequence[float], y_ticks: Sequence[float], x_label: str, y_label: str) -> None:
        """Grid, ticks and labels."""
        s = self.sheet
        for tick in x_ticks:
            px, _ = self.at(tick, 0)
            s.segment(px, self.y, px, self.y + self.height, RULE, 0.12)
            s.put(
                px - 8,
                self.y + self.height + 0.8,
                compact(tick, s.lang_code),
                16,
                size=6.5,
                rgb=MUTED,
                align="C",
                height=3,
            )
        for tick in y_ticks:
            _, py = self.at(0, tick)
            s.segment(self.x, py, self.x + self.width, py, RULE, 0.12)
            s.put(
                self.x - 11,
                py - 1.5,
                compact(tick, s.lang_code),
                10,
                size=6.5,
                rgb=MUTED,
                align="R",
                height=3,
            )
        s.segment(self.x, self.y + self.height, self.x + self.width, self.y + self.height, MUTED, 0.25)
        s.segment(self.x, self.y, self.x, self.y + self.height, MUTED, 0.25)
        s.put(
            self.x,
            self.y + self.height + 4.2,
            x_label,
            self.width,
            size=7.2,
            rgb=MUTED,
            align="C",
            height=3.6,
        )
        s.put(self.x - 9, self.y - 5, y_label, self.width + 9, size=7.2, rgb=MUTED, height=3.6)

    def line(self, points: Sequence[tuple[float, float]], rgb: RGB = ACCENT, thickness: float = 0.5) -> None:
        """A polyline."""
        for a, b in pairwise(points):
            self.sheet.segment(*self.at(*a), *self.at(*b), rgb, thickness)

    def dot(self, x: float, y: float, rgb: RGB = ACCENT, size: float = 1.5) -> None:
        """A round mark."""
        px, py = self.at(x, y)
        self.sheet.box(px - size / 2, py - size / 2, size, size, rgb, radius=size / 2 - 0.01)

    def dashed(self, a: tuple[float, float], b: tuple[float, float], rgb: RGB = FAINT) -> None:
        """A dashed straight line."""
        with self.sheet.artifact():
            self.sheet.set_draw_color(*rgb)
            self.sheet.set_line_width(0.25)
            self.sheet.set_dash_pattern(dash=1.2, gap=0.9)
            self.sheet.line(*self.at(*a), *self.at(*b))
            self.sheet.set_dash_pattern()


def matrix(
    sheet: Sheet, x: float, y: float, width: float, codes: Sequence[str], counts: Sequence[Sequence[int]]
) -> float:
    """Confusion matrix, shaded by the share of each true class; returns its height."""
    n = len(codes)
    label = 30.0
    size = min((width - label) / max(n, 1), 15.0)
    height = min(size, 7.0)
    type_size = min(7.5, size * 1.05)
    for i, code in enumerate(codes):
        short = code if len(code) <= 5 else code[:4] + "."
        sheet.put(
            x + label + i * size, y, short, size, size=min(type_size, 6.8), rgb=MUTED, align="C", height=4
        )
    top = y + 4.4
    for i, (code, line) in enumerate(zip(codes, counts, strict=True)):
        total = sum(line)
        sheet.put(x, top + i * height, code, label - 2, size=7.2, rgb=INK, align="R", height=height)
        with sheet.row():
            for j, count in enumerate(line):
                share = count / total if total else 0.0
                tint = ACCENT if i == j else (176, 24, 44)
                # The square root shows rare confusions, which are the ones that matter.
                depth = share**0.5
                red, green, blue = (round(255 - (255 - v) * depth) for v in tint)
                sheet.box(x + label + j * size, top + i * height, size, height, (red, green, blue))
                sheet.frame(x + label + j * size, top + i * height, size, height, RULE, 0.1)
                if count:
                    ink = WHITE if depth > 0.6 else INK
                    sheet.put(
                        x + label + j * size,
                        top + i * height,
                        str(count),
                        size,
                        size=type_size,
                        rgb=ink,
                        align="C",
                        height=height,
                        tag="TD",
                    )
    sheet.struct_builder.close_table()
    return 4.4 + n * height

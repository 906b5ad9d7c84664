"""The blocks of a report page: tables that go on over pages, labels with their values."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from bloodcells_gui.domain.page_marks import Box, Text
from bloodcells_gui.report.pdf_layout import Column, Table, key_value
from bloodcells_gui.report.pdf_sheet import BAND, Sheet
from tests.support.report_case import FONTS


@pytest.fixture
def sheet() -> Iterator[Sheet]:
    with contextlib.closing(Sheet(FONTS, paper="a4", lang="en", title="t", specimen="s")) as made:
        yield made


def texts(sheet: Sheet) -> list[list[str]]:
    assert sheet.output()
    return [[m.text for m in page.marks if isinstance(m, Text)] for page in sheet.sheets()]


def test_a_table_repeats_its_head_on_every_page(sheet: Sheet) -> None:
    table = Table(sheet, [Column("Class", 40, "L"), Column("Count", 20)])
    table.head()
    for i in range(120):
        table.row([f"row {i}", str(i)])
    table.close()
    pages = texts(sheet)
    assert len(pages) == 3
    assert all(page.count("Class") == 1 and page.count("Count") == 1 for page in pages)
    assert [t for page in pages for t in page if t.startswith("row ")] == [f"row {i}" for i in range(120)]


def test_every_second_row_is_shaded_and_a_column_without_width_left_out(sheet: Sheet) -> None:
    table = Table(sheet, [Column("A", 40, "L"), Column("hidden", 0), Column("B", 20)])
    table.head()
    for _ in range(4):
        table.row(["a", "never seen", "b"])
    table.close()
    (page,) = texts(sheet)
    assert "never seen" not in page
    assert "hidden" not in page
    boxes = [m for m in sheet.sheets()[0].marks if isinstance(m, Box) and m.rgb == BAND]
    assert len(boxes) == 2


def test_a_long_value_wraps_beside_its_label_and_ends_where_asked(sheet: Sheet) -> None:
    before = sheet.y
    key_value(sheet, "Scale", "word " * 200, most=3)
    assert sheet.y == pytest.approx(before + 3 * 4.0)
    (page,) = texts(sheet)
    assert page.count("Scale") == 1
    assert page[-3].endswith("…") or any(t.endswith("…") for t in page)


def test_no_line_of_a_paragraph_begins_with_a_high_sign_or_a_lonely_per_cent(sheet: Sheet) -> None:
    sheet.type(9)
    words = "« Blaste » : trois cellules ; limites exactes à 95 % ! " * 3
    for width in range(22, 60):
        lines = sheet.wrap(words, float(width))
        assert not any(line.startswith((":", ";", "!", "%", "»")) for line in lines)
        assert not any(line.endswith("«") for line in lines)
        assert " ".join(lines) == " ".join(words.split())

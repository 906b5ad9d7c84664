"""The marks for the screen are where the PDF has them: one drawing, two media."""

from __future__ import annotations

import re

import pytest

from bloodcells_gui.domain.page_marks import Page, Picture, Text
from bloodcells_gui.report.pdf import Rendered, render
from tests.support.pdf_operators import contents
from tests.support.report_case import FONTS, make_report

PT = 72 / 25.4


@pytest.fixture(scope="module", params=["a4", "letter"])
def rendered(request: pytest.FixtureRequest) -> Rendered:
    return render(make_report(), fonts_dir=FONTS, paper=request.param, lang="fr")


def text_places(stream: str, page: Page) -> set[tuple[float, float]]:
    """Start of every line of text, in mm from the top left corner, to a tenth."""
    found = re.findall(r"BT (-?[\d.]+) (-?[\d.]+) Td", stream)
    return {(round(float(x) / PT, 1), round(page.height - float(y) / PT, 1)) for x, y in found}


def test_every_line_of_text_stands_where_the_pdf_has_it(rendered: Rendered) -> None:
    streams = contents(rendered.pdf)
    assert len(streams) == len(rendered.pages) > 1
    for stream, page in zip(streams, rendered.pages, strict=True):
        texts = [m for m in page.marks if isinstance(m, Text)]
        assert texts
        places = text_places(stream, page)
        near = {(x + dx / 10, y + dy / 10) for x, y in places for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
        rounded = {(round(x, 1), round(y, 1)) for x, y in near}
        lost = [t for t in texts if (round(t.x, 1), round(t.y, 1)) not in rounded]
        assert lost == []
        assert len(texts) == len(re.findall(r"BT -?[\d.]+ -?[\d.]+ Td", stream))


def test_every_picture_is_there_and_nothing_lies_outside_the_paper(rendered: Rendered) -> None:
    drawn = sum(len(re.findall(r"/I\d+ Do", s)) for s in contents(rendered.pdf))
    pictures = [m for p in rendered.pages for m in p.marks if isinstance(m, Picture)]
    assert len(pictures) == drawn > 0
    for page in rendered.pages:
        for mark in page.marks:
            if isinstance(mark, Text):
                assert mark.x >= 0
                assert mark.x + mark.width <= page.width
                assert 0 < mark.y < page.height

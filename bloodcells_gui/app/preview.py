"""The pages of the report before it is written, as marks for the screen.

Marks and PDF come from one drawing, so what is seen is what will be written. The PDF itself goes, when asked
for, into a folder that nobody else can read, under a name that says nothing, and is removed with
:meth:`Preview.close`.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells_gui.app.data_folders import resources_dir
from bloodcells_gui.app.earlier_films import FilmFinder, FoundFilms
from bloodcells_gui.app.export import ExportOptions, compared_report, report_to_compare
from bloodcells_gui.app.held_settings import hold
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.page_marks import Page
from bloodcells_gui.storage.atomic_io import write_whole

if TYPE_CHECKING:
    from bloodcells_gui.report.pdf import Rendered


class Preview:
    """What a report will say, as of the moment this is made.

    Making it reads the session and belongs on the session's thread; `pages` and `pdf` may run in another.
    """

    def __init__(self, session: CaseSession, options: ExportOptions) -> None:
        with hold(session.settings):
            self._model, self._finder = report_to_compare(session, options)
            self._paper = options.paper or session.settings.paper
        self._check_seals = session.store.check_seals
        self._lang = options.lang
        self._rendered: Rendered | None = None
        self._folder: Path | None = None

    @property
    def signed(self) -> bool:
        """Whether somebody signed what the pages say."""
        return self._model.signed

    @property
    def finder(self) -> FilmFinder | None:
        """What finds the films to compare the report with, in another thread; None where there is no need."""
        return self._finder

    def take_films(self, found: FoundFilms | None) -> None:
        """Compare the report with what the finder found; else `pages` and `pdf` look for films themselves."""
        self._model, self._finder = compared_report(self._model, found), None

    def _render(self) -> Rendered:
        if self._finder is not None:
            self.take_films(self._finder())
        if self._rendered is None:
            # Late, as in app/export.py.
            from bloodcells_gui.report.pdf import render

            self._check_seals()
            fonts = resources_dir() / "fonts"
            self._rendered = render(self._model, fonts_dir=fonts, paper=self._paper, lang=self._lang)
        return self._rendered

    def pages(self) -> tuple[Page, ...]:
        """Every page of the report; CaseDamaged when something of the case is not as it was written."""
        return self._render().pages

    def pdf(self) -> Path:
        """The PDF in a private folder; OutputNotWritable without room for it. Else as :meth:`pages`."""
        data = self._render().pdf
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="bloodcells-"))
        path = self._folder / "preview.pdf"
        write_whole(path, data)
        return path

    def close(self) -> None:
        """Remove what was written for the look."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

"""Keeps the comparison of the open case with its earlier film up to date."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QThreadPool, QTimer
from PySide6.QtWidgets import QWidget

from bloodcells_gui.app.earlier_films import FilmFinder, FoundFilms, signed_film
from bloodcells_gui.domain.differential import Differential
from bloodcells_gui.domain.earlier_films import NO_FILM, EarlierFilm
from bloodcells_gui.domain.film_messages import film_remark
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.domain.review import Change
from bloodcells_gui.domain.specimen import SPECIMEN_ID_FIELD
from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.earlier_films.window import EarlierFilmsWindow
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Lookup, UnawaitedThreads

_FILMS, _SIGNED = "films", "signed"
# A search that ends sooner is not spoken of.
_SLOW_MS = 700
# Fields by which a case and a film belong together, or do not.
_OF_THE_PERSON = frozenset({SPECIMEN_ID_FIELD, "patient_id", "patient_name", "birth_date", "sex"})


class FilmComparison(QObject):
    """Looks for earlier films of a case in the background and shows what came of it beside its count.

    It looks again when the case is shown, when a field of it changes, and when the window of films opens. A
    signed case shows what was frozen into its report, and looks for nothing.
    """

    def __init__(
        self, context: UiContext, page: CasePage, pool: QThreadPool, unawaited: UnawaitedThreads
    ) -> None:
        super().__init__(page)
        self._context = context
        self._page = page
        self.found: FoundFilms | None = None
        self.film: EarlierFilm | None = None
        self.window: EarlierFilmsWindow | None = None
        self._signed = False
        self._known: object = None
        # The report is in the case, which must not be closed meanwhile; the films are in the folder of cases.
        self._report, self._films = Lookup(pool, self), Lookup(unawaited, self)
        for look in (self._report, self._films):
            look.answered.connect(self._take)
            look.failed.connect(lambda *_: self._forget_film(_cannot_look()))
        self._slow = QTimer(self)
        self._slow.setSingleShot(True)
        self._slow.setInterval(_SLOW_MS)
        self._slow.timeout.connect(lambda: self._say(tr("Looking for earlier films…")))
        page.controller.changed.connect(self._on_case_changed)
        page.state_changed.connect(self.show_result)
        page.differential.films_wanted.connect(self.show_films)
        context.theme.changed.connect(self.show_result)
        self.look()

    def look(self) -> None:
        """Look for earlier films again; of a signed case, for what its report says."""
        session = self._page.session
        self._signed = session.state.signed
        self._report.forget()
        self._films.forget()
        if self._signed:
            self._report.ask(_SIGNED, lambda: signed_film(session))
            return
        if self._known is None:
            self._slow.start()
        self._films.ask(_FILMS, FilmFinder(session))

    def close(self) -> None:
        """Deliver nothing any more; call before the case closes."""
        self._slow.stop()
        self._report.close()
        self._films.close()
        if self.window is not None:
            self.window.close()

    def _on_case_changed(self, change: Change) -> None:
        if _OF_THE_PERSON.intersection(change.fields):
            self._forget_film()  # it may be another person's, until it was looked for again
        if change.fields:
            self.look()

    def _forget_film(self, why: str = "") -> None:
        """Show no film: none could be looked for, or another one may be wanted."""
        self.found = self.film = self._known = None
        self._slow.stop()
        self._say(why)

    def _say(self, why: str) -> None:
        """Say in one line why no film is shown."""
        now = self._page.differential.model.differential
        if now is not None:
            self._show(why, now)

    def _take(self, tag: object, answer: FoundFilms | EarlierFilm | None) -> None:
        self._slow.stop()
        self.found = answer if isinstance(answer, FoundFilms) else None
        self.film = answer if isinstance(answer, EarlierFilm) else None
        self._known = tag
        self.show_result()

    def show_result(self) -> None:
        """Compare the count of the moment with the film that was found."""
        found, now = self.found, self._page.differential.model.differential
        if self._signed != self._page.session.state.signed:
            self.look()
        elif now is None or self._known is None:
            return
        elif found is not None:
            if found.table is not None and found.table.rollup != now.rollup:  # the laboratory's rows changed
                self.look()
                return
            self.film = None if found.missing else found.against(now)
            self._show(self._line_without(found), now)
        else:
            self._show("", now)

    def _show(self, without: str, now: Differential) -> None:
        """Show the comparison, or in one line why there is none."""
        film, panel = self.film, self._page.differential
        if film is not None:
            remark = film_remark(film)
            tip = remark_text(remark, self._context.language.lang)
            panel.show_earlier(film, self._line(film), tip, remark.severity)
        else:
            panel.show_earlier(None, without)
        if self.window is not None:
            self.window.show_result(self.found, film, now, without)

    def _line(self, film: EarlierFilm) -> str:
        day = self._context.language.day(film.day)
        if film.conflict:
            return tr("Film of {day}: another person? Not compared").format(day=day)
        if film.unreadable:
            return tr("Film of {day}: cannot be read").format(day=day)
        changed = len(film.changed)
        if not changed:
            return tr("Film of {day}: no change beyond chance").format(day=day)
        return ngettext(
            "Film of {day}: {n} class changed", "Film of {day}: {n} classes changed", changed, day=day
        )

    @staticmethod
    def _line_without(found: FoundFilms) -> str:
        """What is said where nothing is compared though there are films; "" where there are none."""
        if found.missing and found.choice != NO_FILM:
            return _cannot_look()
        if not found.films:
            return ""
        if found.choice == NO_FILM:
            return tr("Earlier films: none is compared")
        if found.choice:
            return tr("The chosen earlier film is not signed any more")
        return ngettext("{n} earlier film, not signed", "{n} earlier films, none signed", len(found.films))

    def show_films(self) -> None:
        """The films of this patient, and the comparison row by row."""
        if self.window is None:
            parent: QWidget = self._page.window()
            self.window = EarlierFilmsWindow(self._context, self._page.controller, parent)
            self.window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self.window.destroyed.connect(self._forget_window)
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()
        self.show_result()
        self.look()

    def _forget_window(self) -> None:
        self.window = None


def _cannot_look() -> str:
    return tr("Earlier films cannot be looked for")

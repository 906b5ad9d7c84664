"""Everything outside one case: settings, models, the folder of cases, recent ones, the synthetic specimen."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from bloodcells_gui.app.accounts import Accounts
from bloodcells_gui.app.analysis import AnalysisJob, AnalysisOptions, new_case
from bloodcells_gui.app.calibration_profiles import profiles_of
from bloodcells_gui.app.case_index import CaseIndex
from bloodcells_gui.app.case_lease import ask_lease, hold_new, holder_in_words
from bloodcells_gui.app.case_reading import read_at_one_moment
from bloodcells_gui.app.cases_folder import CasesFolder
from bloodcells_gui.app.clock import newest_work
from bloodcells_gui.app.continuing import first_target, next_target
from bloodcells_gui.app.data_folders import user_config_dir, user_data_dir
from bloodcells_gui.app.earlier_films import EarlierFilms
from bloodcells_gui.app.engine import Engine, LazyEngine, load_red_cell_classifier
from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.app.export import safe_folder_name
from bloodcells_gui.app.held_settings import held_or
from bloodcells_gui.app.intake import (
    AUTO,
    SAY_IN_THE_WINDOW,
    Intake,
    at_scale,
    nothing_readable,
    several_places,
    take_in,
)
from bloodcells_gui.app.lab_joining import Own, bring_in, own_things
from bloodcells_gui.app.order_lookup import OrderLookup
from bloodcells_gui.app.outbox import Outbox
from bloodcells_gui.app.outbox_sharing import OutboxSharing
from bloodcells_gui.app.red_cell_examination import ExaminationJob
from bloodcells_gui.app.red_cell_examiner import red_cell_examiner
from bloodcells_gui.app.reference_library import ReferenceLibraryController
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.settings_keeper import (
    SETTINGS_NAME,
    SettingsKeeper,
    load_settings,
    setting_problems,
    settings_path,
)
from bloodcells_gui.domain.accounts import Right
from bloodcells_gui.domain.clock import ClockDoubt, clock_doubt
from bloodcells_gui.domain.errors import InvalidValue, UserError
from bloodcells_gui.domain.examination import Examiner
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.rare_search import search_of
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.specimen import Specimen, SpecimenKind
from bloodcells_gui.domain.validation import DAMAGED_LIST, SettingProblem
from bloodcells_gui.domain.zones import Zones
from bloodcells_gui.imaging.io.plain_files import read_bytes
from bloodcells_gui.pipeline.scan import is_leukocyte
from bloodcells_gui.storage import settings as settings_store
from bloodcells_gui.storage.allowed_paths import allow_network_root
from bloodcells_gui.storage.archive import KEPT_DRAFTS
from bloodcells_gui.storage.atomic_io import free_path, write_whole
from bloodcells_gui.storage.calibration_profiles import ProfileStore
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.connection import CaseDamaged
from bloodcells_gui.storage.lock import CaseInUse

__all__ = [
    "SETTINGS_NAME",
    "CaseDamaged",
    "CaseInUse",
    "OpenOptions",
    "Workspace",
    "load_settings",
    "setting_problems",
    "settings_path",
]

_log = logging.getLogger(__name__)
_RECENT_NAME = "recent.json"
_RECENT_KEPT = 12
_RECENT_MOST_BYTES = 1024**2


def _is_file(path: Path) -> bool:
    """Whether there is a file; no name, however long or odd, is an error."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """What is asked before an analysis.

    Of images in several places `one_specimen` says that they are one, `each_folder` that each folder and
    slide is one of its own.
    """

    kind: str = "auto"
    specimen_id: str = ""
    mpp: float | None = None
    target_cells: int | None = None
    profile: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    zones: Zones = field(default_factory=dict)
    one_specimen: bool = False
    each_folder: bool = False


class Workspace(SettingsKeeper):
    """The composition of one running program; passed by constructor, never a singleton.

    Parameters
    ----------
    engine : callable
        Gives the loaded models.
    home, config : Path or None
        Folder of the person's data and of settings; platform defaults when None.
    """

    def __init__(
        self,
        engine: Callable[[], Engine] | None = None,
        *,
        home: Path | None = None,
        config: Path | None = None,
    ) -> None:
        self.engine = engine or LazyEngine()
        self.home = home or user_data_dir()
        self._started = utc_now()
        super().__init__(config or user_config_dir())
        _, unreadable = self._listed()
        if unreadable is not None:
            self.setting_problems.append(SettingProblem(_RECENT_NAME, unreadable, DAMAGED_LIST))
        self.folder = CasesFolder(self.home, self.lab, lambda: self._settings)
        self.index = CaseIndex(self.folder, lambda: self._settings, home=self.home)
        self._films = EarlierFilms(self.index, lambda: self._settings)
        self.outbox = Outbox(
            self.home, self._config, self.open_to_look, lambda: self.accounts.require(Right.SET_DESTINATIONS),
            OutboxSharing(self.lab.pool),
        )  # fmt: skip
        self.accounts = Accounts(self.lab, self.home)
        self._shared.author = lambda: self.accounts.author
        self._orders = OrderLookup(lambda: self.outbox.connections)

    @property
    def author(self) -> str:
        """Who reviews: the account that is signed in, without accounts the name of the day; "" for nobody."""
        return self.accounts.author if self.accounts.in_force else self._author

    @author.setter
    def author(self, name: str) -> None:
        self._author = name

    def may_change_laboratory(self) -> None:
        """UserError where the person who is signed in may not change what all stations share."""
        self.accounts.require(Right.CHANGE_RULES)

    def save_settings(self, settings: LabSettings, seen: LabSettings | None = None) -> None:
        """As :meth:`SettingsKeeper.save_settings`; whose database it is the laboratory says, too."""
        if settings.lab_database != self._settings.lab_database:
            self.accounts.require(Right.CHANGE_RULES)
        super().save_settings(settings, seen)

    def profiles(self) -> ProfileStore:
        """The calibration profiles in force."""
        return profiles_of(self.home, self.lab.pool, self.may_change_laboratory)

    def own_things(self) -> Own:
        """What this workstation has that the laboratory which it joined lacks; UserError when it is away."""
        if not self.settings.lab_database:
            return Own()
        with closing(ReferenceLibraryController(self.home, self.lab.pool)) as library:
            return own_things(self.home, self.profiles(), library)

    def bring_in(self) -> list[Reason]:
        """Bring that into the laboratory, for all stations; what was done."""
        self.may_change_laboratory()
        with closing(ReferenceLibraryController(self.home, self.lab.pool)) as library:
            return bring_in(self.home, self.profiles(), library)

    # ---- cases

    @property
    def cases_dir(self) -> Path:
        """The folder of the laboratory's cases."""
        return self.folder.path

    def look_at(self, path: Path, kind: str = "auto") -> Intake:
        """What `path` holds, before anything is created.

        Raises
        ------
        UserError
            When there is nothing to analyse.
        """
        intake = take_in(path, kind)
        if not intake.specimen.images:
            raise nothing_readable(intake)
        return intake

    def new_case(
        self, intake: Intake, options: OpenOptions, *, came_from: str = ""
    ) -> tuple[CaseSession, AnalysisJob]:
        """A new case in the laboratory's folder, open, with its analysis ready to run in a worker thread.

        A case that `came_from` somewhere by itself says so and is not among the recently opened ones.

        Raises
        ------
        UserError
            When the images lie in several places and nobody said that they are one specimen, the case cannot
            be written, or the laboratory has accounts and nobody is signed in.
        """
        if not came_from:
            self.accounts.require_person()
        if intake.in_question and not options.one_specimen:
            raise several_places(intake, SAY_IN_THE_WINDOW)
        if options.kind == AUTO:
            intake = at_scale(intake, options.mpp)
        specimen = intake.specimen
        if options.specimen_id.strip():
            specimen = replace(specimen, id=options.specimen_id.strip())
        created = utc_now()
        path = self._free_case_path(specimen.id, created)
        store = new_case(path, specimen, case_id=path.stem, created=created, came_from=came_from)
        session = self._new_session(store)
        if came_from and self.accounts.in_force:  # what is done by itself is in no person's name
            session.accounts, session.author = None, "unnamed"
        for name, value in options.fields:
            if value.strip():
                session.set_field(name, value.strip())
        session.accounts = self.accounts
        target = first_target(specimen.kind, options.target_cells)
        job = AnalysisJob(
            path,
            self.engine,
            AnalysisOptions(
                options.mpp,
                target,
                None,
                options.profile,
                count_cut_left_top=self.settings.count_cut_left_top,
            ),
            intake.skipped,
        )
        if not came_from:
            self.remember(path)
        return session, job

    def new_counter_case(self, specimen_id: str) -> CaseSession:
        """A new case without images, for cells counted at the microscope; open for writing."""
        self.accounts.require_person()
        created = utc_now()
        path = self._free_case_path(specimen_id, created)
        specimen = Specimen(specimen_id, SpecimenKind.COUNTER, self.cases_dir)
        session = self._new_session(new_case(path, specimen, case_id=path.stem, created=created))
        self.remember(path)
        return session

    def continue_analysis(self, session: CaseSession, options: OpenOptions | None = None) -> AnalysisJob:
        """A further run over what an interrupted or satisfied one left out."""
        chosen = options or OpenOptions()
        target = chosen.target_cells
        if (
            target is None and search_of(session.state.data) is None
        ):  # a search for rare cells goes on to the end
            found = sum(is_leukocyte(c) for c in session.cells)
            target = next_target(session.specimen.kind, session.runs, found)
        return AnalysisJob(
            session.path,
            self.engine,
            AnalysisOptions(
                chosen.mpp,
                target,
                None,
                chosen.profile,
                chosen.zones,
                self.settings.count_cut_left_top,
            ),
        )

    def examine_red_cells(self, session: CaseSession, more: int = 0) -> ExaminationJob:
        """The examination of the red cells of an open case, or how it goes on.

        Of a slide it aims at as many cells as the settings say, or at `more` than are examined by now.
        """
        slide = session.specimen.kind is SpecimenKind.SLIDE
        there = len(session.red_cells)
        aim = (there + more if more else max(there, self.settings.red_cell_count)) if slide else 0

        def examiner(token: CancelToken) -> Examiner:
            return red_cell_examiner(
                session.store, self.engine(), load_red_cell_classifier(), token=token, aim=aim
            )

        return ExaminationJob(session, examiner, aim)

    def open_case(
        self, path: Path, *, read_only: bool = False, take_over: bool = False, remembered: bool = True
    ) -> CaseSession:
        """An existing case with its review; `remembered` puts it first among the recent ones.

        Where the laboratory has accounts and nobody is signed in, it is open for reading: no window of
        nobody keeps others from it.

        Raises
        ------
        UserError
            Missing, damaged, too new, or open in another window (then it may be opened read-only).
        """
        self.notice_settings()
        if take_over:
            self.accounts.require_person()
        waits = not read_only and self.accounts.in_force and self.accounts.acting is None
        if read_only or waits:
            session = read_at_one_moment(path, self._session)
            session.waits_for_person = waits
        else:
            session = self._open_to_write(path, take_over=take_over)
        if remembered:
            self.remember(path)
        return session

    def _open_to_write(self, path: Path, *, take_over: bool = False) -> CaseSession:
        pool = self.lab.pool()
        ask = ask_lease(pool, path, lambda: self.author, take_over=take_over)
        try:
            store = CaseStore.open(path, take_over=take_over, ask=ask)
        except CaseInUse as error:
            raise holder_in_words(error, path, pool) from error
        return self._session(store)

    def open_to_look(self, path: Path) -> CaseSession:
        """A case that is only read; for writing where a kill left what has to be undone in it first."""
        try:
            return self.open_case(path, read_only=True, remembered=False)
        except UserError:
            return self._open_to_write(path)

    def orders(self) -> OrderLookup | None:
        """What looks a specimen number up among the orders; None where no source of orders is set up."""
        try:
            return self._orders if self._orders.any else None
        except UserError as error:
            _log.warning("the connections cannot be read", exc_info=error)
            return None

    def allow_images(self, root: Path) -> None:
        """A person says that what cases name below `root`, on the network, may be opened until the end."""
        allow_network_root(root)

    def _new_session(self, store: CaseStore) -> CaseSession:
        hold_new(store, self.lab.pool(), lambda: self.author)
        return self._session(store)

    def _session(self, store: CaseStore) -> CaseSession:
        session = CaseSession(
            store,
            settings=lambda: held_or(self._settings),
            explainer=Explainer(self.engine),
            author=self.author or "unnamed",
            earlier_work=self.earlier_work,
            started=self._started,
            films=self._films,
            outbox=self.outbox,
            kept_drafts=self.home / KEPT_DRAFTS,
        )
        session.accounts = self.accounts
        if not store.read_only:
            self.folder.where()  # is known from then on, also without the database
            self.index.touched(store.path)
        return session

    def earlier_work(self) -> str:
        """When work before this start of the program was last written on this computer; "" for never."""
        return newest_work(self.cases_dir, (self.settings_file, self.home / _RECENT_NAME), self._started)

    def clock_doubt(self) -> ClockDoubt | None:
        """What speaks against the computer's clock, before any case is open."""
        return clock_doubt(utc_now(), "", [self.earlier_work()])

    def _free_case_path(self, specimen_id: str, created: str) -> Path:
        folder = self.folder.ready()
        stem = f"{created[:10]} {safe_folder_name(specimen_id)}"
        return free_path(folder, stem, CASE_SUFFIX)

    # ---- recent cases

    def recent(self) -> list[Path]:
        """Cases opened lately that still exist, newest first."""
        return [p for p in self.remembered() if _is_file(p)]

    def remembered(self) -> list[Path]:
        """Cases opened lately, newest first, whether they still exist or not."""
        return self._listed()[0]

    def _listed(self) -> tuple[list[Path], Reason | None]:
        """The recent cases as their file has them, and why it cannot be read."""
        path = self.home / _RECENT_NAME
        try:
            data = read_bytes(path, _RECENT_MOST_BYTES + 1)
            if len(data) > _RECENT_MOST_BYTES:
                raise InvalidValue("too large")
            listed = json.loads(data.decode("utf-8"))
            if not isinstance(listed, list) or not all(isinstance(p, str) for p in listed):
                raise InvalidValue("not a list")
        except FileNotFoundError:
            return [], None
        except (OSError, ValueError, RecursionError) as error:
            return [], settings_store.unreadable(error)
        return [Path(p) for p in listed[:_RECENT_KEPT]], None

    def remember(self, path: Path) -> None:
        """Put `path` first among the recent ones; a full disk must not stop the work for that."""
        self._keep_recent([path.absolute(), *(p for p in self.remembered() if p != path.absolute())])

    def forget_missing(self) -> None:
        """Drop the names of cases that are not there any more: names of files may be names of people."""
        self._keep_recent(self.recent())

    def _keep_recent(self, paths: list[Path]) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            text = json.dumps([str(p) for p in paths[:_RECENT_KEPT]], ensure_ascii=True)
            write_whole(self.home / _RECENT_NAME, text.encode("ascii"))
        except (OSError, UserError) as error:
            _log.warning("the list of recent cases cannot be written", exc_info=error)
            return

    # ---- the synthetic specimen

    def synthetic_specimen(self) -> Path:
        """The folder of the included synthetic specimen, drawn on first use."""
        from bloodcells_gui.app.demo import make_demo

        folder = self.home / "synthetic specimen"
        if not (folder / "truth.json").is_file():
            make_demo("crops", folder)
        return folder

"""Back up and restore the workstation, with progress, for window and command line."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from bloodcells_gui import __version__
from bloodcells_gui.app.account_management import station_accounts
from bloodcells_gui.app.accounts import Accounts
from bloodcells_gui.app.case_lease import station_name
from bloodcells_gui.app.cases_folder import CasesFolder, Where
from bloodcells_gui.app.data_folders import user_config_dir, user_data_dir
from bloodcells_gui.app.lab_link import LabLink
from bloodcells_gui.app.workspace import SETTINGS_NAME
from bloodcells_gui.domain.accounts import Right
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.domain.i18n import N_, Reason, tr
from bloodcells_gui.domain.progress import CancelToken, RateMeter
from bloodcells_gui.domain.times import Moment
from bloodcells_gui.storage import settings as settings_store
from bloodcells_gui.storage.archive import LABORATORY, SHARED_CASES, Manifest, decoded
from bloodcells_gui.storage.backup import BackupMade, Places, back_up
from bloodcells_gui.storage.lab import archive as lab_archive
from bloodcells_gui.storage.lab import schema as lab_schema
from bloodcells_gui.storage.lab.accounts import AccountBook
from bloodcells_gui.storage.lab.case_folder import check_folder
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.restore import Restored, laboratory_in, restore

__all__ = ["Finished", "Places", "Workstation", "proposed_name"]

Sentence = tuple[str, dict[str, object]]

_MB = 1_000_000


def proposed_name() -> str:
    """Name of an archive that is made today."""
    return f"bloodcells-{date.today().isoformat()}.zip"


@dataclass(frozen=True, slots=True)
class Finished:
    """What was done, and what a person must know of it, as English templates with their values.

    `complete` is False where something that belongs in a backup is not in it.
    """

    said: tuple[Sentence, ...]
    problems: tuple[Sentence, ...] = ()
    complete: bool = True

    def lines(self, lang: str = "en") -> list[str]:
        """What was done, in `lang`."""
        return [tr(template, lang, **params) for template, params in self.said]

    def problem_lines(self, lang: str = "en") -> list[str]:
        """What is damaged or missing, in `lang`."""
        return [tr(template, lang, **params) for template, params in self.problems]


class Workstation:
    """Everything that this workstation keeps.

    Parameters
    ----------
    home, config : Path or None
        Folder of the person's data and of settings; platform defaults when None.
    accounts : Accounts or None
        Who is signed in; as the settings reach the laboratory's accounts when None.
    """

    def __init__(
        self, home: Path | None = None, config: Path | None = None, *, accounts: Accounts | None = None
    ) -> None:
        self._accounts = accounts
        self.places = Places(home or user_data_dir(), (config or user_config_dir()) / SETTINGS_NAME)

    def back_up(self, archive: Path, *, token: CancelToken, progress: Callable[[Progress], None]) -> Finished:
        """Save it all into the new file `archive`, read it back and compare.

        Raises
        ------
        UserError
            When the archive is there already or cannot be written; nothing is left behind then.
        Cancelled
            When `token` was cancelled; nothing is left behind.
        """
        address = settings_store.load(self.places.settings)[0].lab_database
        with tempfile.TemporaryDirectory(prefix="bloodcells-") as folder:
            laboratory, problem = None, None
            if address:
                laboratory, problem = _laboratory(address, Path(folder) / "laboratory.sqlite", token)
            shared, no_cases = self._shared_cases()
            made = back_up(
                replace(self.places, shared=shared), archive, app_version=__version__, laboratory=laboratory,
                progress=_in_megabytes(token, progress),
            )  # fmt: skip
        return _backup_report(made, archive, shared, no_cases, problem)

    def cases_dir(self) -> Path:
        """The folder whose cases are saved: this workstation's, or the laboratory's."""
        return self._where().path

    def _where(self, *, ask: bool = False) -> Where:
        settings = settings_store.load(self.places.settings)[0]
        link = LabLink(lambda: settings.lab_database)
        folder = CasesFolder(self.places.data, link, lambda: settings)
        try:
            return folder.ask() if ask else folder.where()
        finally:
            link.close()

    def _shared_cases(self) -> tuple[Path | None, UserError | None]:
        """The laboratory's folder of cases where it is not this workstation's; or why it cannot be saved."""
        where = self._where(ask=True)
        if not where.known:
            return None, UserError("It is not known where the laboratory's cases lie.")
        if not where.mark or where.path.resolve().is_relative_to((self.places.data / "cases").resolve()):
            return None, None
        try:
            check_folder(where.path, where.mark)
        except UserError as error:
            return None, error
        return where.path, None

    def restore_laboratory(
        self, archive: Path, address: str, *, replace: bool = False, token: CancelToken
    ) -> Finished:
        """Bring the laboratory's database of an archive into the one at `address`, whole or not at all.

        Parameters
        ----------
        replace : bool
            Whether what that database holds may be replaced.

        Raises
        ------
        UserError
            When the archive is not sound or holds none, the database holds a laboratory or does not answer,
            or who is signed in may not; nothing is changed then.
        Cancelled
            When `token` was cancelled; nothing is changed.
        """
        with tempfile.TemporaryDirectory(prefix="bloodcells-") as folder:
            file, manifest = laboratory_in(archive, Path(folder))
            with LabDatabase(address, make=True) as database:
                self._may_replace(database)
                rows = lab_archive.restore(
                    file, database, __version__, created=manifest.created, replace=replace,
                    tell=lambda _: token.check(),
                )  # fmt: skip
        said: list[Sentence] = [
            (
                N_("The laboratory's database of {created} was brought back ({rows} rows)."),
                {"created": Moment(manifest.created), "rows": rows},
            ),
            (N_("What waited in its outbox is not sent by itself: look whether it arrived."), {}),
        ]
        return Finished(tuple(said))

    def restore(
        self,
        archive: Path,
        *,
        into: Path | None = None,
        token: CancelToken,
        progress: Callable[[Progress], None],
    ) -> Finished:
        """Bring an archive back into this workstation, where it holds nothing yet, or into the folder `into`.

        Raises
        ------
        UserError
            When the archive is not sound, other data are there, the disk is full, or who is signed in may not
            change settings of the laboratory; nothing is changed then.
        Cancelled
            When `token` was cancelled; nothing is changed.
        """
        if into is None:
            (self._accounts or station_accounts()).require(Right.CHANGE_RULES)
        places = self.places if into is None else Places(into, into / SETTINGS_NAME)
        return _restore_report(restore(archive, places, progress=_in_megabytes(token, progress)), places)

    def _may_replace(self, database: LabDatabase) -> None:
        """Where that very database has accounts, one of them has to allow it; a new one has nobody to ask."""
        if lab_schema.number_of(database) and AccountBook(database, station_name()).any():
            (self._accounts or station_accounts()).require(Right.MANAGE_ACCOUNTS)


def _laboratory(address: str, path: Path, token: CancelToken) -> tuple[Path | None, UserError | None]:
    """The laboratory's database as a file, or why it cannot be had: the workstation's part is saved then."""
    try:
        with LabDatabase(address) as database:
            lab_archive.save(database, path, __version__, lambda _: token.check())
    except UserError as error:
        return None, error
    return path, None


def _in_megabytes(token: CancelToken, progress: Callable[[Progress], None]) -> Callable[[int, int], None]:
    meter = RateMeter()

    def tell(done: int, total: int) -> None:
        token.check()
        rate = meter.update(done)
        eta = meter.eta_s(done, total, rate)
        progress(Progress(-(-done // _MB), -(-total // _MB), N_("MB"), 0, rate / _MB, eta))

    return tell


def _manifest_counts(manifest: Manifest) -> dict[str, object]:
    names = [decoded(m.name) for m in manifest.files]
    kinds = [n.parts[1] for n in names]
    return {
        "cases": sum(n.suffix == CASE_SUFFIX for n in names),
        "profiles": len({n.parts[2] for n in names if n.parts[1] == "profiles" and len(n.parts) == 4}),
        "library": int("reference.bcl" in kinds),
        "settings": int(SETTINGS_NAME in kinds),
        "size": -(-manifest.size // _MB),
    }


_WITH_LABORATORY = N_("The laboratory's database is in it, with hashes of passwords where it has accounts.")
_LABORATORY_TOO = N_(
    "The archive also holds the laboratory's database: bloodcells lab restore ARCHIVE --database URL."
)
_CASES_TOO = N_(
    "The laboratory's cases are in {path}: nothing was put onto the share."
    " Where it lost them, copy them there."
)
_HOLDS = N_(
    "Cases: {cases}, calibration profiles: {profiles}, reference libraries: {library}, settings files:"
    " {settings}; {size} MB."
)


def _backup_report(
    made: BackupMade,
    archive: Path,
    shared: Path | None = None,
    no_cases: UserError | None = None,
    no_laboratory: UserError | None = None,
) -> Finished:
    said: list[Sentence] = [
        (N_("The backup {path} was written, read back and compared."), {"path": archive}),
        (_HOLDS, _manifest_counts(made.manifest)),
        (N_("SHA-256 of its list of files: {sha256}"), {"sha256": made.fingerprint}),
        (
            N_("It holds patients' data, unencrypted. The images of specimens are not in it."),
            {},
        ),
        (N_("Destinations of results and the outbox of this workstation are not in it."), {}),
    ]
    if any(m.name == LABORATORY for m in made.manifest.files):
        said.append(
            (N_("The laboratory's database is in it, with hashes of passwords where it has accounts."), {})
        )
    if shared is not None:
        said.append((N_("The laboratory's cases in {path} are in it."), {"path": shared}))
    problems: list[Sentence] = [
        (N_("Damaged, saved as it is: {name}"), {"name": decoded(name).name}) for name in made.damaged
    ]
    problems += [
        (N_("NOT SAVED: {path} ({reason})"), {"path": path, "reason": reason})
        for path, reason in made.left_out
    ]
    if no_cases is not None:
        problems.append((N_("NOT SAVED: the laboratory's cases on the share ({reason})"), _because(no_cases)))
    if no_laboratory is not None:
        problems.append((N_("NOT SAVED: the laboratory's database ({reason})"), _because(no_laboratory)))
    complete = not made.left_out and no_laboratory is None and no_cases is None
    return Finished(tuple(said), tuple(problems), complete)


def _because(error: UserError) -> dict[str, object]:
    return {"reason": Reason(error.what, tuple(error.params.items()))}


def _restore_report(restored: Restored, places: Places) -> Finished:
    said: list[Sentence] = [
        (
            N_("The backup of {created} was compared with its list of files and brought back into {path}."),
            {"created": Moment(restored.manifest.created), "path": places.data},
        ),
        (_HOLDS, _manifest_counts(restored.manifest)),
    ]
    if any(m.name == LABORATORY for m in restored.manifest.files):
        said.append((_LABORATORY_TOO, {}))
    shared = ("data", "cases", SHARED_CASES)
    if any(decoded(m.name).parts[:3] == shared for m in restored.manifest.files):
        said.append((_CASES_TOO, {"path": places.data.joinpath(*shared[1:])}))
    if restored.kept_settings is not None:
        said.append(
            (N_("The settings that were there are kept in {path}."), {"path": restored.kept_settings})
        )
    return Finished(tuple(said))

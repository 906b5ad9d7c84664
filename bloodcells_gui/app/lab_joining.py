"""Bring what a workstation kept for itself into the laboratory that it has joined.

Nothing of the laboratory is replaced, and nothing of the workstation's own is removed. What is there already
is not brought a second time, so that it can be repeated after an interruption.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.app.account_management import station_accounts
from bloodcells_gui.app.accounts import Accounts
from bloodcells_gui.app.calibration_profiles import own_profiles, profile_store
from bloodcells_gui.app.case_lease import station_name
from bloodcells_gui.app.data_folders import user_data_dir
from bloodcells_gui.app.lab_database import no_database
from bloodcells_gui.app.lab_link import LabLink
from bloodcells_gui.app.reference_library import ReferenceLibraryController
from bloodcells_gui.app.settings_keeper import settings_path
from bloodcells_gui.domain.accounts import Right
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, Reason, plural
from bloodcells_gui.storage import settings as settings_store
from bloodcells_gui.storage.calibration_profiles import CalibrationProfileStore, ProfileStore
from bloodcells_gui.storage.library_rows import WholeEntry

_LONGEST_NAME = 60
_CELLS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Own:
    """What a workstation has that the laboratory lacks: profiles by name, and so many reference cells."""

    profiles: tuple[str, ...] = ()
    cells: int = 0

    def __bool__(self) -> bool:
        return bool(self.profiles or self.cells)

    @property
    def said(self) -> tuple[Reason, ...]:
        """It in words, a sentence for each."""
        said = []
        if self.profiles:
            said.append(Reason(_OWN_PROFILES, (("names", ", ".join(self.profiles)),)))
        if self.cells:
            said.append(Reason(_OWN_CELLS, (("n", self.cells),)))
        return tuple(said)


def own_things(home: Path, profiles: ProfileStore, library: ReferenceLibraryController) -> Own:
    """What :func:`bring_in` would bring; UserError where the laboratory's database cannot be asked."""
    own = own_profiles(home)
    names = tuple(p.name for p in own.all() if _place(own, profiles, p.name)[1])
    return Own(names, sum(len(part) for part in _cells_to_bring(library)))


def bring_in(home: Path, profiles: ProfileStore, library: ReferenceLibraryController) -> list[Reason]:
    """Bring it; what was done, one line each.

    Raises
    ------
    UserError
        The person may not, or the database does not answer; what was brought until then stays.
    """
    own, said = own_profiles(home), []
    for stored in own.all():
        name, versions = _place(own, profiles, stored.name)
        if not versions:
            continue
        for version in versions:
            profiles.save({**own.load(stored.name, version).data, "name": name})
        params = (("name", stored.name), ("as", name))
        said.append(Reason(_AS_IT_IS if name == stored.name else _UNDER_ANOTHER_NAME, params))
        bundle = stored.bundle_sha256
        if own.active(bundle) == stored.name and not profiles.active(bundle):
            profiles.use(name)
            said.append(Reason(N_("The laboratory uses the profile {as} now."), params))
    if (n := sum(library.shared.bring(part) for part in _cells_to_bring(library))) > 0:
        said.append(Reason(_BROUGHT_CELLS, (("n", n),)))
    return said or [Reason(N_("The laboratory has all that this workstation has."))]


_AS_IT_IS = N_("The profile {name} is the laboratory's now.")
_UNDER_ANOTHER_NAME = N_(
    "The laboratory has another profile {name}: this workstation's is called {as} there."
)


_OWN_PROFILES = N_("This workstation has calibration profiles of its own that the laboratory lacks: {names}.")
_OWN_CELLS = plural(
    "The reference library of this workstation has {n} cell that the laboratory lacks.",
    "The reference library of this workstation has {n} cells that the laboratory lacks.",
)
_BROUGHT_CELLS = plural(
    "{n} cell was brought into the laboratory's reference library.",
    "{n} cells were brought into the laboratory's reference library.",
)


def _cells_to_bring(library: ReferenceLibraryController) -> Iterator[list[WholeEntry]]:
    """Cells of this workstation's own library that the laboratory lacks, a part at a time."""
    if not library.has_own:
        return
    own, there = library.own(), library.shared.brought()
    part: list[WholeEntry] = []
    for entry in own.standing():
        whole = own.whole(entry)
        if whole.sha256 in there:
            continue
        part.append(whole)
        if len(part) == _CELLS_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _place(own: CalibrationProfileStore, lab: ProfileStore, name: str) -> tuple[str, list[int]]:
    """Under which name a profile goes into the laboratory, and which of its versions are to come."""
    versions = own.versions(name)
    mine = [{**own.load(name, v).data, "name": ""} for v in versions]
    station = re.sub(r"[^\w.-]", "-", station_name())
    base = f"{name[: _LONGEST_NAME - len(station[:20]) - 8]} ({station[:20]})"
    for candidate in (name, base, *(f"{base} {n}" for n in range(2, 100))):
        there = lab.versions(candidate)
        try:
            begun = [{**lab.load(candidate, v).data, "name": ""} for v in there[: len(mine)]]
        except UserError:  # damaged there: another one's at any rate
            continue
        if begun == mine[: len(begun)]:
            return candidate, versions[len(begun) :]
    return base, []


def bring_in_from_here(lang: str = "en", accounts: Accounts | None = None) -> list[str]:
    """Bring in what this workstation has, without a window; lines to print. UserError as :func:`bring_in`.

    `accounts` are the laboratory's as the command line found them; those of the workstation when None.
    """
    address = settings_store.load(settings_path())[0].lab_database
    if not address:
        raise no_database()
    (accounts or station_accounts()).require(Right.CHANGE_RULES)
    with closing(LabLink(lambda: address)) as link:
        library = ReferenceLibraryController(user_data_dir(), link.pool)
        with closing(library):
            return [reason.text(lang) for reason in bring_in(user_data_dir(), profile_store(), library)]

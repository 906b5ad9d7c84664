"""Calibrate to this laboratory from an open case: fit, compare before and after, choose, revert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from pathlib import Path

from bloodcells_gui.app import calibration_profiles
from bloodcells_gui.app.accounts import Accounts
from bloodcells_gui.app.calibration_cells import MAX_CELLS, reviewed_cells
from bloodcells_gui.app.engine import Engine
from bloodcells_gui.domain.accounts import Right
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.inference.calibration import Profile
from bloodcells_gui.storage.calibration_profiles import ProfileStore


@dataclass(frozen=True, slots=True)
class KnownProfile:
    """One profile of this laboratory; shares are 0 to 1, cross-validated before and after.

    Of a `damaged` one the shares are NaN.
    """

    name: str
    version: int
    created: str
    in_use: bool
    fits: bool
    cells: int
    before: float
    after: float
    before_balanced: float
    after_balanced: float
    damaged: bool = False


class CalibrationController:
    """Profiles of the classifier in use.

    Parameters
    ----------
    engine : callable
        Gives the loaded models; everything here may run in a worker thread.
    accounts : Accounts or None
        Asked before a profile is made, chosen or put aside.
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        store: ProfileStore | None = None,
        accounts: Accounts | None = None,
    ) -> None:
        self._accounts = accounts
        self._engine = engine
        self._store = store or calibration_profiles.profile_store()
        self.unread_choice: UserError | None = None

    def known(self) -> list[KnownProfile]:
        """Newest versions by name; UserError when the models cannot be loaded.

        Where it cannot be read which one is in use, none is, and `unread_choice` says why.
        """
        bundle = self._engine().bundles["classify"].sha256
        chosen = self._chosen(bundle)
        found = []
        for stored in self._store.all():
            fits = stored.bundle_sha256 == bundle
            in_use = fits and chosen == stored.name
            try:
                profile = Profile.from_json(stored.data)
            except UserError:
                found.append(_damaged(stored.name, stored.version, in_use=in_use, fits=fits))
                continue
            found.append(
                KnownProfile(
                    stored.name,
                    stored.version,
                    profile.created[:20],
                    in_use,
                    fits,
                    sum(profile.cells.values()),
                    profile.before.accuracy, profile.after.accuracy,
                    profile.before.balanced, profile.after.balanced,
                )
            )  # fmt: skip
        found += [_damaged(name, 0, in_use=False, fits=False) for name in self._store.damaged()]
        return found

    def _chosen(self, bundle: str) -> str:
        self.unread_choice = None
        try:
            return self._store.active(bundle)
        except UserError as error:
            self.unread_choice = error
            return ""

    def fit(self, case: Path, name: str) -> str:
        """Fit the profile `name` from the reviewed cells of a case; it is not in use before it is chosen.

        Raises
        ------
        UserError
            The person may not, too few cells, another classifier, or a name that cannot be one.
        """
        self._may_change()
        engine = self._engine()
        cells = reviewed_cells(case, engine)
        fitted = calibration_profiles.fit(
            engine, name, cells.embeddings[:MAX_CELLS], cells.labels[:MAX_CELLS], self._store
        )
        return f"{fitted.profile.name} v{fitted.version}"

    def contradicted(self, case: Path) -> tuple[int, ...]:
        """Numbers of the reviewed cells of a case whose class the others contradict, most suspicious first.

        Raises
        ------
        UserError
            When the case was analysed with another classifier.
        """
        return reviewed_cells(case, self._engine()).contradicted()

    def use(self, name: str) -> None:
        """New analyses use the profile; "" goes back to the model's own head."""
        self._may_change()
        if name:
            self._store.use(name)
        else:
            self._store.use_none(self._engine().bundles["classify"].sha256)

    def revert(self, name: str) -> int:
        """Go back to the version before; returns the new version's number."""
        self._may_change()
        return self._store.revert(name)

    def remove(self, name: str) -> None:
        """Put a profile aside."""
        self._may_change()
        self._store.remove(name)

    def _may_change(self) -> None:
        if self._accounts is not None:
            self._accounts.require(Right.CHANGE_RULES)


def _damaged(name: str, version: int, *, in_use: bool, fits: bool) -> KnownProfile:
    """A profile whose file cannot be read: its figures are unknown, not 0."""
    return KnownProfile(name, version, "", in_use, fits, 0, nan, nan, nan, nan, damaged=True)

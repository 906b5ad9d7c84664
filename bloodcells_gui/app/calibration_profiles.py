"""Calibration profiles of this laboratory: fitted from reviewed cells, kept, chosen, named in reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.case_lease import station_name
from bloodcells_gui.app.data_folders import user_data_dir
from bloodcells_gui.app.engine import Engine
from bloodcells_gui.app.settings_keeper import settings_path
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.formatting import number
from bloodcells_gui.domain.i18n import N_, ngettext, tr
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.inference.calibration import Profile, fit_profile
from bloodcells_gui.storage import settings as settings_store
from bloodcells_gui.storage.calibration_profiles import CalibrationProfileStore, ProfileStore
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.pool import LabPool
from bloodcells_gui.storage.lab.profiles import LabProfiles

NO_PROFILE = "none"
_COPIES = "laboratory-profiles"


def own_profiles(home: Path) -> CalibrationProfileStore:
    """The profiles of this workstation's own."""
    return CalibrationProfileStore(home / "profiles")


def profiles_of(
    home: Path,
    pool: Callable[[], LabPool | None],
    may_change: Callable[[], None] = lambda: None,
) -> ProfileStore:
    """The profiles in force: the laboratory's where `pool` gives connections to its database."""
    if pool() is None:
        return own_profiles(home)

    @contextmanager
    def connect() -> Iterator[LabDatabase]:
        there = pool()
        if there is None:
            raise UserError(N_("This workstation has left the laboratory's database."))
        with there.database() as database:
            yield database

    copies = CalibrationProfileStore(home / _COPIES)
    return LabProfiles(connect, copies, station=station_name(), may_change=may_change)


def profile_store() -> ProfileStore:
    """The profiles in force for a program without a window.

    Connections are opened for each question and closed after it; who changes profiles asks for the right to.
    """
    address = settings_store.load(settings_path())[0].lab_database
    if not address:
        return own_profiles(user_data_dir())

    @contextmanager
    def connect() -> Iterator[LabDatabase]:
        with closing(LabPool(address)) as pool, pool.database() as database:
            yield database

    copies = CalibrationProfileStore(user_data_dir() / _COPIES)
    return LabProfiles(connect, copies, station=station_name())


def apply_profile(engine: Engine, name: str, store: ProfileStore | None = None) -> str:
    """Set the engine's classifier to a profile and return what reports call it ("" = the bundle's own head).

    Parameters
    ----------
    name : str
        A profile; "" takes the one in use with this bundle, "none" the bundle's own head.

    Raises
    ------
    UserError
        An unknown or damaged profile; BundleRefused when it belongs to another bundle.
    """
    kept = store or profile_store()
    wanted = name or kept.active(engine.bundles["classify"].sha256)
    if not wanted or wanted == NO_PROFILE:
        engine.classifier.use_profile(None)
        return ""
    stored = kept.load(wanted)
    engine.classifier.use_profile(Profile.from_json(stored.data))
    return f"{stored.name} v{stored.version}"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A new profile with its cross-validated gain."""

    profile: Profile
    version: int

    def lines(self, lang: str = "en") -> list[str]:
        """Before and after, in words of `lang`."""

        def percent(share: float) -> str:
            return number(100 * share, 1, lang)

        before, after = self.profile.before, self.profile.after
        return [
            ngettext(
                "profile {name} v{version} from {n} cell ({classes})",
                "profile {name} v{version} from {n} cells ({classes})",
                after.cells,
                lang,
                name=self.profile.name,
                version=self.version,
                classes=", ".join(f"{k} {n}" for k, n in self.profile.cells.items()),
            ),
            tr(
                "cross-validated agreement: before {before} %, after {after} %",
                lang,
                before=percent(before.accuracy),
                after=percent(after.accuracy),
            ),
            tr(
                "balanced: before {before} %, after {after} %",
                lang,
                before=percent(before.balanced),
                after=percent(after.balanced),
            ),
        ]


def fit(
    engine: Engine,
    name: str,
    embeddings: NDArray[np.float32],
    labels: Sequence[str],
    store: ProfileStore | None = None,
) -> Fitted:
    """Fit and keep a profile from reviewed cells; it is not in use before it is chosen.

    Parameters
    ----------
    embeddings : (n, D) float32
        As the classifier gave them.
    labels : sequence of str
        What a person said: leaves, partial labels or row names.
    """
    bundle, classifier = engine.bundles["classify"], engine.classifier
    own = classifier.profile
    try:
        classifier.use_profile(None)
        distances = classifier.classify_embeddings(embeddings).distance
    finally:
        classifier.use_profile(own)
    model = classifier.uncertainty_model
    profile = fit_profile(
        embeddings,
        labels,
        classes=classifier.classes,
        head=(classifier.head_weights, classifier.head_bias),
        bundle_sha256=bundle.sha256,
        name=name,
        created=utc_now(),
        temperature=model.temperature,
        threshold=model.threshold,
        distances=distances,
    )
    return Fitted(profile, (store or profile_store()).save(profile.to_json()))

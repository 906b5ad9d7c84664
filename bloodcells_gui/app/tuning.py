"""Calibrating to this laboratory from an open case: fit, see before and after, choose, go back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.app import profiles
from bloodcells_gui.app.calibrate import MAX_CELLS, reviewed_cells
from bloodcells_gui.app.engine import Engine
from bloodcells_gui.storage.profiles import ProfileStore


@dataclass(frozen=True, slots=True)
class KnownProfile:
    """One profile of this laboratory; shares are 0 to 1, cross-validated before and after."""

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


class Tuning:
    """Profiles of the classifier in use.

    Parameters
    ----------
    engine : callable
        Gives the loaded models; everything here may run in a worker thread.
    """

    def __init__(self, engine: Callable[[], Engine], store: ProfileStore | None = None) -> None:
        self._engine = engine
        self._store = store or profiles.profile_store()

    def known(self) -> list[KnownProfile]:
        """Newest versions by name; UserError when the models cannot be loaded."""
        bundle = self._engine().bundles["classify"].sha256
        found = []
        for stored in self._store.all():
            before, after = (_share(stored.data.get(k)) for k in ("before", "after"))
            cells = stored.data.get("cells")
            found.append(
                KnownProfile(
                    stored.name,
                    stored.version,
                    str(stored.data.get("created", ""))[:20],
                    self._store.active(stored.bundle_sha256) == stored.name,
                    stored.bundle_sha256 == bundle,
                    sum(int(n) for n in cells.values()) if isinstance(cells, dict) else 0,
                    before[0], after[0], before[1], after[1],
                )
            )  # fmt: skip
        return found

    def fit(self, case: Path, name: str) -> str:
        """Fit the profile `name` from the reviewed cells of a case; it is not in use before it is chosen.

        Raises
        ------
        UserError
            Too few cells, another classifier, or a name that cannot be one.
        """
        engine = self._engine()
        embeddings, labels = reviewed_cells(case, engine)
        fitted = profiles.fit(engine, name, embeddings[:MAX_CELLS], labels[:MAX_CELLS], self._store)
        return f"{fitted.profile.name} v{fitted.version}"

    def use(self, name: str) -> None:
        """New analyses use the profile; "" goes back to the model's own head."""
        if name:
            self._store.use(name)
        else:
            self._store.use_none(self._engine().bundles["classify"].sha256)

    def revert(self, name: str) -> int:
        """Go back to the version before; returns the new version's number."""
        return self._store.revert(name)

    def remove(self, name: str) -> None:
        """Put a profile aside."""
        self._store.remove(name)


def _share(data: object) -> tuple[float, float]:
    """Accuracy and balanced accuracy of a score as it is stored; 0 where it says nothing."""
    if not isinstance(data, dict):
        return 0.0, 0.0
    accuracy, balanced = data.get("accuracy"), data.get("balanced")
    return (
        float(accuracy) if isinstance(accuracy, int | float) else 0.0,
        float(balanced) if isinstance(balanced, int | float) else 0.0,
    )

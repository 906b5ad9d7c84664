"""The verb `calibrate`: fit a profile from a labelled folder or a reviewed case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app import calibration_profiles
from bloodcells_gui.app.account_management import station_accounts
from bloodcells_gui.app.accounts import Accounts
from bloodcells_gui.app.engine import Engine, LazyEngine
from bloodcells_gui.app.labelled_folders import read_labelled
from bloodcells_gui.domain.accounts import Right
from bloodcells_gui.domain.cell import FLAG_SCALE_CONTRADICTED, FLAG_WAITS_FOR_SCALE, cell_number
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.formatting import unnamed_text
from bloodcells_gui.domain.i18n import N_, ngettext, tr
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.review_state import ReviewState, fold
from bloodcells_gui.domain.run_messages import remarks_text
from bloodcells_gui.inference.label_check import check_labels
from bloodcells_gui.storage.case import CaseStore

MAX_CELLS = 2000
_NAMED = 10  # so many contradicted cells are named in a line
# Seen at a scale that is not theirs: what they look like would mislead a profile.
_NO_SCALE = frozenset({FLAG_WAITS_FOR_SCALE, FLAG_SCALE_CONTRADICTED})


def calibrate_from(
    source: Path,
    name: str,
    bundles: tuple[Path, ...] = (),
    *,
    mpp: float | None = None,
    threads: int | None = None,
    token: CancelToken,
    engine: Engine | None = None,
    lang: str = "en",
    accounts: Accounts | None = None,
) -> list[str]:
    """Fit the profile `name` from a folder by class or a reviewed case; returns lines to print in `lang`.

    `accounts` are the laboratory's as the command line found them; those of the workstation when None.
    """
    (accounts or station_accounts()).require(Right.CHANGE_RULES)
    loaded = engine or LazyEngine(bundles)()
    if source.is_file():
        reviewed = reviewed_cells(source, loaded)
        embeddings, labels = reviewed.embeddings, list(reviewed.labels)
        names = [tr("cell {number}", lang, number=cell_number(i)) for i in reviewed.ids]
        unnamed: dict[str, int] = {}
        remarks: list[str] = []
    else:
        loaded.classifier.use_profile(None)
        found = read_labelled(source, loaded, mpp=mpp, threads=threads, token=token)
        usable = [i for i, cell in enumerate(found.cells) if _NO_SCALE.isdisjoint(cell.flags)]
        if not usable:
            raise UserError(
                "The scale of these crops is not known, so they fit no profile.",
                "Neither their files nor their cells give it, or the two contradict each other.",
                "Give the micrometres per pixel with --mpp.",
            )
        embeddings, labels = found.embeddings[usable], [found.labels[i].name for i in usable]
        names = [found.names[i] for i in usable]
        unnamed, remarks = found.unnamed, [remarks_text(r, lang) for r in found.scale_remarks]
    fitted = calibration_profiles.fit(loaded, name, embeddings[:MAX_CELLS], labels[:MAX_CELLS])
    left_out = [unnamed_text(len(labels), unnamed, lang)] if unnamed else []
    doubted = _contradicted_lines(names, check_labels(embeddings, labels, names).rows().tolist(), lang)
    use = tr("`bloodcells calibrate use {name}` puts it to use", lang, name=name)
    return [*remarks, *left_out, *doubted, *fitted.lines(lang), use]


def _contradicted_lines(names: Sequence[str], rows: Sequence[int], lang: str) -> list[str]:
    """A line that names the cells whose class the others contradict; none where there are none."""
    if not rows:
        return []
    shown = ", ".join(names[i] for i in rows[:_NAMED]) + ("…" if len(rows) > _NAMED else "")
    return [
        ngettext(
            "{n} cell is contradicted by the others, look at it: {names}",
            "{n} cells are contradicted by the others, look at them: {names}",
            len(rows),
            lang,
            names=shown,
        )
    ]


@dataclass(frozen=True, slots=True, eq=False)
class ReviewedCells:
    """Cells of a case that a person decided on: numbers, embeddings (n, D) float32 and final classes."""

    ids: tuple[int, ...]
    embeddings: NDArray[np.float32]
    labels: tuple[str, ...]

    def contradicted(self) -> tuple[int, ...]:
        """Numbers of the cells whose class the others contradict, the most suspicious first."""
        found = check_labels(self.embeddings, self.labels, [str(i) for i in self.ids])
        return tuple(self.ids[row] for row in found.rows())


def reviewed_cells(case: Path, engine: Engine) -> ReviewedCells:
    """The cells of a case that a person decided on and that may teach a profile.

    Raises
    ------
    UserError
        When the case was analysed with another classifier.
    """
    wanted = engine.identities()["classify"]
    with CaseStore.open(case, read_only=True) as store:
        store.check_seals()
        cells = store.load_cells()
        with store.decoding("events"):
            state: ReviewState = fold(cells, store.events())
        ids, embeddings = store.embeddings()
        models = {run.number: run.bundles.get("classify", "") for run in store.runs}
    row = {int(i): k for k, i in enumerate(ids)}
    chosen = [
        c for c in cells
        if c.id in row and models.get(c.run) == wanted and _NO_SCALE.isdisjoint(c.flags)
        and state.decided(c.id) and state.decision(c.id).final
    ]  # fmt: skip
    if not chosen and any(m != wanted for m in models.values()):
        raise UserError(
            "The case was analysed with another classifier.",
            "Its cells do not fit the model in use.",
            "Analyse the images again with this program, review, then calibrate.",
        )
    picked = np.asarray([row[c.id] for c in chosen], np.intp)
    return ReviewedCells(
        tuple(c.id for c in chosen),
        embeddings[picked].astype(np.float32),
        tuple(state.decision(c.id).final for c in chosen),
    )


def manage(action: str, name: str, lang: str = "en", accounts: Accounts | None = None) -> list[str]:
    """`list`, `use NAME` (or `use none`), `remove NAME`; returns lines to print in `lang`."""
    store = calibration_profiles.profile_store()
    if action == "list":
        lines = []
        try:
            active = {p.name for p in store.all() if store.active(p.bundle_sha256) == p.name}
        except UserError as error:
            active, lines = set(), [error.text(lang)]
        lines += [
            f"{'*' if p.name in active else ' '} "
            + tr(
                "{name}  v{version}  model {sha}",
                lang,
                name=p.name,
                version=p.version,
                sha=p.bundle_sha256[:12],
            )
            for p in store.all()
        ]
        damaged = N_("  {name}  damaged: its file cannot be read")
        lines += [tr(damaged, lang, name=name) for name in store.damaged()]
        return lines or [tr("no profiles", lang)]
    if not name:
        raise UserError("A profile needs a name.", "", "`bloodcells calibrate list` names those there are.")
    (accounts or station_accounts()).require(Right.CHANGE_RULES)
    if action == "remove":
        store.remove(name)
        return [tr("removed {name}", lang, name=name)]
    if name == calibration_profiles.NO_PROFILE:
        for profile in store.all():
            store.use_none(profile.bundle_sha256)
        return [tr("the models' own head is in use", lang)]
    chosen = store.use(name)
    text = N_("{name} v{version} is in use with model {sha}")
    return [tr(text, lang, name=chosen.name, version=chosen.version, sha=chosen.bundle_sha256[:12])]

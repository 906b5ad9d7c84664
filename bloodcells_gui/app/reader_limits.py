"""Limits that include the reader: where the laboratory's confusion matrix comes from, and those of a case."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells_gui.app import calibration_profiles
from bloodcells_gui.app.calibration_profiles import NO_PROFILE, apply_profile
from bloodcells_gui.app.engine import Engine
from bloodcells_gui.domain.class_names import leaves_of
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.errors import InvalidValue, UserError, system_reason
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.reader_limits import (
    CROSS_VALIDATED,
    ReaderLimits,
    ReaderMatrix,
    does_not_fit,
    matrix_from_json,
    reader_limits,
)
from bloodcells_gui.imaging.io.plain_files import read_bytes
from bloodcells_gui.inference.calibration import Profile
from bloodcells_gui.report.evaluation import finest_rollup, named_matrix
from bloodcells_gui.storage.calibration_profiles import ProfileStore

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession
    from bloodcells_gui.domain.settings import LabSettings

#: In place of a file: the profile in use.
PROFILE = "profile"
NO_LIMITS = N_("Limits that include the reader cannot be given with this confusion matrix.")
_MOST_BYTES = 64 * 1024**2
_AGAIN = N_("Evaluate again with this version (`bloodcells evaluate`), and give its evaluation.json.")


def matrix_of_evaluation(path: Path) -> ReaderMatrix:
    """The confusion matrix of an evaluation.json; UserError where it has none."""
    try:
        data = read_bytes(path, _MOST_BYTES + 1)
    except OSError as error:
        raise UserError(
            "{path} cannot be read.", "{why}.", "Choose another file.", path=path, why=system_reason(error)
        ) from error
    try:
        if len(data) > _MOST_BYTES:
            raise InvalidValue("too large")
        obj = json.loads(data)
        if not isinstance(obj, dict) or obj.get("reader_matrix") is None:
            raise InvalidValue("not a confusion matrix of a known taxonomy")
        return matrix_from_json(obj["reader_matrix"])
    except (ValueError, RecursionError) as error:
        raise UserError(
            "{path} holds no confusion matrix for limits that include the reader.",
            "It is no evaluation, or one of an earlier version.",
            _AGAIN,
            path=path,
        ) from error


def matrix_of_profile(engine: Engine, name: str = "", store: ProfileStore | None = None) -> ReaderMatrix:
    """The cross-validated confusion matrix of a calibration profile; "" takes the one in use.

    Raises
    ------
    UserError
        Where no profile is in use, or it was fitted by a version that kept no matrix.
    """
    kept = store or calibration_profiles.profile_store()
    wanted = name or kept.active(engine.bundles["classify"].sha256)
    if not wanted or wanted == NO_PROFILE:
        raise UserError(
            "No calibration profile is in use.",
            "Limits that include the reader need a confusion matrix of this laboratory.",
            "Put a profile to use, or give an evaluation.json.",
        )
    stored = kept.load(wanted)
    profile = Profile.from_json(stored.data)
    try:
        return _cross_validated(profile, stored.version, engine)
    except (ValueError, KeyError) as error:
        raise UserError(
            "The profile {name} holds no confusion matrix.",
            "It was fitted by an earlier version, or from labels that share no roll-up.",
            "Calibrate again, or give an evaluation.json.",
            name=stored.name,
        ) from error


def _cross_validated(profile: Profile, version: int, engine: Engine) -> ReaderMatrix:
    """ValueError or KeyError where the profile has no such figures."""
    if not profile.held_out:
        raise ValueError("no held-out answers")
    rollup = finest_rollup([leaves_of(label) for label, _, _ in profile.held_out])
    row_of = {leaf: i for i, row in enumerate(rollup.rows) for leaf in row.leaves}
    truth, named = [], []
    for label, leaf, n in profile.held_out:
        truth += [row_of[leaves_of(label)[0]]] * n
        named += [row_of[leaf]] * n
    models, name = engine.identities(), f"{profile.name} v{version}"
    return named_matrix(rollup, truth, named, models, name, profile.created[:10], origin=CROSS_VALIDATED)


def with_reader_limits(settings: LabSettings, wish: str, engine: Callable[[], Engine]) -> LabSettings:
    """The settings with the confusion matrix that the option `wish` names: a file, "profile", or "" for none.

    Raises
    ------
    UserError
    """
    if not wish:
        return settings
    matrix = matrix_of_profile(engine()) if wish == PROFILE else matrix_of_evaluation(Path(wish))
    return replace(settings, reader_matrix=matrix)


def check_fits(settings: LabSettings, engine: Engine, profile: str) -> None:
    """Refuse a confusion matrix of other models or of another profile before any work; UserError."""
    matrix = settings.reader_matrix
    if matrix is None:
        return
    why = does_not_fit(matrix, engine.identities(), apply_profile(engine, profile))
    if why is not None:
        raise UserError(NO_LIMITS, "{why}", _AGAIN, why=why)


def check_case(session: CaseSession) -> None:
    """Refuse a confusion matrix that gives this case no limits, or that its signed report cannot take.

    Raises
    ------
    UserError
        With the reason.
    """
    if session.state.signed:
        raise UserError(
            "Limits that include the reader cannot be added to a signed report.",
            "It stays as it was signed.",
            "Write it without --reader-limits, or amend the case first.",
        )
    limits = limits_of_case(session)
    if limits is not None and limits.refused:
        raise UserError(NO_LIMITS, "{why}", _AGAIN, why=Reason(limits.refused, limits.params))


IN_THE_REPORT = N_(
    "The report has limits that include the program's misnaming too, by the confusion matrix of {day}."
)


def reader_remark(settings: LabSettings) -> tuple[Remark, ...]:
    """What stands under the table where reports have such limits."""
    matrix = settings.reader_matrix
    return () if matrix is None else (Remark(IN_THE_REPORT, (("day", matrix.day),)),)


def limits_of_case(session: CaseSession) -> ReaderLimits | None:
    """What the report says of them; None where the laboratory asks for none, or nothing is counted."""
    matrix = session.settings.reader_matrix
    if matrix is None:
        return None
    decided = Counter(session.state.hand_counts)
    proposed: Counter[str] = Counter()
    runs = set()
    for cell in session.cells:
        final = session.decision(cell.id).final
        if not final:
            continue
        if session.state.decided(cell.id):
            decided[final] += 1
        else:
            proposed[final] += 1
            runs.add(cell.run)
    if not decided and not proposed:
        return None
    made_by = [(run.bundles, run.profile) for run in session.runs if run.number in runs or -1 in runs]
    return reader_limits(matrix, decided, proposed, made_by)

"""What a person enters beside the cells: fields of the specimen, and an analyser's differential."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bloodcells_gui.app.drafts import field_key
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.analyser_csv import MAX_ANALYSER_BYTES, read_analyser_csv
from bloodcells_gui.domain.comparison import (
    ANALYSER_CELLS_FIELD,
    ANALYSER_PREFIX,
    AnalyserRow,
    agreement_over_cases,
    analyser_fields,
    analyser_of,
    compare_analyser,
)
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.number_parsing import number_of
from bloodcells_gui.domain.review_state import fold
from bloodcells_gui.domain.settings import FieldSpec
from bloodcells_gui.domain.specimen import LONGEST_SPECIMEN_ID, SPECIMEN_ID_FIELD
from bloodcells_gui.domain.stats import BlandAltman
from bloodcells_gui.imaging.io.plain_files import read_bytes
from bloodcells_gui.storage.case import CaseStore

LONGEST_TEXT = 2000
# The classes an analyser reports; a CSV may name any other.
ANALYSER_CLASSES = ("NE", "LYMPHOCYTE", "MO", "EO", "BA", "IG")


def record_fields(session: CaseSession) -> tuple[FieldSpec, ...]:
    """The fields of the form: the specimen's number, then those that the settings show."""
    number = FieldSpec(SPECIMEN_ID_FIELD, "Specimen number", identifying=True)
    own = (s for s in session.settings.fields if s.shown and s.name != SPECIMEN_ID_FIELD)
    return (number, *own)


def value_of(session: CaseSession, name: str) -> str:
    """What stands in a field of the form."""
    return session.specimen.id if name == SPECIMEN_ID_FIELD else session.state.data.fields.get(name, "")


def unsaved_fields(session: CaseSession) -> list[tuple[FieldSpec, str]]:
    """Fields where something was typed that is not saved, with what was typed."""
    drafts = ((spec, session.drafts.text(field_key(spec.name))) for spec in record_fields(session))
    return [(spec, text) for spec, text in drafts if text]


def problem_of(spec: FieldSpec, text: str) -> str:  # noqa: C901  # one branch a rule of a field
    """Why `text` cannot stand in a field (an English template); "" when it can."""
    value = text.strip()
    if spec.name == SPECIMEN_ID_FIELD and not value:
        return N_("A specimen needs a number.")
    if len(text) > (LONGEST_SPECIMEN_ID if spec.name == SPECIMEN_ID_FIELD else LONGEST_TEXT):
        return N_("The text is too long.")
    if any(ord(c) < 32 and not (spec.kind == "lines" and c in "\n\t") for c in value):
        return N_("The text holds control characters.")
    if not value:
        return ""
    if spec.kind == "number":
        number = number_of(value)
        if number is None:
            return N_("Not a number.")
        if not 0 <= number < 1e6:
            return N_("Not a number that can be true.")
    if spec.kind == "date":
        try:
            day = date.fromisoformat(value[:10])
        except ValueError:
            return N_("Not a day: write YYYY-MM-DD.")
        if not date(1850, 1, 1) <= day <= date(2200, 1, 1):
            return N_("Not a day that can be true.")
    if spec.kind == "choice" and value not in spec.choices:
        return N_("Not one of the choices.")
    return ""


def analyser_in(session: CaseSession) -> tuple[dict[str, float], int | None]:
    """The analyser's percentages kept in the case, and how many leukocytes it counted."""
    return analyser_of(session.state.data)


def analyser_rows(session: CaseSession) -> tuple[AnalyserRow, ...]:
    """Agreement of this smear with its analyser; empty where none was entered."""
    analyser, cells = analyser_in(session)
    return compare_analyser(session.state.counts, analyser, cells) if analyser else ()


def set_analyser(session: CaseSession, label: str, text: str) -> None:
    """Enter one class of the analyser's differential (in %), "" takes it out.

    Raises
    ------
    UserError
        For what is no percentage, or when it could not be saved.
    """
    value = text.strip().rstrip("% ")
    if value:
        number = number_of(value)
        if number is None or not 0 <= number <= 1000:
            raise UserError(
                "{text} is no percentage.", "", "Enter a number such as 62.5.", text=text.strip()[:40]
            )
        value = f"{number:g}"
    name = ANALYSER_PREFIX + label
    if value != session.state.data.fields.get(name, ""):
        session.set_field(name, value)


def set_analyser_cells(session: CaseSession, count: int | None) -> None:
    """How many leukocytes the analyser counted; None when it is not told."""
    text = "" if not count else str(count)
    if text != session.state.data.fields.get(ANALYSER_CELLS_FIELD, ""):
        session.set_field(ANALYSER_CELLS_FIELD, text)


def import_analyser(session: CaseSession, path: Path) -> Mapping[str, float]:
    """Take an analyser's differential from a CSV file in place of what stood there.

    Raises
    ------
    UserError
        Naming the line that cannot be understood; nothing is changed then.
    """
    try:
        data = read_bytes(path, MAX_ANALYSER_BYTES + 1)
    except OSError as error:
        raise UserError(
            "The file {path} cannot be read.", "{why}.", "Choose another file.", path=path, why=error.strerror
        ) from error
    found = read_analyser_csv(data)
    before, _ = analyser_in(session)
    for label in before:
        if label not in found:
            session.set_field(ANALYSER_PREFIX + label, "")
    for name, value in analyser_fields(found).items():
        if session.state.data.fields.get(name, "") != value:
            session.set_field(name, value)
    return found


@dataclass(frozen=True, slots=True)
class Points:
    """One class over cases: mean of smear and analyser, and their difference, in percentage points."""

    name: str
    means: tuple[float, ...]
    differences: tuple[float, ...]
    figures: BlandAltman


@dataclass(frozen=True, slots=True)
class Agreement:
    """Smear and analyser over cases: the points of each class, and the files that could not be read."""

    points: tuple[Points, ...]
    unreadable: tuple[str, ...] = ()


def agreement(paths: Iterable[Path]) -> Agreement:
    """Bland-Altman of smear and analyser over the cases that hold both."""
    tables: list[tuple[AnalyserRow, ...]] = []
    unreadable = []
    for path in paths:
        try:
            with CaseStore.open(path, read_only=True) as store:
                store.check_seals()
                with store.decoding("events"):
                    state = fold(store.load_cells(), store.events())
        except UserError:
            unreadable.append(path.name)
            continue
        analyser, cells = analyser_of(state.data)
        if analyser:
            tables.append(compare_analyser(state.counts, analyser, cells))
    found = []
    for name, figures in agreement_over_cases(tables).items():
        pairs = [
            (r.smear, r.analyser) for t in tables for r in t if r.name == name and not math.isnan(r.smear)
        ]
        found.append(
            Points(name, tuple((a + b) / 2 for a, b in pairs), tuple(a - b for a, b in pairs), figures)
        )
    return Agreement(tuple(found), tuple(unreadable))

"""Acts on a case in words: what was done, to which field, from which value to which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bloodcells_gui.domain.cell import cell_number
from bloodcells_gui.domain.comparison import ANALYSER_CELLS_FIELD, ANALYSER_PREFIX
from bloodcells_gui.domain.counted_fields import LEFT_OUT_FIELD
from bloodcells_gui.domain.findings import CONFIRMED, PREFIX, REFUTED, FindingAnswer, answer_of
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.grading import DEFAULT_GRADING
from bloodcells_gui.domain.i18n import N_, ngettext, tr
from bloodcells_gui.domain.orders import KEPT_OF_ORDER, ORDER_COLLECTED, ORDER_REQUESTER
from bloodcells_gui.domain.platelet_clumps import REFUTED_FIELD
from bloodcells_gui.domain.rare_search import RARE_FIELD
from bloodcells_gui.domain.red_cells import NOT_COUNTED, RED_CELL_CLASS
from bloodcells_gui.domain.review import (
    CELL_OUTLINE,
    EXPLANATION_FIELD,
    NUCLEUS_OUTLINE,
    PROPOSED_BY_HAND,
    SECOND_READING_PREFIX,
    Event,
    EventKind,
)
from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.settings import DEFAULT_FIELDS, LabSettings
from bloodcells_gui.domain.specimen import SPECIMEN_ID_FIELD
from bloodcells_gui.domain.tags import SEPARATOR
from bloodcells_gui.domain.taxonomy import BY_CODE, ROLLUPS, UNIDENTIFIED
from bloodcells_gui.domain.times import local_text
from bloodcells_gui.domain.zones import ZONE_FIELD

CHECK_PREFIX = "check/"
# A comment may be long; so many characters of it say which one it was.
_LONGEST_SAID = 80
ACTS: dict[EventKind, str] = {
    EventKind.CONFIRM: N_("Class confirmed"),
    EventKind.RELABEL: N_("Given another class"),
    EventKind.EXCLUDE: N_("Taken out"),
    EventKind.RESTORE: N_("Put back"),
    EventKind.ADD_CELL: N_("Cell added by hand"),
    EventKind.REMOVE_CELL: N_("Added cell removed"),
    EventKind.MEND_OUTLINE: N_("Outline mended"),
    EventKind.COUNT: N_("Counted by hand"),
    EventKind.SET_FIELD: N_("Field filled in"),
    EventKind.GRADE: N_("Morphology graded"),
    EventKind.NAME_RED_CELLS: N_("Red cells named"),
    EventKind.NOTE: N_("Comment added"),
    EventKind.TAG: N_("Tag put on"),
    EventKind.UNTAG: N_("Tag taken off"),
    EventKind.SIGN: N_("Report signed"),
    EventKind.AMEND: N_("Report amended"),
    EventKind.SECOND_READ: N_("Class of a second reader"),
    EventKind.ADJUDICATE: N_("Difference between readers settled"),
    EventKind.UNDO: N_("Taken back"),
    EventKind.REDO: N_("Done again"),
}
# Fields that the program itself keeps.
_OWN_FIELDS = {
    SPECIMEN_ID_FIELD: "Specimen number",
    EXPLANATION_FIELD: N_("Explanation given for signing"),
    ANALYSER_CELLS_FIELD: N_("Leukocytes counted by the analyser"),
    ZONE_FIELD: N_("Zone to be analysed"),
    RARE_FIELD: N_("Search for rare cells"),
    LEFT_OUT_FIELD: N_("Counted fields left out"),
    REFUTED_FIELD: N_("Places found to be no clump"),
    **dict.fromkeys(KEPT_OF_ORDER, N_("As the order had it, kept for its answer")),
    ORDER_REQUESTER: N_("Requested by, as the order has it"),
    ORDER_COLLECTED: N_("Collected, as the order has it"),
}
_CHECKS = {
    "unreviewed": N_("cells that nobody reviewed"),
    "look-first": N_("cells to look at first"),
    "second": N_("second reading"),
    "target": N_("fewer cells than the target"),
    "incomplete": N_("analysis not complete"),
    "clock": N_("clock of the computer"),
}
_OUTLINES = {CELL_OUTLINE: N_("Outline of the cell"), NUCLEUS_OUTLINE: N_("Outline of the nucleus")}
_VERDICTS = {CONFIRMED: N_("Seen and confirmed"), REFUTED: N_("Refuted")}
# Kinds whose values are classes.
_CLASSES = frozenset(
    {EventKind.CONFIRM, EventKind.RELABEL, EventKind.EXCLUDE, EventKind.RESTORE, EventKind.ADD_CELL,
     EventKind.REMOVE_CELL, EventKind.SECOND_READ, EventKind.ADJUDICATE, EventKind.NAME_RED_CELLS,
     EventKind.UNDO, EventKind.REDO}
)  # fmt: skip


def class_name(code: str, lang: str = "en") -> str:
    """Name of a class, of leukocytes or red cells, or of a row that sums several; another code stays so."""
    own = {UNIDENTIFIED: N_("Unidentified"), EXCLUDED_LABEL: N_("Taken out"), NOT_COUNTED: N_("Not counted")}
    if code in own:
        return tr(own[code], lang)
    if code in RED_CELL_CLASS:
        return tr(RED_CELL_CLASS[code].name, lang)
    if code in BY_CODE:
        return tr(BY_CODE[code].name, lang)
    rows = (row for rollup in ROLLUPS.values() for row in rollup.rows)
    return next((tr(row.name, lang) for row in rows if row.code == code), code)


def act_text(kind: EventKind, lang: str = "en") -> str:
    """What was done, as a short sentence without its full stop."""
    return tr(ACTS.get(kind, str(kind)), lang)


def key_text(event: Event, settings: LabSettings, lang: str = "en") -> str:
    """What an act was about, besides its cells: a field, a grade, a class, a reader; "" for nothing."""
    key = event.key
    match event.kind:
        case EventKind.SET_FIELD:
            return field_name(key, settings, lang)
        case EventKind.GRADE:
            names = {item.id: item.name for item in (*DEFAULT_GRADING, *settings.grading)}
            return tr(names.get(key, key), lang)
        case EventKind.COUNT:
            return class_name(key, lang)
        case EventKind.MEND_OUTLINE:
            return tr(_OUTLINES.get(key, key), lang)
        case EventKind.ADD_CELL:
            return tr("as a proposal", lang) if key == PROPOSED_BY_HAND else key
        case EventKind.SECOND_READ:
            return key.removeprefix(SECOND_READING_PREFIX)
        case EventKind.SIGN:
            return tr("Report sha256 {sha}", lang, sha=f"{key[:16]}…") if key else ""
        case _:
            return key


def field_name(key: str, settings: LabSettings, lang: str = "en") -> str:
    """A field of the case by the name that the form, the report or the dialog has for it."""
    for spec in (*settings.fields, *DEFAULT_FIELDS):
        if spec.name == key:
            return tr(spec.label, lang)
    if key in _OWN_FIELDS:
        return tr(_OWN_FIELDS[key], lang)
    if key.startswith(ANALYSER_PREFIX):
        return labelled(tr("Analyser", lang), class_name(key.removeprefix(ANALYSER_PREFIX), lang), lang)
    if key.startswith(PREFIX):
        finding = _finding(key.removeprefix(PREFIX), settings, lang)
        return labelled(tr("Critical finding", lang), finding, lang)
    if key.startswith(CHECK_PREFIX):
        version, _, check = key.removeprefix(CHECK_PREFIX).partition("/")
        answered = tr("Answer before signing, version {version}", lang, version=version)
        return labelled(answered, tr(_CHECKS.get(check.partition("/")[0], check), lang), lang)
    return key.replace("_", " ").capitalize()


def _finding(id: str, settings: LabSettings, lang: str) -> str:
    rules = {rule.id: rule.name for rule in settings.rules}
    rule = id.removeprefix("rule-")
    return tr(rules.get(rule, rule), lang) if rule != id else class_name(id, lang)


def new_text(event: Event, settings: LabSettings, lang: str = "en") -> str:
    """The new value in words."""
    if event.kind is EventKind.MEND_OUTLINE and not event.new:
        return tr("The program's own outline again", lang)
    if event.kind is EventKind.NAME_RED_CELLS and not event.new:
        return tr("As the program proposes", lang)
    return value_text(event, event.new, settings, lang)


def turned_text(turn: EventKind, act: Event, settings: LabSettings, lang: str = "en") -> str:
    """What an undo or redo (`turn`) took back or did again, in a sentence without its full stop."""
    key, new = key_text(act, settings, lang), new_text(act, settings, lang)
    if len(new) > _LONGEST_SAID:
        new = new[: _LONGEST_SAID - 1].rstrip() + "…"
    about = labelled(key, new or "–", lang) if key else new
    said = act_text(act.kind, lang) + (f" ({about})" if about else "")
    return labelled(act_text(turn, lang), said, lang)


def old_text(event: Event, settings: LabSettings, lang: str = "en") -> str:
    """The old values in words, equal ones once with their number."""
    if event.kind is EventKind.MEND_OUTLINE:
        return ""  # rows of the case file, of no use to a reader
    shown = Counter(value_text(event, value, settings, lang) for value in event.old)
    return ", ".join(f"{text} ×{n}" if n > 1 else text for text, n in shown.items() if text)


def value_text(event: Event, value: str, settings: LabSettings, lang: str = "en") -> str:
    """One value of an act in words."""
    if not value:
        return ""
    if event.kind in _CLASSES:
        return class_name(value, lang)
    match event.kind:
        case EventKind.MEND_OUTLINE:
            return tr("drawn anew", lang)
        case EventKind.SET_FIELD:
            return _field_value(event.key, value, settings, lang)
        case EventKind.TAG | EventKind.UNTAG:
            return SEPARATOR.join(tr(tag, lang) for tag in value.split(SEPARATOR))
        case EventKind.GRADE | EventKind.SIGN:
            return tr(value, lang)
        case _:
            return value


def _answer_text(answer: FindingAnswer, lang: str) -> str:
    parts = [tr(_VERDICTS[answer.verdict], lang)]
    if answer.count:
        parts.append(ngettext("{n} cell", "{n} cells", answer.count, lang))
    if answer.value:
        parts.append(answer.value.replace(".", ",") if lang == "fr" else answer.value)
    if answer.told:
        told = labelled(tr("told", lang), answer.told, lang)
        parts.append(f"{told}, {local_text(answer.told_at, lang)}" if answer.told_at else told)
    return "; ".join([*parts, *([answer.note] if answer.note else [])])


def _field_value(key: str, value: str, settings: LabSettings, lang: str) -> str:
    if key == ZONE_FIELD:
        return tr("drawn", lang)
    if key in (LEFT_OUT_FIELD, REFUTED_FIELD):
        return str(len(value.split()))
    answer = answer_of(value) if key.startswith(PREFIX) else None
    if answer is not None:
        return _answer_text(answer, lang)
    spec = next((s for s in (*settings.fields, *DEFAULT_FIELDS) if s.name == key), None)
    if spec is None:
        return value
    if spec.name == "sex":
        return tr({"F": "female", "M": "male"}.get(value, value), lang)
    if spec.kind == "choice":
        return tr(value, lang) if value in spec.choices else value
    if spec.kind == "date":
        return local_text(value, lang)
    return f"{value} {tr(spec.unit, lang)}" if spec.unit else value


def cells_text(cells: Sequence[int], most: int = 12) -> str:
    """Numbers of cells, the first ones of many."""
    shown = ", ".join(cell_number(cell) for cell in cells[:most])
    return f"{shown} … ({len(cells)})" if len(cells) > most else shown

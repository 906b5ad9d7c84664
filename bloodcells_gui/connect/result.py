"""What a signed report says to a laboratory system, before it is written as HL7, ASTM or FHIR.

Built from the frozen report alone, so that a message can be made again at any time and says the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from bloodcells_gui.connect.figures import Figure
from bloodcells_gui.connect.other_figures import other_figures
from bloodcells_gui.connect.persons import kept_parts, person_parts, person_text
from bloodcells_gui.domain.connecting import control_id, is_withdrawal
from bloodcells_gui.domain.differential import DifferentialRow, sex_of
from bloodcells_gui.domain.errors import SECOND_WAITS, InvalidValue, UserError
from bloodcells_gui.domain.formatting import absolute, labelled, number, remark_text
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.loinc import (
    ABSOLUTE_OF,
    INTERPRETATION,
    LOCAL_SYSTEM,
    PANEL,
    PER_100_WBC,
    PERCENT_OF,
    UNITS,
    CodeRow,
    figure_key,
    grade_key,
    grade_word,
    local_code,
)
from bloodcells_gui.domain.ranges import WBC
from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.domain.taxonomy import ARTEFACT, GIANT_PLATELET, PLATELET, PLATELET_CLUMP
from bloodcells_gui.report.all_remarks import model_remarks
from bloodcells_gui.report.model import FindingLine, ReportModel
from bloodcells_gui.report.order_line import OrderLine

#: Status of a result and its figures (HL7 tables 0123 and 0085): W only of figures, "post original as wrong".
FINAL, CORRECTED, WITHDRAWN = "F", "C", "W"
# Pictures of single cells are of leukocytes: that none of these is among them says nothing of the film.
_NOT_IN_CROPS = frozenset({PLATELET, GIANT_PLATELET, PLATELET_CLUMP, ARTEFACT})


@dataclass(frozen=True, slots=True)
class Patient:
    """Whose specimen it is, as far as the report says; `birth_date` as YYYYMMDD, `sex` "F", "M" or "".

    `authority` is who gave out the number, in components of HL7 (HD), where an order said it.
    """

    number: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""
    authority: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabResult:
    """A signed report as a result.

    Attributes
    ----------
    control_id : str
        Of every message of this report.
    filler : str
        Number of the examination, the same for each version of its report.
    version : int
        Of the report; `replaces` is the control id of the one that it corrects, "" for a first one.
    specimen, patient
        What the result is of.
    collected, signed_at : str
        `collected` YYYYMMDD[HHMM[SS]][+ZZZZ], `signed_at` YYYYMMDDHHMMSS in UTC. "" where not known.
    signer, laboratory, software : str
    requester : tuple of str
        Who asked, in components of XCN: number, family, given and further names, suffix, title, degree.
    order : str
        Number of the order (placer), "" where not known.
    panel, interpretation : CodeRow
        Codes of the examination as a whole and of its words.
    figures, grades : tuple of Figure
        Numbers; morphology in grades.
    words : tuple of str
        Flags, comments and remarks, one a line, in English where they are the program's.
    synthetic : bool
        A specimen that the program drew: its messages are marked as training.
    pdf : bytes
        The report, or nothing.
    withdrawn : bool
        The result was reported for a wrong patient or specimen: it is taken back under the identifiers that
        it had.
    moment : str
        Time of the message as `signed_at`, where it is not that of the signature.
    """

    control_id: str
    filler: str
    version: int
    replaces: str
    specimen: str
    patient: Patient
    collected: str
    signed_at: str
    signer: str
    laboratory: str
    requester: tuple[str, ...]
    software: str
    panel: CodeRow
    interpretation: CodeRow
    figures: tuple[Figure, ...]
    grades: tuple[Figure, ...]
    words: tuple[str, ...]
    synthetic: bool
    pdf: bytes = b""
    order: str = ""
    withdrawn: bool = False
    moment: str = ""

    @property
    def status(self) -> str:
        """Of the result as a whole: final, or a correction, as a withdrawal is one too."""
        return CORRECTED if self.replaces or self.withdrawn else FINAL

    @property
    def figure_status(self) -> str:
        """Of each figure."""
        return WITHDRAWN if self.withdrawn else self.status

    @property
    def written_at(self) -> str:
        """Time of the message."""
        return self.moment or self.signed_at

    @property
    def collected_day(self) -> str:
        """YYYYMMDD of the draw."""
        return self.collected[:8]


def result_of(
    model: ReportModel,
    codes: Iterable[CodeRow],
    filler: str,
    pdf: bytes = b"",
    *,
    replaces: str | None = None,
) -> LabResult:
    """The result that a signed report is.

    Parameters
    ----------
    model : ReportModel
        Frozen, with the signatures of the case.
    codes : iterable of CodeRow
        The laboratory's table.
    filler : str
        Number of the examination, which the versions of its report for one patient and specimen share.
    pdf : bytes
        The report as PDF, where it goes along.
    replaces : str or None
        Control id of what the report comes after: the one that it corrects, or the withdrawal of one that was
        for a wrong patient or specimen; "" for a first one. None takes the version signed before.

    Raises
    ------
    UserError
        When nobody signed this report.
    """
    own = [s for s in model.signatures if s.version == model.version]
    if not own:
        raise not_signed()
    if model.waits:
        raise waits_for_second()
    first = own[0]
    if replaces is None:
        earlier = [s for s in model.signatures if s.version < model.version and s.report_sha256]
        replaces = control_id(earlier[-1].report_sha256) if earlier else ""
    table = {row.key: row for row in codes}
    not_of_it = model.order.another if model.order is not None else ()
    fields = {f.name: f.value for f in model.fields if f.name not in not_of_it}
    return LabResult(
        control_id=control_id(model.sha256()),
        filler=filler,
        version=model.version,
        replaces="" if is_withdrawal(replaces) else replaces,
        specimen=model.specimen,
        patient=_patient(fields, model.order),
        collected=_collected(fields, model.order),
        signed_at=_moment(first.time),
        signer=_name_alone(first.author),
        laboratory=model.header.laboratory,
        requester=_requester(fields, model.order),
        software=model.app_version,
        panel=_code(table, PANEL),
        interpretation=_code(table, INTERPRETATION),
        figures=_figures(model, table),
        grades=_grades(model, table),
        words=_words(model, replaces),
        synthetic=model.synthetic,
        pdf=pdf,
        order=model.order.number if model.order is not None else "",
    )


def withdrawn(result: LabResult, control: str, signed_at: str) -> LabResult:
    """The message that takes a result back, which was reported for a wrong patient or specimen.

    Under the identifiers that it had, each figure marked as wrong.

    Parameters
    ----------
    control : str
        Control id of the withdrawal.
    signed_at : str
        When the report was signed that shows it, a time of this program.
    """
    said = "Withdrawn: this result was reported for a wrong patient or a wrong specimen."
    return replace(
        result, control_id=control, replaces=result.control_id, withdrawn=True, moment=_moment(signed_at),
        words=(said, *result.words), pdf=b"",
    )  # fmt: skip


def _requester(fields: Mapping[str, str], order: OrderLine | None) -> tuple[str, ...]:
    """Who asked: as the order wrote it, unless a person wrote something else into the form."""
    typed = fields.get("requester", "").strip()
    parts = kept_parts(order.requester) if order is not None else ()
    return parts if parts and typed in ("", person_text(parts)) else person_parts(typed)


def _collected(fields: Mapping[str, str], order: OrderLine | None) -> str:
    """The draw: the order's time, unless a person wrote another day into the form."""
    day = day_of(fields.get("collected_at", ""))
    moment = order.collected if order is not None else ""
    return moment if moment and day in ("", moment[:8]) else day


def not_signed() -> UserError:
    """The refusal to make a message of what nobody signed."""
    return UserError(
        N_("There is no message of a report that nobody signed."),
        N_("A laboratory system takes a result as final."),
        N_("Review and sign the case first."),
    )


def waits_for_second() -> UserError:
    """The refusal to make a message of what the second person has not signed yet."""
    return UserError(
        N_("This report waits for the signature of the second person."),
        N_("A laboratory system takes a result as final."),
        N_("Let somebody else sign it first."),
    ).about(SECOND_WAITS)


def _patient(fields: Mapping[str, str], order: OrderLine | None) -> Patient:
    return Patient(
        authority=kept_parts(order.authority) if order is not None else (),
        number=fields.get("patient_id", "").strip(),
        name=fields.get("patient_name", "").strip(),
        birth_date=day_of(fields.get("birth_date", "")),
        sex=sex_of(SpecimenData(fields)),
    )


def day_of(text: str) -> str:
    """YYYYMMDD of a date as a form has it; "" for what is none."""
    try:
        return date.fromisoformat(text.strip()[:10]).strftime("%Y%m%d")
    except ValueError:
        return ""


def _moment(text: str) -> str:
    """YYYYMMDDHHMMSS of a time of this program; ValueError for what is none."""
    try:
        return datetime.fromisoformat(text).strftime("%Y%m%d%H%M%S")
    except ValueError as error:
        raise InvalidValue("no time") from error


def _code(table: Mapping[str, CodeRow], key: str) -> CodeRow:
    return table.get(key) or CodeRow(key, local_code(key), LOCAL_SYSTEM)


def _name_alone(author: str) -> str:
    """The name of a signature, without the account of laboratory or computer in brackets behind it."""
    name, _, account = author.rpartition(" (")
    return name if name and account.endswith(")") else author


def _figures(model: ReportModel, table: Mapping[str, CodeRow]) -> tuple[Figure, ...]:
    """White cells, sums, then the rows; no code stands twice in a message."""
    found = []
    differential = model.differential
    if differential.wbc_used is not None:
        low, high = differential.wbc_low, differential.wbc_high
        code = _code(table, figure_key(WBC, ABSOLUTE_OF))
        value, flag = absolute(differential.wbc_used), differential.wbc_flag
        note = "Corrected for nucleated red cells" if differential.corrected else ""
        found.append(Figure(code, value, UNITS[ABSOLUTE_OF], low, high, flag, note))
    counted = CodeRow("counted", "CELLS-COUNTED", LOCAL_SYSTEM, "Leukocytes counted")
    found.append(Figure(counted, str(differential.total), "{cells}"))
    for row in (*differential.totals, *differential.rows):
        if not (model.kind is SpecimenKind.CROPS and row.code in _NOT_IN_CROPS and not row.count):
            found += _of_row(row, table)
    found += other_figures(model, table)
    taken: set[tuple[str, str]] = set()
    result = []
    for figure in found:
        code = figure.code
        # Lymphocytes without variants have the code of all lymphocytes until the sum claims it.
        if (code.system, code.code) in taken:
            code = replace(code, code=local_code(code.key), system=LOCAL_SYSTEM)
        taken.add((code.system, code.code))
        result.append(replace(figure, code=code))
    return tuple(result)


def _of_row(row: DifferentialRow, table: Mapping[str, CodeRow]) -> list[Figure]:
    found = []
    share = row.percent if row.counts else row.per_100_wbc
    measure = PERCENT_OF if row.counts else PER_100_WBC
    if share is not None and not math.isnan(share):
        note = ""
        if row.low95 is not None and row.high95 is not None:
            note = f"95 % limits of the sampling error: {number(row.low95)} to {number(row.high95)}"
        low, high = row.ref_low_percent, row.ref_high_percent
        code, flag = _code(table, figure_key(row.code, measure)), _flag(row.flag, share, low, high)
        found.append(Figure(code, number(share), UNITS[measure], low, high, flag, note))
    if row.absolute is not None:
        low, high = row.ref_low, row.ref_high
        code, flag = (
            _code(table, figure_key(row.code, ABSOLUTE_OF)),
            _flag(row.flag, row.absolute, low, high),
        )
        found.append(Figure(code, absolute(row.absolute), UNITS[ABSOLUTE_OF], low, high, flag))
    return found


def _flag(raised: str, value: float, low: float | None, high: float | None) -> str:
    """The side of its own range on which a figure lies; else whether a rule of the smear was raised."""
    if low is not None and value < low:
        return "L"
    if high is not None and value > high:
        return "H"
    return "A" if raised == "!" else ""


def _grades(model: ReportModel, table: Mapping[str, CodeRow]) -> tuple[Figure, ...]:
    """Morphology graded by a person; what the table does not know goes under a code made of its name."""
    found = []
    for n, grade in enumerate(model.grades, 1):
        word = grade_word(grade.name) or str(n)
        own = CodeRow("grade", f"GRADE-{word}"[:40], LOCAL_SYSTEM, grade.name)
        found.append(Figure(table.get(grade_key(grade.name), own), grade.grade, "", flag="A"))
    return tuple(found)


def _words(model: ReportModel, replaces: str) -> tuple[str, ...]:
    lines = []
    if is_withdrawal(replaces):
        lines.append(
            f"Report version {model.version}. An earlier version was sent for another patient or specimen"
            " and is withdrawn."
        )
    elif replaces:
        lines.append(f"Correction: report version {model.version}. It replaces the result {replaces}.")
    red_cells = model.red_cells.remarks if model.red_cells is not None else ()
    lines += [remark_text(r) for r in (*model_remarks(model), *model.platelets, *red_cells)]
    lines += [_finding(f) for f in model.review.findings]
    lines += [labelled(c.author, c.text) for c in model.comments]
    own = [s.meaning for s in model.signatures if s.version == model.version]
    lines += [labelled("Signed", meaning) for meaning in own[:1] if meaning]
    lines += [labelled(tr(c.text, **dict(c.params)), c.answer) for c in model.review.checks if c.answer]
    lines += [
        labelled("Signed in spite of open points", text) for text in (model.review.explanation,) if text
    ]
    lines += [model.research_use]
    return tuple(line for line in lines if line.strip())


def _finding(finding: FindingLine) -> str:
    """What was found, what came of it, and who was told."""
    figure = " ".join(part for part in (finding.value, finding.unit) if part) or str(finding.count)
    told = f"told: {', '.join(part for part in (finding.told, finding.told_at) if part)}"
    said = [figure, finding.verdict, told if finding.told else ""]
    return labelled(f"Critical finding, {finding.name}", ", ".join(part for part in said if part))

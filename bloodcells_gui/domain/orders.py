"""Orders from a laboratory system: whose specimen a number is, and what an analyser found already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from bloodcells_gui.domain.comparison import analyser_fields
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.specimen import number_key

#: What an order may say of the patient and the specimen, by the names of the fields of a case.
ORDER_FIELDS = (
    "patient_name", "patient_id", "birth_date", "sex", "collected_at", "requester", "clinical_information",
)  # fmt: skip
#: Fields of a case that no form has: requester and time of the draw as the order wrote them, for the message
#: that answers it.
ORDER_REQUESTER, ORDER_COLLECTED = "order.requester", "order.collected"
#: The field of its number, which forms have.
ORDER_NUMBER = "order_number"
#: Before the name of a field: what the order wrote there, whatever the form says by now. No form has these.
ORDER_WROTE = "order.wrote."
#: Of whom the order was; the number that it was found by stands under `SPECIMEN_OF_ORDER`.
_OF_WHOM = ("patient_id", "patient_name", "birth_date")
SPECIMEN_OF_ORDER = "specimen"
#: Who gave out the number of the patient (PID-3.4), as components of HL7.
ORDER_AUTHORITY = "order.authority"
#: Fields that a result takes from its order, and that are of no other patient.
TAKEN_BACK = (ORDER_NUMBER, "requester", "collected_at")
#: What a case keeps of its order for the message that answers it.
KEPT_OF_ORDER = (
    ORDER_REQUESTER, ORDER_COLLECTED, ORDER_AUTHORITY,
    *(ORDER_WROTE + name for name in (SPECIMEN_OF_ORDER, *_OF_WHOM, *TAKEN_BACK)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose result a report is, as far as it says: numbers, name and birth date as they are compared."""

    specimen: str = ""
    patient: str = ""
    name: str = ""
    born: str = ""

    def is_another(self, other: Identity) -> bool:
        """Whether the two cannot be the same specimen of the same person.

        Another number of the specimen or the patient; without a patient's number on both sides, another name
        together with another birth date. One of the two alone is a correction of how it is written.
        """
        if self.specimen != other.specimen:
            return True
        if self.patient and other.patient:
            return self.patient != other.patient
        both = self.name and other.name and self.born and other.born
        return bool(both) and self.name != other.name and self.born != other.born


def identity_of(specimen: str, fields: Mapping[str, str]) -> Identity:
    """Whom the number of a specimen and the fields of a form name."""
    patient, name, born = (fields.get(n, "") for n in _OF_WHOM)
    return Identity(number_key(specimen), number_key(patient), number_key(name), born.strip())


def identity_of_order(fields: Mapping[str, str]) -> Identity | None:
    """Of whom the order of a case was; None where the case has none."""
    specimen = fields.get(ORDER_WROTE + SPECIMEN_OF_ORDER, "")
    return identity_of(specimen, {n: fields.get(ORDER_WROTE + n, "") for n in _OF_WHOM}) if specimen else None


def taken_back(specimen: str, fields: Mapping[str, str]) -> tuple[str, ...]:
    """Fields that still say what the order of another patient or specimen said; else nothing."""
    own = identity_of_order(fields)
    if own is None or not own.is_another(identity_of(specimen, fields)):
        return ()
    return tuple(n for n in TAKEN_BACK if fields.get(n, "") and fields[n] == fields.get(ORDER_WROTE + n, ""))


FLAG_SEPARATOR = "; "
DIFFERENT_PATIENTS = N_("there are orders of different patients under this number: {patients}")


@dataclass(frozen=True, slots=True)
class Order:
    """What a laboratory system or an analyser says of one specimen.

    Attributes
    ----------
    specimen : str
        Its number, as the bar code has it.
    number : str
        Of the order (placer), where it has one.
    fields : tuple
        (name of a field of a case, text), dates as YYYY-MM-DD, sex as F or M.
    tests : tuple of str
        What was asked for.
    wbc, rbc, platelets : float or None
        10^9/L, 10^12/L and 10^9/L.
    shares, absolutes : tuple
        (class, % of leukocytes) and (class, 10^9/L) of an analyser.
    flags : tuple of str
        What the analyser remarked, in its words.
    requester : str
        Who asked, in components of HL7 (XCN): number, family and given name, titles.
    collected : str
        Time of the draw, YYYYMMDD[HHMM[SS]][+ZZZZ].
    authority : str
        Who gave out the number of the patient, in components of HL7 (HD).
    also : tuple of str
        Other numbers of the specimen: of its container, of the filler.
    problems : tuple of Reason
        What of it cannot be used, or should be looked at.
    source : str
        Name of the file.
    """

    specimen: str
    number: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    tests: tuple[str, ...] = ()
    wbc: float | None = None
    rbc: float | None = None
    shares: tuple[tuple[str, float], ...] = ()
    platelets: float | None = None
    absolutes: tuple[tuple[str, float], ...] = ()
    flags: tuple[str, ...] = ()
    requester: str = ""
    collected: str = ""
    authority: str = field(default="", kw_only=True)
    also: tuple[str, ...] = ()
    problems: tuple[Reason, ...] = ()
    source: str = field(default="", compare=False)

    def field(self, name: str) -> str:
        """A field's text, "" where the order does not say."""
        return dict(self.fields).get(name, "")

    @property
    def identifiers(self) -> tuple[str, str, str]:
        """Number, name and birth date of the patient, as they are compared."""
        return tuple(number_key(self.field(n)) for n in ("patient_id", "patient_name", "birth_date"))  # type: ignore[return-value]

    def is_of(self, specimen: str) -> bool:
        """Whether it speaks of the specimen of that number, however it is written."""
        wanted = number_key(specimen)
        return bool(wanted) and wanted in {number_key(n) for n in (self.specimen, *self.also)}

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it that a case could take."""
        values = (self.wbc, self.rbc, self.platelets)
        return not (self.fields or self.shares or any(v is not None for v in values))

    def case_fields(self, known: Iterable[str], asked: str = "") -> tuple[tuple[str, str], ...]:
        """What goes into a new case: fields that the laboratory has, the analyser's values, of whom it is.

        `asked` is the number that it was found by, where that is not its first one.
        """
        names = set(known)
        found = [(name, text) for name, text in self.fields if text and name in names]
        values = (
            (ORDER_NUMBER, self.number),
            ("rbc", "" if self.rbc is None else f"{self.rbc:g}"),
            ("platelet_count", "" if self.platelets is None else f"{self.platelets:g}"),
            ("analyser_flags", FLAG_SEPARATOR.join(self.flags)),
        )
        found += [(name, text) for name, text in values if text and name in names]
        wrote = dict(self.fields) | {ORDER_NUMBER: self.number, SPECIMEN_OF_ORDER: asked or self.specimen}
        kept = (
            (ORDER_REQUESTER, self.requester),
            (ORDER_COLLECTED, self.collected),
            (ORDER_AUTHORITY, self.authority),
            *((ORDER_WROTE + n, wrote.get(n, "")) for n in (SPECIMEN_OF_ORDER, *_OF_WHOM, *TAKEN_BACK)),
        )
        if any(wrote.get(name) for name in TAKEN_BACK) or self.authority:  # else there is nothing to answer
            found += [(name, text) for name, text in kept if text]
        return (*found, *analyser_fields(dict(self.shares)).items())


def checked(order: Order, today: date) -> Order:
    """The order with its problems named: no patient, dates that cannot be."""
    problems = list(order.problems)
    if any(p.template == DIFFERENT_PATIENTS for p in problems):
        pass  # it names more than one
    elif not any(order.identifiers):
        problems.append(Reason(N_("the order names no patient")))
    elif sum(map(bool, order.identifiers)) < 2:
        problems.append(Reason(N_("the order has only one identifier of the patient")))
    for name, text in (
        ("birth_date", N_("the birth date {day} lies in the future")),
        ("collected_at", N_("the specimen was collected on {day}, which lies in the future")),
    ):
        day = order.field(name)
        if day and date.fromisoformat(day) > today:
            problems.append(Reason(text, (("day", day),)))
    born, collected = order.field("birth_date"), order.field("collected_at")
    if born and collected and collected < born:
        problems.append(Reason(N_("the specimen was collected before the patient was born")))
    return replace(order, problems=tuple(problems))


def merged(orders: Sequence[Order]) -> Order | None:
    """One order of all that speak of the same specimen, newest first; None for none.

    Of the same patient, what the newest does not say is taken from the others. Orders that name different
    patients are not put together: that is a problem, and the fields stay empty.
    """
    if not orders:
        return None
    first = orders[0]
    for n in range(3):
        named = {o.identifiers[n] for o in orders if o.identifiers[n]}
        if len(named) > 1:
            words = " / ".join(dict.fromkeys(_said(o) for o in orders))[:200]
            problem = Reason(DIFFERENT_PATIENTS, (("patients", words),))
            return Order(first.specimen, problems=(problem,), source=first.source)
    fields: dict[str, str] = {}
    tests: list[str] = []
    for order in orders:
        for name, text in order.fields:
            fields.setdefault(name, text)
        tests += [t for t in order.tests if t not in tests]
    return replace(
        first,
        fields=tuple(fields.items()),
        tests=tuple(tests),
        wbc=next((o.wbc for o in orders if o.wbc is not None), None),
        rbc=next((o.rbc for o in orders if o.rbc is not None), None),
        platelets=next((o.platelets for o in orders if o.platelets is not None), None),
        shares=next((o.shares for o in orders if o.shares), ()),
        absolutes=next((o.absolutes for o in orders if o.absolutes), ()),
        flags=tuple(dict.fromkeys(flag for o in orders for flag in o.flags)),
        number=next((o.number for o in orders if o.number), ""),
        requester=next((o.requester for o in orders if o.requester), ""),
        collected=next((o.collected for o in orders if o.collected), ""),
        authority=next((o.authority for o in orders if o.field("patient_id")), ""),
        problems=tuple(dict.fromkeys(p for o in orders for p in o.problems)),
    )


def _said(order: Order) -> str:
    parts = (order.field(n) for n in ("patient_name", "patient_id", "birth_date"))
    return ", ".join(p for p in parts if p)

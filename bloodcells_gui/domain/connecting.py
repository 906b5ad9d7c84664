"""Destinations of results, the table of codes, and what became of each message.

Destinations belong to a workstation and are kept beside the settings, not among them: settings that are
exported and read in elsewhere must not make another workstation send.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from bloodcells_gui.domain import validation
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.loinc import DEFAULT_CODES, LATER_KEYS, CodeRow
from bloodcells_gui.domain.validation import SettingProblem

HL7, ASTM, FHIR = "hl7", "astm", "fhir"
FORMATS = (HL7, ASTM, FHIR)
FOLDER, TCP = "folder", "tcp"
ORU, OUL = "ORU^R01", "OUL^R22"
LONGEST_CONTROL_ID = 20
# No digit of a hash.
_WITHDRAWS = "W"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where results go.

    Attributes
    ----------
    name : str
        What the laboratory calls it; messages that wait are kept under it.
    format : str
        "hl7", "astm" or "fhir".
    transport : str
        "folder" (files that appear whole) or "tcp" (MLLP for HL7, E1381 for ASTM; FHIR goes to files only).
    message : str
        Structure of an HL7 message: "ORU^R01", or "OUL^R22" after IHE LAW.
    host, port : str, int
        Of a peer on the network.
    tls, ca_file, certificate : bool, str, str
        Whether the peer is reached by TLS, the PEM file of the authority that its certificate is checked
        against ("" for the system's), and the PEM file of this workstation's certificate and key ("" for
        none).
    folder : str
        Of files.
    application, facility : str
        MSH-5 and MSH-6: whom the message is for.
    pdf : bool
        Whether the report goes along as PDF (HL7 only).
    timeout_s : int
        How long an answer is waited for.
    on : bool
        Results are put into the outbox for it.
    """

    name: str = field(metadata=validation.text(40))
    format: str = field(default=HL7, metadata=validation.choice(*FORMATS))
    transport: str = field(default=FOLDER, metadata=validation.choice(FOLDER, TCP))
    message: str = field(default=ORU, metadata=validation.choice(ORU, OUL))
    host: str = field(default="", metadata=validation.text(255))
    port: int = field(default=2575, metadata=validation.number(1, 65535, whole=True))
    tls: bool = field(default=False, metadata=validation.flag())
    ca_file: str = field(default="", metadata=validation.text(4096))
    certificate: str = field(default="", metadata=validation.text(4096))
    folder: str = field(default="", metadata=validation.text(4096))
    application: str = field(default="", metadata=validation.text(60))
    facility: str = field(default="", metadata=validation.text(60))
    pdf: bool = field(default=False, metadata=validation.flag())
    timeout_s: int = field(default=10, metadata=validation.number(1, 120, whole=True))
    on: bool = field(default=True, metadata=validation.flag())

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError(N_("a destination needs a name"))
        if self.transport == TCP and not self.host.strip():
            raise ValueError(N_("a destination on the network needs a host"))
        if self.transport == FOLDER and not self.folder.strip():
            raise ValueError(N_("a destination of files needs a folder"))
        if self.transport == TCP and self.format == FHIR:
            raise ValueError(N_("FHIR goes to a folder only"))

    @property
    def address(self) -> str:
        """The folder, or host and port, as it is shown."""
        return self.folder if self.transport == FOLDER else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class OrderSource:
    """A system on the network that is asked for the order of a specimen.

    Attributes
    ----------
    name : str
        What the laboratory calls it.
    format : str
        "hl7" (QBP^Q11 after IHE LAW, over MLLP) or "astm" (E1394 query in E1381 frames).
    host, port, tls, ca_file, certificate, application, facility : str, int, bool, str, str, str, str
        As of a :class:`Destination`.
    answer_port : int
        Port of this workstation at which the order is awaited while a question is open (IHE LAW has the peer
        connect for it); 0 where it comes on the connection of the question.
    timeout_s : int
        How long an answer is waited for.
    on : bool
        It is asked when a specimen number is entered in New analysis.
    """

    name: str = field(metadata=validation.text(40))
    format: str = field(default=HL7, metadata=validation.choice(HL7, ASTM))
    host: str = field(default="", metadata=validation.text(255))
    port: int = field(default=2575, metadata=validation.number(1, 65535, whole=True))
    tls: bool = field(default=False, metadata=validation.flag())
    ca_file: str = field(default="", metadata=validation.text(4096))
    certificate: str = field(default="", metadata=validation.text(4096))
    application: str = field(default="", metadata=validation.text(60))
    facility: str = field(default="", metadata=validation.text(60))
    answer_port: int = field(default=0, metadata=validation.number(0, 65535, whole=True))
    timeout_s: int = field(default=10, metadata=validation.number(1, 60, whole=True))
    on: bool = field(default=True, metadata=validation.flag())

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError(N_("a source of orders needs a name"))
        if not self.host.strip():
            raise ValueError(N_("a source of orders needs a host"))
        if self.answer_port and (self.tls or self.format != HL7):
            raise ValueError(N_("an order is awaited at a port only with HL7 and without TLS"))

    @property
    def address(self) -> str:
        """Host and port, as they are shown."""
        return f"{self.host}:{self.port}"

    @property
    def peer(self) -> Destination:
        """Whom a conversation is with."""
        return Destination(
            self.name, self.format, TCP, host=self.host, port=self.port, tls=self.tls, ca_file=self.ca_file,
            certificate=self.certificate, application=self.application, facility=self.facility,
            timeout_s=self.timeout_s, on=self.on,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Connections:
    """All that is set up of the laboratory's connections.

    Attributes
    ----------
    destinations : tuple of Destination
    codes : tuple of CodeRow
    orders : str
        Folder that orders and analyser values come into; "" for none.
    sources : tuple of OrderSource
        Systems that are asked for orders.
    confirmed_by, confirmed_at, confirmed_table : str
        Who confirmed the table of codes, when (UTC), and the SHA-256 of the table as it was then.
    """

    destinations: tuple[Destination, ...] = field(
        default=(), metadata=validation.records(Destination, (), "name", 20)
    )
    codes: tuple[CodeRow, ...] = field(
        default=DEFAULT_CODES, metadata=validation.records(CodeRow, DEFAULT_CODES, "key", 500)
    )
    orders: str = field(default="", metadata=validation.text(4096))
    sources: tuple[OrderSource, ...] = field(
        default=(), metadata=validation.records(OrderSource, (), "name", 10)
    )
    confirmed_by: str = field(default="", metadata=validation.text(80))
    confirmed_at: str = field(default="", metadata=validation.text(40))
    confirmed_table: str = field(default="", metadata=validation.text(64))

    @property
    def confirmed(self) -> bool:
        """Whether a person confirmed the table that is in force, save for rows that were added since."""
        return bool(self.confirmed_by) and self.confirmed_table in (
            table_digest(self.codes),
            table_digest(self._without_later()),
        )

    @property
    def confirmed_codes(self) -> tuple[CodeRow, ...]:
        """The rows that a person confirmed, under which figures may be sent."""
        if not self.confirmed:
            return ()
        whole = self.confirmed_table == table_digest(self.codes)
        return self.codes if whole else self._without_later()

    def _without_later(self) -> tuple[CodeRow, ...]:
        """The table as an earlier version of the program has it, which could not send as much."""
        return tuple(row for row in self.codes if row.key not in LATER_KEYS)

    @property
    def active(self) -> tuple[Destination, ...]:
        """Destinations that results are put into the outbox for."""
        return tuple(d for d in self.destinations if d.on)

    @property
    def asked(self) -> tuple[OrderSource, ...]:
        """Sources of orders that are asked."""
        return tuple(s for s in self.sources if s.on)

    def source(self, name: str) -> OrderSource | None:
        """The source of orders of that name, None where there is none."""
        return next((s for s in self.sources if s.name == name), None)

    def destination(self, name: str) -> Destination | None:
        """The destination of that name, None where there is none."""
        return next((d for d in self.destinations if d.name == name), None)

    def confirm(self, by: str, at: str) -> Connections:
        """The same with the table of codes confirmed by a person."""
        return replace(
            self, confirmed_by=by.strip(), confirmed_at=at, confirmed_table=table_digest(self.codes)
        )


def table_digest(codes: Iterable[CodeRow]) -> str:
    """SHA-256 (hex) over a table of codes, whatever its order."""
    rows = sorted((r.key, r.system, r.code, r.text) for r in codes)
    return hashlib.sha256(json.dumps(rows, ensure_ascii=True).encode()).hexdigest()


def parse_connections(obj: object) -> tuple[Connections, list[SettingProblem]]:
    """Connections from a JSON object, and what of it is not used."""
    problems: list[SettingProblem] = []
    result: Connections = validation.parse_record(Connections, obj, "", problems)
    return result, problems


def connections_to_json(connections: Connections) -> dict[str, Any]:
    """Plain JSON types; :func:`parse_connections` gives the same back."""
    obj: dict[str, Any] = validation.dump(connections)
    return obj


def control_id(report_sha256: str) -> str:
    """MSH-10 of every message of a signed report: 20 characters of its hash, so that a repeat is known."""
    return report_sha256[:LONGEST_CONTROL_ID].upper()


def withdrawal_id(wrong_sha256: str, right_sha256: str) -> str:
    """MSH-10 of the message that takes a result back, which went to a wrong patient: never that of a report.

    Of the report that was wrong and of the one that shows it, so that a repeat has the same one.
    """
    both = hashlib.sha256(f"{wrong_sha256} {right_sha256}".encode()).hexdigest()
    return f"{_WITHDRAWS}{both}"[:LONGEST_CONTROL_ID].upper()


def is_withdrawal(control: str) -> bool:
    """Whether a control id is that of a message that takes a result back."""
    return control.startswith(_WITHDRAWS)


class SendState(StrEnum):
    """What became of a message."""

    WAITING = N_("waiting")
    SENT = N_("sent")
    REFUSED = N_("refused")


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """One message for one destination.

    Attributes
    ----------
    destination, control_id : str
        Together its key.
    replaces : str
        Control id of the report that it corrects, "" for a first one.
    specimen : str
        Number of the specimen.
    case : str
        Path of the case when it was signed.
    version : int
        Of the report, from 1.
    state : SendState
    attempts : int
        How often it was tried.
    next_try : str
        UTC before which it is not tried by itself; "" for at once.
    words : Reason
        What the peer answered, or why it could not be reached.
    signed_at, sent_at : str
        UTC; `sent_at` is "" before.
    """

    destination: str
    control_id: str
    replaces: str
    specimen: str
    case: str
    version: int
    state: SendState
    attempts: int
    next_try: str
    words: Reason
    signed_at: str
    sent_at: str


#: Seconds until a message that could not be sent is tried again, by the number of attempts.
BACK_OFF_S = (5, 15, 60, 300, 900)


def back_off_s(attempts: int) -> int:
    """Seconds to wait after so many attempts (from 1)."""
    return BACK_OFF_S[min(max(attempts, 1), len(BACK_OFF_S)) - 1]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a peer made of a message: `accepted`, or `refused` for good; neither is tried again later.

    `words` say why, translatable where they are the program's own.
    """

    accepted: bool
    refused: bool
    words: Reason

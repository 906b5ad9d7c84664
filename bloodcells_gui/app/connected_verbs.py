"""What the command line does for the connected laboratory: `message`, `outbox` and `connect`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.app.connection_test import Tried, trial_lines, try_connection
from bloodcells_gui.app.connection_words import no_destination
from bloodcells_gui.app.data_folders import user_config_dir, user_data_dir
from bloodcells_gui.app.engine import LazyEngine
from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.app.export import ExportOptions, is_anonymised
from bloodcells_gui.app.lab_link import LabLink
from bloodcells_gui.app.messages import message_bytes, signed_result
from bloodcells_gui.app.order_lookup import TRIAL_NUMBER, try_source
from bloodcells_gui.app.outbox import NOT_CONFIRMED, Outbox
from bloodcells_gui.app.outbox_sharing import OutboxSharing
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.workspace import load_settings, settings_path
from bloodcells_gui.domain.connecting import ASTM, HL7, Destination, OutboxLine, SendState, is_withdrawal
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.i18n import N_, ngettext, tr
from bloodcells_gui.storage import settings as settings_store
from bloodcells_gui.storage.atomic_io import make_folder, write_whole
from bloodcells_gui.storage.case import CaseStore


def _open_case(path: Path) -> CaseSession:
    settings = load_settings()
    store = CaseStore.open(path, read_only=True)
    return CaseSession(store, settings=lambda: settings, explainer=Explainer(LazyEngine()))


def workstation_outbox() -> Outbox:
    """The outbox of this workstation, or of its laboratory; to be closed."""
    address = settings_store.load(settings_path())[0].lab_database
    link = LabLink(lambda: address)
    sharing = OutboxSharing(link.pool, close=link.close)
    return Outbox(user_data_dir(), user_config_dir(), _open_case, sharing=sharing)


def case_message(case: Path, format: str, out: Path | None, *, pdf: bool = False) -> bytes:
    """The message of a signed case, which is only read; written to `out` where one is given.

    Raises
    ------
    UserError
        When the case is not signed, or something cannot be read or written.
    """
    connections = workstation_outbox().connections
    session = _open_case(case)
    try:
        anonymous = is_anonymised(session, ExportOptions())
        result = signed_result(session, connections.codes, pdf=pdf and format != ASTM, anonymous=anonymous)
    finally:
        session.close()
    likely = next((d for d in connections.destinations if d.format == format), None)
    data = message_bytes(result, likely or Destination("file", format or HL7, folder="."))
    if out is not None:
        make_folder(out.parent)
        write_whole(out, data)
    return data


@dataclass(frozen=True, slots=True)
class Answer:
    """Lines to print, whether all is well, and what of the set-up is not used."""

    lines: tuple[str, ...]
    ok: bool = True
    unused: tuple[str, ...] = ()


def line_text(line: OutboxLine, lang: str = "en") -> str:
    """One message of the outbox in a line."""
    said = line.words.text(lang)
    words = f"{line.destination}  {line.control_id}  {line.specimen or '–'}  v{line.version}"
    if is_withdrawal(line.control_id):
        words += f"  {tr(N_('withdrawal'), lang)}"
    state = tr(line.state.value, lang)
    tries = ngettext("{n} try", "{n} tries", line.attempts, lang)
    return f"{words}  {labelled(state, said, lang) if said else state} ({tries})"


def list_outbox(lang: str = "en") -> Answer:
    """Every message with what became of it; not all well while one waits or was refused."""
    outbox = workstation_outbox()
    try:
        lines = outbox.lines()
        texts = [line_text(line, lang) for line in lines]
        texts += [
            tr(N_("not looked up yet, the case cannot be opened: {path}"), lang, path=p)
            for p in outbox.unkept()
        ]
        if outbox.away is not None:
            texts.append(outbox.away.text(lang))
        ok = len(texts) == sum(x.state is SendState.SENT for x in lines)
        return Answer(tuple(texts) or (tr(N_("The outbox is empty."), lang),), ok)
    finally:
        outbox.close()


def _unused(outbox: Outbox, lang: str) -> tuple[str, ...]:
    return tuple(reason.text(lang) for reason in outbox.unused)


def send_outbox(cases: Sequence[Path], lang: str = "en", *, show: Callable[[str], None]) -> Answer:
    """Put the reports of signed cases in, then send all that waits; well when nothing is left waiting."""
    outbox = workstation_outbox()
    try:
        connections, unused = outbox.connections, _unused(outbox, lang)
        if not connections.active:
            if unused:
                return Answer((), False, unused)
            raise no_destination()
        for case in cases:
            session = _open_case(case)
            try:
                outbox.put_in(session)
            finally:
                session.close()
        if not connections.confirmed:
            raise UserError(
                N_("Nothing was sent: {reason}."),
                "",
                N_("Check the codes in Laboratory, Connections, and confirm them."),
                reason=NOT_CONFIRMED,
            )
        for sent in outbox.send(anyway=True):
            state = tr(sent.state.value, lang)
            said = labelled(state, sent.words.text(lang), lang)
            show(f"{sent.line.destination}  {sent.line.control_id}  {said}")
        return Answer((), all(line.state is SendState.SENT for line in outbox.lines()), unused)
    finally:
        outbox.close()


def retry_outbox(control_ids: Sequence[str], lang: str = "en") -> Answer:
    """Let messages be sent again: those named, or all that were refused; well when there is one.

    Of several, those that must not or cannot be sent again are said and left as they are.

    Raises
    ------
    UserError
        When an id is not known.
    """
    outbox = workstation_outbox()
    try:
        lines = outbox.lines()
        known = {line.control_id for line in lines}
        for control in control_ids:
            if control not in known:
                raise UserError(
                    N_("There is no message {control} in the outbox."),
                    "",
                    N_("bloodcells outbox list names them."),
                    control=control,
                )
        n, said = 0, []
        for line in lines:
            if line.control_id in control_ids if control_ids else line.state is SendState.REFUSED:
                try:
                    again = outbox.retry(line.destination, line.control_id)
                except UserError as error:
                    said.append(error.text(lang))
                    continue
                n += again
                if not again:
                    gone = N_("The content of message {control} is not kept any more.")
                    said.append(tr(gone, lang, control=line.control_id))
        count = ngettext("{n} message is to be sent again", "{n} messages are to be sent again", n, lang)
        return Answer((*said, count), bool(n) and not (control_ids and said))
    finally:
        outbox.close()


def list_destinations(lang: str = "en") -> Answer:
    """The destinations, and whether the table of codes is confirmed."""
    outbox = workstation_outbox()
    connections, unused = outbox.connections, _unused(outbox, lang)
    texts = []
    for d in connections.destinations:
        secure = " TLS" if d.tls else ""
        off = "" if d.on else f" ({tr(N_('off'), lang)})"
        what = d.message if d.format == HL7 else d.format.upper()
        texts.append(f"{d.name}  {what}  {d.address}{secure}{off}")
    if connections.destinations and not connections.confirmed:
        texts.append(tr(N_("Nothing is sent: {reason}."), lang, reason=tr(NOT_CONFIRMED, lang)))
    if not texts and not unused:
        texts.append(tr(N_("No destination is set up: results are sent nowhere."), lang))
    if connections.orders:
        texts.append(labelled(tr(N_("Folder of orders"), lang), connections.orders, lang))
    for source in connections.sources:
        secure = " TLS" if source.tls else ""
        off = "" if source.on else f" ({tr(N_('off'), lang)})"
        asks = tr(N_("asked for orders"), lang)
        texts.append(f"{source.name}  {source.format.upper()}  {source.address}{secure}  {asks}{off}")
    return Answer(tuple(texts), not unused, unused)


def try_destination(name: str, lang: str = "en", specimen: str = "") -> Answer:
    """Try a destination or a source of orders and show both sides.

    A destination gets a message without a result; a source is asked for a specimen, one that nobody has where
    none is given.
    """
    outbox = workstation_outbox()
    connections = outbox.connections
    destination, source = connections.destination(name), connections.source(name)
    if destination is None and source is None and (unused := _unused(outbox, lang)):
        return Answer((), False, unused)
    if source is not None and (destination is None or specimen):
        tried: Tried = try_source(source, specimen or TRIAL_NUMBER)
    elif destination is not None:
        tried = try_connection(destination)
    else:
        raise UserError(
            N_("There is no destination and no source of orders {name}."),
            "",
            N_("bloodcells connect list names them."),
            name=name,
        )
    return Answer(tuple(trial_lines(tried, lang)), tried.ok)

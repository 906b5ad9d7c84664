"""Try a destination: send a message that holds no result, and say what came back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from bloodcells_gui import __version__
from bloodcells_gui.connect.astm_link import send_astm
from bloodcells_gui.connect.astm_records import empty_message
from bloodcells_gui.connect.delivery import try_folder
from bloodcells_gui.connect.hl7_result import connection_test
from bloodcells_gui.connect.mllp import send_hl7
from bloodcells_gui.connect.peer import Unreached
from bloodcells_gui.domain.connecting import ASTM, FOLDER, Destination
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.review_state import utc_now


@dataclass(frozen=True, slots=True)
class Tried:
    """What was sent, as text, what the peer made of it, and what came from it, as far as that is kept."""

    ok: bool
    sent: str
    words: Reason
    came: str = ""


def trial_lines(tried: Tried, lang: str) -> list[str]:
    """Both sides of a trial, and what it comes to."""
    sent, came = (
        [f"{sign} {line}" for line in text.splitlines()]
        for sign, text in ((">", tried.sent), ("<", tried.came))
    )
    return [*sent, *came, f"{'=' if tried.came else '<'} {tried.words.text(lang)}"]


def try_connection(destination: Destination) -> Tried:
    """Send a message for debugging (MSH-11 "D") without a result; a folder gets a file for a moment.

    It has a control id of its own by chance, so that no peer takes it for a result.
    """
    moment = "".join(c for c in utc_now() if c.isdigit())
    control = f"TEST{secrets.token_hex(6).upper()}"
    sent = ""
    try:
        if destination.transport == FOLDER:
            done = try_folder(destination)
        elif destination.format == ASTM:
            message = empty_message(control, destination, moment, __version__)
            sent = message.decode("utf-8").replace("\r", "\n")
            done = send_astm(destination, message)
        else:
            message = connection_test(control, destination, moment)
            sent = message.decode("utf-8").replace("\r", "\n")
            done = send_hl7(destination, message, control)
    except Unreached as error:
        return Tried(False, sent, error.words)
    return Tried(done.accepted, sent, done.words)

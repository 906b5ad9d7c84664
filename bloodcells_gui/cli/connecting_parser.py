"""The grammar of the connected laboratory's verbs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bloodcells_gui.domain.connecting import FORMATS
from bloodcells_gui.domain.i18n import LANGUAGES, N_


def add_verbs(verbs: Any) -> None:
    """`message`, `outbox` and `connect`, below the other verbs."""
    p = verbs.add_parser("message", help=N_("the message of a signed case, without sending it"))
    p.add_argument("case", type=Path, metavar="CASE")
    p.add_argument("--as", dest="format", choices=FORMATS, required=True)
    p.add_argument("--out", type=Path, metavar="FILE", help=N_("instead of standard output"))
    p.add_argument("--pdf", action="store_true", help=N_("with the report as PDF (hl7, fhir)"))
    p.add_argument("--lang", choices=LANGUAGES, default=None)
    outbox_verb = verbs.add_parser(
        "outbox", help=N_("results on their way: what waits, arrived, was refused")
    )
    actions = outbox_verb.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_action(actions, "list", N_("every message with what became of it"))
    p = _add_action(actions, "send", N_("send what waits, now"))
    p.add_argument("cases", nargs="*", type=Path, metavar="CASE", help=N_("signed cases to put in first"))
    p = _add_action(actions, "retry", N_("let messages be sent again"))
    p.add_argument("control_ids", nargs="*", metavar="ID", help=N_("default: all that were refused"))
    connect_verb = verbs.add_parser("connect", help=N_("the destinations of results, and sources of orders"))
    actions = connect_verb.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_action(actions, "list", N_("the destinations and sources that are set up"))
    p = _add_action(
        actions, "test", N_("send a message without a result, or ask for an order, and show the answer")
    )
    p.add_argument("name", metavar="NAME")
    p.add_argument("--specimen", default="", metavar="TEXT", help=N_("the number that a source is asked for"))


def _add_action(actions: Any, name: str, does: str) -> argparse.ArgumentParser:
    p: argparse.ArgumentParser = actions.add_parser(name, help=does)
    p.add_argument("--lang", choices=LANGUAGES, default=None)
    p.add_argument("--verbose", action="store_true", help=N_("the lines of the log on stderr too"))
    return p

"""What the connected laboratory's verbs do: call the application layer, print."""

from __future__ import annotations

import argparse
import sys

from bloodcells_gui.cli.parser import language
from bloodcells_gui.cli.terminal import line
from bloodcells_gui.domain.i18n import ngettext


def message(args: argparse.Namespace) -> int:
    """The message of a signed case: its bytes as they would go, or a file."""
    from bloodcells_gui.app.connected_verbs import case_message

    data = case_message(args.case, args.format, args.out, pdf=args.pdf)
    if args.out is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    return 0


def outbox(args: argparse.Namespace) -> int:
    """List, send or repeat what is in the outbox; 1 while something waits or was refused."""
    from bloodcells_gui.app import connected_verbs as app

    if args.action == "list":
        listed = app.list_outbox(language(args))
        for text in listed.lines:
            line(text)
        return 0 if listed.ok else 1
    if args.action == "send":
        return 0 if app.send_outbox(args.cases, language(args), show=line) else 1
    n = app.retry_outbox(args.control_ids)
    line(ngettext("{n} message is to be sent again", "{n} messages are to be sent again", n, language(args)))
    return 0 if n else 1


def connect(args: argparse.Namespace) -> int:
    """List the destinations, or try one; 1 where it did not work."""
    from bloodcells_gui.app import connected_verbs as app

    if args.action == "list":
        answer = app.list_destinations(language(args))
    else:
        answer = app.try_destination(args.name, language(args))
    for text in answer.lines:
        line(text)
    return 0 if answer.ok else 1

"""What the connected laboratory's verbs do: call the application layer, print."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from bloodcells_gui.cli.parser import language
from bloodcells_gui.cli.terminal import line
from bloodcells_gui.domain.errors import EXIT_USAGE

if TYPE_CHECKING:
    from bloodcells_gui.app.connected_verbs import Answer


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
        return _said(app.list_outbox(language(args)))
    if args.action == "send":
        return _said(app.send_outbox(args.cases, language(args), show=line))
    return _said(app.retry_outbox(args.control_ids, language(args)))


def _said(answer: Answer) -> int:
    """Print an answer; 2 where part of the set-up is not used, 1 where something is not as it should be."""
    for text in answer.lines:
        line(text)
    for text in answer.unused:
        line(f"bloodcells: {text}", file=sys.stderr)
    if answer.unused:
        return EXIT_USAGE
    return 0 if answer.ok else 1


def connect(args: argparse.Namespace) -> int:
    """List the destinations, or try one; 1 where it did not work, 2 where one is set up wrongly."""
    from bloodcells_gui.app import connected_verbs as app

    if args.action == "list":
        answer = app.list_destinations(language(args))
    else:
        answer = app.try_destination(args.name, language(args), args.specimen)
    return _said(answer)

"""The headless twin of the window: the same controllers behind verbs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bloodcells_gui.cli.parser import build_parser, language
from bloodcells_gui.cli.terminal import clean_streams, line, problem, stop_on_signals
from bloodcells_gui.domain.errors import EXIT_CANCELLED, EXIT_USAGE, Cancelled, UserError
from bloodcells_gui.domain.i18n import tr


def run(argv: Sequence[str]) -> int:
    """Parse and run one verb; foreseen problems become words on stderr and the contract's exit code."""
    with clean_streams():
        args = build_parser().parse_args(argv)
        from bloodcells_gui.cli.verbs import VERBS

        try:
            with stop_on_signals():
                return VERBS[args.verb](args)
        except UserError as e:
            problem(e, language(args))
            return e.exit_code
        except Cancelled:
            line(tr("Cancelled: nothing was written.", language(args)), file=sys.stderr)
            return EXIT_CANCELLED
        except KeyboardInterrupt:
            return EXIT_CANCELLED
        except BrokenPipeError:
            return EXIT_USAGE

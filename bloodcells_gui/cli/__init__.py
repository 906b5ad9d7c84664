"""The command line: the window's controllers behind verbs."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence

from bloodcells_gui.cli.parser import VERB_NAMES, asked_language, build_parser, language
from bloodcells_gui.cli.terminal import clean_streams, line, problem, stop_on_signals
from bloodcells_gui.domain.errors import EXIT_CANCELLED, EXIT_USAGE, Cancelled, UserError
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.log_values import Word

_log = logging.getLogger(__name__)


def run(argv: Sequence[str]) -> int:
    """Parse and run one verb; foreseen problems become words on stderr and the contract's exit code."""
    with clean_streams():
        args = build_parser(asked_language(argv)).parse_args(argv)
        from bloodcells_gui.app.log import log_folder, logging_to, no_log

        def failed(error: OSError) -> None:
            if not (getattr(args, "quiet", False) or getattr(args, "json_progress", False)):
                line(f"bloodcells: {no_log(error).text(language(args))}", file=sys.stderr)

        with logging_to(log_folder(), verbose=args.verbose, failed=failed):
            return _logged(args)


def _logged(args: argparse.Namespace) -> int:
    """Run the verb, with a line in the log at its begin and its end."""
    from bloodcells_gui.app.crash_watch import crash_watch
    from bloodcells_gui.app.log import log_folder, log_start

    began = time.monotonic()
    log_start()
    _log.info("%s begins", Word(args.verb, VERB_NAMES))
    with crash_watch(log_folder()):
        code = _run(args)
    _log.info("%s ends with %d after %.1f s", Word(args.verb, VERB_NAMES), code, time.monotonic() - began)
    return code


def _run(args: argparse.Namespace) -> int:
    from bloodcells_gui.cli.verbs import VERBS

    try:
        with stop_on_signals():
            return VERBS[args.verb](args)
    except UserError as e:
        _log.warning("a foreseen problem", exc_info=e)
        problem(e, language(args))
        return e.exit_code
    except Cancelled:
        line(tr("Stopped: nothing was written.", language(args)), file=sys.stderr)
        return EXIT_CANCELLED
    except KeyboardInterrupt:
        return EXIT_CANCELLED
    except BrokenPipeError:
        return EXIT_USAGE
    except Exception as e:
        _log.critical("a fault of the program", exc_info=e)
        raise

"""The headless twin of the window: the same controllers behind verbs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bloodcells_gui.cli.parser import build_parser, language
from bloodcells_gui.domain.errors import EXIT_CANCELLED, EXIT_USAGE, UserError


def run(argv: Sequence[str]) -> int:
    """Parse and run one verb; foreseen problems become words on stderr and the contract's exit code."""
    args = build_parser().parse_args(argv)
    from bloodcells_gui.cli.verbs import VERBS

    try:
        return VERBS[args.verb](args)
    except UserError as e:
        print(f"bloodcells: {e.text(language(args))}", file=sys.stderr)
        return e.exit_code
    except KeyboardInterrupt:
        return EXIT_CANCELLED
    except BrokenPipeError:
        return EXIT_USAGE
